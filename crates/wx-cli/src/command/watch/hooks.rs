//! Runs the command for each message at least once, in order, and remembers where it has failed.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use wx_proto::{Advice, MsgId, Session, UnixMs};

use super::failed_hook::{FailedHook, now};
use super::hook::{Hook, HookError};
use super::hook_file::Account;
use super::hook_queue::HookQueue;
use crate::event::Subject;
use crate::out;
use crate::problem::{Class, Problem};
use crate::report::{Report, Unfinished};
use crate::withhold;

/// The command of `watch`, and the messages for which it has failed.
pub(super) struct Hooks<'a> {
    hook: Hook,
    queue: HookQueue,
    /// The numbers of the messages for which the command is run without waiting until they are due.
    at_once: BTreeSet<u64>,
    report: &'a Report,
}

/// With this many messages in the queue, `watch` ends, because the command seems to be broken.
const MOST_FAILED: usize = 1000;
/// Messages that were given up are taken back until the queue holds this many, so that there is
/// room for new ones.
const MOST_TAKEN_BACK: usize = MOST_FAILED / 2;
/// The command is run again for at most this long without a call in between, because calls keep the
/// login alive.
const ROUND: Duration = Duration::from_secs(600);

const AGAIN_HINT: &str =
    "check the command; it is run again later, or at once by watch --retry-hooks";
const PASSED_HINT: &str = "the message is kept, and watch --retry-hooks runs the command for it";

impl<'a> Hooks<'a> {
    /// Returns the hooks of a command, or `None` if there is none. The session file has to be
    /// locked.
    pub(super) fn open(
        hook: Option<Hook>,
        path: &Path,
        session: &Session,
        report: &'a Report,
    ) -> Result<Option<Self>, Problem> {
        let Some(hook) = hook else { return Ok(None) };
        let queue = HookQueue::open(path, Account::new(session))?;
        Ok(Some(Self { hook, queue, at_once: BTreeSet::new(), report }))
    }

    /// Runs the command again for the messages of earlier runs that are due, or, if it is forced,
    /// for all of them and for those that were given up. Reports how many are left. What this round
    /// does not reach is left to the next ones.
    pub(super) fn begin(&mut self, is_forced: bool) -> Result<(), Problem> {
        if is_forced {
            let left = self.queue.take_back(now(), MOST_TAKEN_BACK)?;
            if left > 0 {
                self.report.warn(&format!(
                    "messages that stay given up for now: {left}; run watch --retry-hooks again"
                ));
            }
            self.at_once = self.queue.failed().iter().map(|failed| failed.number).collect();
        }
        self.retry()?;
        if let Some(next) = self.queue.failed().iter().map(FailedHook::next_at).min() {
            // What is due already follows after the next call.
            let next = UnixMs::from_secs(next.max(now())).to_utc();
            let count = self.queue.failed().len();
            self.report.warn(&format!(
                "messages for which the command has failed: {count}; it is run again after {next}, \
                 or at once by watch --retry-hooks"
            ));
        }
        Ok(())
    }

    /// Runs the command again for the messages that are due, until it takes too long for one of
    /// them, or for [`ROUND`].
    pub(super) fn retry(&mut self) -> Result<(), Problem> {
        match self.queue.failed().iter().any(|failed| self.is_due(failed)) {
            true => self.unfinished(Self::retry_all),
            false => Ok(()),
        }
    }

    fn is_due(&self, failed: &FailedHook) -> bool {
        self.at_once.contains(&failed.number) || failed.is_due(now())
    }

    /// Does `work`. If `watch` is stopped meanwhile, the process ends only after the result of the
    /// command is stored.
    fn unfinished(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        self.report.set_unfinished(Some(Unfinished::Hook));
        let done = work(self);
        self.report.set_unfinished(None);
        done
    }

