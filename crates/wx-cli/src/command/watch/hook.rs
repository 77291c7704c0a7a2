//! Runs a command for a message.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wx_proto::Advice;

use super::{process_group, program};
use crate::problem::{Class, Problem};
use crate::report::Report;

/// The command that is run for each message. No shell is involved.
pub(super) struct Hook {
    program: OsString,
    args: Vec<OsString>,
    limit: Duration,
}

/// Why a message is not handled.
#[derive(Debug)]
pub(super) enum HookError {
    /// The command could not be started.
    Start(io::Error),
    /// The system did not say how the command has ended.
    Wait(io::Error),
    /// The command ended with this exit status, or by a signal.
    Status(ExitStatus),
    /// The command took longer than this, and was killed.
    TimedOut(Duration),
    /// The user stopped `watch`, and the command was ended.
    Stopped,
}

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How long a command, and everything that it has started, may take to end once it was asked to.
const PATIENCE: Duration = Duration::from_secs(5);
/// A signal that stops `watch` may reach the command first. Its effect is not a failure.
const SIGNAL_DELAY: Duration = Duration::from_millis(100);
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Hook {
    /// Returns the hook of a program and its arguments, or `None` if there are none. Fails if the
    /// program cannot be started.
    pub(super) fn new(command: &[OsString]) -> Result<Option<Self>, Problem> {
        let Some((program, args)) = command.split_first() else { return Ok(None) };
        program::check(program).map_err(|why| {
            let problem = Problem::local(why, Advice::CheckFile).with_command();
            Problem { class: Class::Usage, ..problem.hint("give a program that can be started") }
        })?;
        Ok(Some(Self { program: program.clone(), args: args.to_vec(), limit: LIMIT }))
    }

    /// Sets how long the command may take.
    #[cfg(all(test, unix))]
    pub(super) fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Runs the command with `input` on its standard input and `WX_PATH` set to `path`, and waits
    /// until it has ended. Its output goes to standard error.
    pub(super) fn run(
        &self,
        input: String,
        path: Option<&Path>,
        report: &Report,
    ) -> Result<(), HookError> {
        if report.stopped() {
            return Err(HookError::Stopped);
        }
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::piped()).stdout(io::stderr());
        match path {
            Some(path) => command.env("WX_PATH", path),
            None => command.env_remove("WX_PATH"),
        };
        process_group::lead(&mut command);
        let mut child = command.spawn().map_err(HookError::Start)?;
        if let Some(mut stdin) = child.stdin.take() {
            // The command may read late or never, so this must not block the wait. An error only
            // means that the command has not read everything.
            let write = move || drop(stdin.write_all(input.as_bytes()));
            let writer = thread::Builder::new().name("hook".to_owned()).spawn(write);
            if let Err(error) = writer {
                process_group::kill(&mut child);
                let _ = child.wait();
                return Err(HookError::Start(error));
            }
        }
        match self.wait(&mut child, report)? {
            status if status.success() => Ok(()),
            status => {
                report.token().sleep(SIGNAL_DELAY);
                if report.stopped() {
                    stop(&mut child, report);
                    return Err(HookError::Stopped);
                }
                Err(HookError::Status(status))
            }
        }
    }

    fn wait(&self, child: &mut Child, report: &Report) -> Result<ExitStatus, HookError> {
        let begun = Instant::now();
        let mut pause = SHORTEST_PAUSE;
        loop {
            if let Some(status) = child.try_wait().map_err(HookError::Wait)? {
                return Ok(status);
            }
            if report.stopped() {
                stop(child, report);
                return Err(HookError::Stopped);
            }
            let left = self.limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                kill(child);
                return Err(HookError::TimedOut(self.limit));
            }
            report.token().sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Asks the command and everything that it has started to end, and kills what does not.
fn stop(child: &mut Child, report: &Report) {
    process_group::terminate(child);
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE && !report.hurried() {
        let has_ended = !matches!(child.try_wait(), Ok(None));
        if has_ended && !process_group::is_left(child) {
            return;
        }
        thread::sleep(LONGEST_PAUSE / 5);
    }
    kill(child);
}

fn kill(child: &mut Child) {
    process_group::kill(child);
    let _ = child.wait();
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(_) => f.write_str("the command could not be started"),
            Self::Wait(_) => f.write_str("the end of the command could not be observed"),
            Self::Status(status) => match (status.code(), signal(*status)) {
                (Some(code), _) => write!(f, "the command ended with exit status {code}"),
                (None, Some(signal)) => write!(f, "the command was ended by signal {signal}"),
                (None, None) => f.write_str("the command failed"),
            },
            Self::TimedOut(limit) => {
                let seconds = limit.as_secs_f64();
                write!(f, "the command did not end within {seconds} s and was killed")
            }
            Self::Stopped => f.write_str("the command was stopped"),
        }
    }
}

impl std::error::Error for HookError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) | Self::Wait(error) => Some(error),
            Self::Status(_) | Self::TimedOut(_) | Self::Stopped => None,
        }
    }
}