    fn retry_all(&mut self) -> Result<(), Problem> {
        let begun = Instant::now();
        let mut at = 0;
        while let Some(failed) = self.queue.failed().get(at) {
            if !self.is_due(failed) {
                at += 1;
                continue;
            }
            if begun.elapsed() >= ROUND {
                break;
            }
            let failed = failed.clone();
            self.at_once.remove(&failed.number);
            let path = self.existing(&failed);
            match self.run(&failed.event, path) {
                Ok(()) => self.queue.succeed(failed.number)?,
                Err(HookError::Stopped) => return Err(self.report.interrupted()),
                Err(error) => {
                    let now = now();
                    let mut after = failed.clone();
                    after.fail(now);
                    self.failed(&failed.event, path, &error, after.is_given_up());
                    if !self.queue.fail_again(&failed, now)? {
                        at += 1;
                    }
                    if matches!(error, HookError::TimedOut(_)) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the path of the attachment, unless the file was moved or deleted since.
    fn existing<'p>(&self, failed: &'p FailedHook) -> Option<&'p Path> {
        let path = Path::new(failed.path.as_deref()?);
        if path.try_exists().unwrap_or(true) {
            return Some(path);
        }
        let id = failed.event["msg_id"].as_str().unwrap_or("0");
        let path = path.display();
        self.report.warn(&format!("{id}: {path} is gone; the command is run without WX_PATH"));
        None
    }

    /// Returns whether an earlier run has handed the attachment of a message to the command, which
    /// may have moved the file since. It is then not saved again.
    pub(super) fn had_attachment(&self, event: &Value) -> bool {
        self.queue.find(&withhold::in_json(event)).is_some_and(|known| known.had_path)
    }

    /// Runs the command for the event of a message, unless that is done already. Fails if the
    /// result cannot be stored, or if `watch` is stopped. The message is then received again.
    pub(super) fn handle(&mut self, event: &Value, path: Option<&Path>) -> Result<(), Problem> {
        // It is stored without secrets of the login.
        self.unfinished(|hooks| hooks.handle_event(withhold::in_json(event), path))
    }

    fn handle_event(&mut self, event: Value, path: Option<&Path>) -> Result<(), Problem> {
        if self.queue.find(&event).is_some() {
            // The attachment could not be saved in the earlier run.
            return path.map_or(Ok(()), |path| self.queue.set_path(&event, path));
        }
        if self.queue.failed().len() >= MOST_FAILED {
            let what = format!("the command has failed for {MOST_FAILED} messages");
            return Err(Problem::local(what, Advice::CheckFile).with_command().hint(AGAIN_HINT));
        }
        match self.run(&event, path) {
            Ok(()) => self.queue.set_handled(&event, path.is_some()),
            Err(HookError::Stopped) => Err(self.report.interrupted()),
            Err(error) => {
                self.failed(&event, path, &error, false);
                self.queue.add(event, path.map(|path| path.as_os_str().to_owned()), 1, now())
            }
        }
    }

    /// Takes note that the session file is past all handled messages.
    pub(super) fn batch_saved(&mut self) -> Result<(), Problem> {
        self.queue.forget_handled()
    }

    fn run(&self, event: &Value, path: Option<&Path>) -> Result<(), HookError> {
        self.hook.run(out::json_line(event) + "\n", path, self.report)
    }

    /// Reports a failure.
    fn failed(&self, event: &Value, path: Option<&Path>, error: &HookError, is_last: bool) {
        let problem = Problem::local(out::error_chain(error), Advice::CheckFile).with_command();
        let problem = match is_last {
            true => Problem { class: Class::Passed, advice: None, ..problem.hint(PASSED_HINT) },
            false => problem.hint(AGAIN_HINT),
        };
        // An id that is withheld is reported as 0, which is also the id of a message without one.
        let id = MsgId::new(event["msg_id"].as_str().unwrap_or_default());
        let Ok(msg_id) = id.or_else(|_| MsgId::new("0")) else { return };
        let path = path.map(|path| path.to_string_lossy().into_owned());
        let subject = Subject::Message { msg_id, kind: None, path };
        self.report.once(subject, |number| {
            let _ = self.report.problem(number..number + 1, &problem);
        });
    }
}

#[cfg(all(test, unix))]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::args::Args;

    fn report() -> Report {
        Report::new(&Args::parse_from(["wx", "demo"]).global, Vec::new())
    }

    fn open<'a>(hook: Hook, dir: &Path, report: &'a Report) -> Hooks<'a> {
        let session = Session::builder("https://wx.qq.com").uin(1).user_name("@me").build();
        let path = dir.join("s.json");
        let hooks = Hooks::open(Some(hook), &path, &session.expect("a session"), report);
        hooks.expect("no problem").expect("hooks")
    }

    fn failures(hooks: &Hooks<'_>) -> Vec<u32> {
        hooks.queue.failed().iter().map(|failed| failed.failures).collect()
    }

    /// Otherwise the login would end while the command is run for all of them.
    #[test]
    fn a_command_that_takes_too_long_ends_the_round_but_not_the_retries() {
        for is_forced in [false, true] {
            let (dir, report) = (tempfile::tempdir().unwrap(), report());
            let hook = Hook::new(&["sleep".into(), "60".into()]).unwrap().unwrap();
            let mut hooks = open(hook.with_limit(Duration::from_millis(20)), dir.path(), &report);
            let at = if is_forced { now() } else { 0 };
            for id in ["1", "2"] {
                hooks.queue.add(json!({ "msg_id": id }), None, 1, at).unwrap();
            }
            hooks.begin(is_forced).unwrap();
            assert_eq!(failures(&hooks), [2, 1]);
            hooks.retry().unwrap();
            assert_eq!(failures(&hooks), [2, 2]);
            hooks.retry().unwrap();
            assert_eq!(failures(&hooks), [2, 2]);
        }
    }

    #[test]
    fn a_command_that_seems_to_be_broken_ends_the_watch() {
        let (dir, report) = (tempfile::tempdir().unwrap(), report());
        let hook = Hook::new(&["true".into()]).unwrap().unwrap();
        let mut hooks = open(hook, dir.path(), &report);
        let event = |id: usize| json!({ "msg_id": id.to_string() });
        let now = now();
        for id in 1..MOST_FAILED {
            hooks.queue.add(event(id), None, 1, now).unwrap();
        }
        hooks.handle_event(event(2000), None).unwrap();
        hooks.queue.add(event(3000), None, 1, now).unwrap();
        let problem = hooks.handle_event(event(2001), None).unwrap_err();
        assert_eq!(&*problem.message, "the command has failed for 1000 messages");
        // It needs no command any more.
        hooks.handle_event(event(2000), None).unwrap();
        hooks.handle_event(event(1), None).unwrap();
    }
}