/// Returns the signal that has ended the command.
fn signal(status: ExitStatus) -> Option<i32> {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    {
        let _ = status;
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::sync::Arc;

    use clap::Parser as _;

    use super::*;
    use crate::args::Args;

    fn report() -> Report {
        Report::new(&Args::parse_from(["wx", "demo"]).global, Vec::new())
    }

    /// A hook that runs a script, whose first argument is the directory.
    fn hook(script: &str, limit: Duration, dir: &Path) -> Hook {
        let args = ["-c".into(), script.into(), "sh".into(), dir.into()];
        Hook { program: "sh".into(), args: args.to_vec(), limit }
    }

    /// A shell that starts another process and writes the numbers of both, in `pids`.
    const FAMILY: &str = "sleep 60 & echo $$ $! >$1/new; mv $1/new $1/pids; wait";

    fn pids(dir: &Path) -> Vec<PathBuf> {
        let text = fs::read_to_string(dir.join("pids")).unwrap_or_default();
        text.split_whitespace().map(|pid| Path::new("/proc").join(pid)).collect()
    }

    fn wait_until(mut done: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !done() {
            assert!(Instant::now() < end, "waited too long");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether a process runs. One that has ended stays a zombie if nobody waits for it.
    fn runs(process: &Path) -> bool {
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
    }

    #[test]
    fn a_command_that_takes_too_long_is_killed_with_what_it_has_started() {
        let dir = tempfile::tempdir().unwrap();
        let limit = Duration::from_millis(500);
        let error = hook(FAMILY, limit, dir.path()).run(String::new(), None, &report());
        let error = error.unwrap_err();
        assert!(matches!(error, HookError::TimedOut(_)), "{error}");
        assert_eq!(error.to_string(), "the command did not end within 0.5 s and was killed");
        if cfg!(target_os = "linux") {
            assert_eq!(pids(dir.path()).len(), 2);
            wait_until(|| !pids(dir.path()).iter().any(|process| runs(process)));
        }
    }

    #[test]
    fn a_command_is_asked_to_end_and_killed_only_in_a_hurry() {
        for (script, hurry, is_asked) in [
            (
                "trap 'echo >$1/asked; exit' TERM; echo $$ >$1/pids; while :; do sleep 0.01; done",
                false,
                true,
            ),
            ("trap '' TERM; echo $$ >$1/pids; while :; do sleep 0.01; done", true, false),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let report = Arc::new(report());
            let (worker, path) = (Arc::clone(&report), dir.path().to_owned());
            let script = script.to_owned();
            let worker = thread::spawn(move || {
                hook(&script, LIMIT, &path).run(String::new(), None, &worker)
            });
            wait_until(|| !pids(dir.path()).is_empty());
            report.stop();
            if hurry {
                report.hurry();
            }
            let error = worker.join().unwrap().unwrap_err();
            assert!(matches!(error, HookError::Stopped), "{error}");
            assert_eq!(dir.path().join("asked").exists(), is_asked);
        }
    }

    /// The shell ends at once, and leaves a process that ignores the request.
    #[test]
    fn what_a_stopped_command_has_started_is_killed_too() {
        const SCRIPT: &str = "sh -c 'trap \"\" TERM; echo $PPID $$ >$1/new; mv $1/new $1/pids; \
            sleep 60; sleep 60' sh $1 & wait";
        let dir = tempfile::tempdir().unwrap();
        let report = Arc::new(report());
        let (worker, path) = (Arc::clone(&report), dir.path().to_owned());
        let worker =
            thread::spawn(move || hook(SCRIPT, LIMIT, &path).run(String::new(), None, &worker));
        wait_until(|| pids(dir.path()).len() == 2);
        report.stop();
        wait_until(|| !runs(&pids(dir.path())[0]));
        report.hurry();
        worker.join().unwrap().unwrap_err();
        wait_until(|| !runs(&pids(dir.path())[1]));
    }

    #[test]
    fn input_that_is_not_read_is_no_error_and_all_of_it_can_be_read() {
        let dir = tempfile::tempdir().unwrap();
        // More than a pipe holds.
        let input = "图".repeat(100_000);
        hook("exit 0", LIMIT, dir.path()).run(input.clone(), None, &report()).unwrap();
        hook("cat >$1/copy", LIMIT, dir.path()).run(input.clone(), None, &report()).unwrap();
        assert!(fs::read_to_string(dir.path().join("copy")).unwrap() == input);
    }

    #[test]
    fn each_failure_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let said = |script: &str| {
            let error = hook(script, LIMIT, dir.path()).run(String::new(), None, &report());
            error.unwrap_err().to_string()
        };
        assert_eq!(said("exit 3"), "the command ended with exit status 3");
        assert_eq!(said("kill -9 $$"), "the command was ended by signal 9");
        let program = dir.path().join("none").into_os_string();
        let missing = Hook { program, args: Vec::new(), limit: LIMIT };
        let error = missing.run(String::new(), None, &report()).unwrap_err();
        assert_eq!(error.to_string(), "the command could not be started");
        assert!(Hook::new(&[]).unwrap().is_none());
    }
}
