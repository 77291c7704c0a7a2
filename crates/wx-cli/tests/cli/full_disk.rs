//! A record that cannot be written, at any byte and at any system call. Nobody receives a message
//! twice, and every message that was sent is reported, either by that run or by `wx resume`.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::thread;

use serde_json::Value;
use wx_emulator::{Builder, Emulator};

use crate::support::*;

const RECIPIENTS: usize = 30;

struct Job {
    place: Place,
    transport: &'static str,
    recipients: Vec<String>,
}

impl Job {
    /// Every second run is stopped in the middle by Ret 1205.
    fn new(nth: usize) -> Self {
        let mut builder = Emulator::builder();
        if nth.is_multiple_of(2) {
            builder = builder.fault("ret=1205@webwxsendmsgimg#20".parse().unwrap());
        }
        let named = |builder: Builder, n: usize| builder.contact(format!("Contact {n}"), "");
        let place = Place::with_emulator((0..RECIPIENTS).fold(builder, named));
        let transport = TRANSPORTS[nth / 2 % 2];
        place.file("a.jpg", &jpeg(100, 1));
        let recipients = place.emulator.contacts().map(str::to_owned).collect();
        Self { place, transport, recipients }
    }

    fn args(&self) -> Vec<&str> {
        let fixed = ["send-image", "--session", "session.json", "--json", "--resume-dir", "job"];
        // There are more than ten messages.
        let fixed = [&fixed[..], &["--pace", "0"]].concat();
        let to = self.recipients.iter().flat_map(|to| ["--to", to]);
        let rest = ["--transport", self.transport, "--retry-wait", "0.1", "a.jpg"];
        fixed.into_iter().chain(to).chain(rest).collect()
    }

    /// The command with its arguments, run by `before`, such as a shell that sets a limit.
    fn run(&self, before: &[&str]) -> Ran {
        let wx = self.place.command(&self.args());
        let mut command = Command::new(before[0]);
        command.args(&before[1..]).arg(wx.get_program()).args(wx.get_args());
        command.current_dir(self.place.path("")).stdin(std::process::Stdio::null());
        self.place.ran(command.output().unwrap())
    }

    /// How many times each recipient received the picture.
    fn got(&self) -> HashMap<String, usize> {
        let mut got = HashMap::new();
        for message in self.place.emulator.messages() {
            *got.entry(message.to).or_default() += 1;
        }
        got
    }

    fn resume(&self) -> Ran {
        let fixed = ["resume", "job", "--session", "session.json", "--json", "--transport"];
        self.place.wx(&[&fixed[..], &[self.transport, "--retry-wait", "0.1"]].concat())
    }

    /// Compares the reports with the messages that the emulator received, first as the run left
    /// them, and then after the rest was sent. If `late`, the job is resumed when messages in doubt
    /// may no longer be repeated.
    fn check(&self, ran: &Ran, late: bool, fault: &str) {
        let told = |ran: &Ran| -> HashMap<String, String> {
            let of = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
            ran.events().iter().map(|event| (of(event, "to"), of(event, "event"))).collect()
        };
        let (first, got) = (told(ran), self.got());
        for to in &self.recipients {
            let got = got.get(to).copied().unwrap_or_default();
            let right = match first.get(to).map(String::as_str) {
                Some("sent") => got == 1,
                Some("failed") => got == 0,
                // The process was killed, or reports the missing record.
                None | Some("unknown") => got <= 1,
                Some(_) => false,
            };
            assert!(right, "{fault}: {to} got {got}, told {:?}: {}", first.get(to), ran.err);
        }
        if late {
            self.age();
        }
        let mut again = self.resume();
        let mut second = told(&again);
        if again.err.contains("Ret 1205") {
            again = self.resume();
            second.extend(told(&again));
        }
        let after = self.got();
        if second.is_empty() && ran.code != 0 {
            assert!(again.err.contains("job: "), "{fault}: {}", again.err);
            assert!(got.is_empty(), "{fault}: something was sent that is not on record");
            return;
        }
        for to in &self.recipients {
            let after = after.get(to).copied().unwrap_or_default();
            match second.get(to).map(String::as_str) {
                // The message is on record as sent, or was reported as sent.
                None => assert_eq!(after, 1, "{fault}: {to}: {}", again.err),
                Some("sent") => assert_eq!(after, 1, "{fault}: {to}"),
                Some("unknown") => assert!(late && after <= 1, "{fault}: {to}: {}", again.err),
                // A message in doubt does not stop the others.
                Some(event) => panic!("{fault}: {to}: {event}: {}", again.err),
            }
        }
        // With `--resend` the rest is sent. A message in doubt arrives only once, because it keeps
        // its id.
        if late && again.code == 4 {
            let resend =
                ["resume", "job", "--session", "session.json", "--resend", "--retry-wait", "0.1"];
            if self.place.wx(&resend).err.contains("Ret 1205") {
                self.place.wx(&resend);
            }
            assert!(
                self.got().values().all(|got| *got == 1) && self.got().len() == RECIPIENTS,
                "{fault}"
            );
        }
    }

    /// Makes every sent message on record too old to be repeated.
    fn age(&self) {
        let path = self.place.path("job/outbox.jsonl");
        let Ok(record) = fs::read_to_string(&path) else { return };
        let aged = record.split_inclusive('\n').map(|line| {
            let Ok(mut entry) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
            let at = entry.pointer_mut("/state/state/job/message/handed_out_ms");
            if let Some(at) = at.filter(|at| at.is_u64()) {
                *at = (at.as_u64().unwrap() - 61_000).into();
            }
            format!("{entry}\n")
        });
        fs::write(path, aged.collect::<String>()).unwrap();
    }
}

/// Returns the length of the record of a successful job.
fn record_len() -> usize {
    let job = Job::new(1);
    // Keeps the record from being removed at the end.
    job.place.emulator.add_fault(format!("ret=1204@webwxsendmsgimg#{RECIPIENTS}").parse().unwrap());
    assert_eq!(job.run(&["env"]).code, 1);
    usize::try_from(fs::metadata(job.place.path("job/outbox.jsonl")).unwrap().len()).unwrap()
}

fn limited(job: &Job, bytes: usize) -> Ran {
    job.run(&["prlimit", &format!("--fsize={bytes}")])
}

/// Limits are `step` bytes apart.
fn at_limits(step: usize) {
    const WORKERS: usize = 4;
    let whole = record_len() + 2 * step;
    let run = |(n, bytes): (usize, usize)| {
        let job = Job::new(n);
        let late = n % 5 < 2;
        let ran = limited(&job, bytes);
        assert!(ran.code >= 0, "it is not killed: {}", ran.err);
        job.check(&ran, late, &format!("at most {bytes} bytes, late {late}"));
        ran.code == 0
    };
    let good: Vec<bool> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|worker| {
                let limits = (0..whole).step_by(step).enumerate().skip(worker).step_by(WORKERS);
                scope.spawn(move || limits.map(run).collect::<Vec<_>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let goods = good.iter().filter(|good| **good).count();
    assert!(good.len() - goods > 10 && goods > 0, "some fail and some do not: {goods}");
}

#[test]
fn a_file_that_must_not_grow_further() {
    at_limits(1777);
}

#[test]
#[ignore = "takes minutes; .ci/run has the short one"]
fn a_file_that_must_not_grow_further_at_many_more_sizes() {
    at_limits(97);
}

/// Makes every `step`th system call of a kind fail, and optionally kills the process there. Returns
/// the number of such calls.
fn at_calls(call: &str, step: usize) -> usize {
    let mut failed = 0;
    for nth in (1..).step_by(step) {
        let job = Job::new(nth / step);
        let killed = (nth / step) % 3 == 1;
        let signal = if killed { ":signal=KILL" } else { "" };
        let inject = format!("inject={call}:error=ENOSPC{signal}:when={nth}");
        let log = job.place.path("calls");
        let trace = format!("trace={call}");
        let record = fs::canonicalize(job.place.path("")).unwrap().join("job/outbox.jsonl");
        let strace = ["strace", "-f", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
        // Calls that write to standard output are excluded.
        let of_record = ["-P", record.to_str().unwrap()];
        let of_record = if call == "write" { &of_record[..] } else { &[] };
        let ran = job.run(&[&strace[..], of_record].concat());
        let log = fs::read_to_string(&log).unwrap();
        if !log.contains("INJECTED") && !log.contains("killed by SIGKILL") {
            break;
        }
        failed += 1;
        let late = nth / step % 5 < 2;
        job.check(&ran, late, &format!("{inject}, late {late}"));
    }
    failed
}

#[test]
#[ignore = "needs strace"]
fn calls_that_fail_one_by_one() {
    assert!(at_calls("fdatasync", 7) > 5);
    assert!(at_calls("openat", 13) > 3);
    // The record is only appended to. The file that is renamed is the note of a rate limit.
    assert!(at_calls("rename,renameat,renameat2", 1) > 0);
}

#[test]
#[ignore = "needs strace and takes minutes; calls_that_fail_one_by_one is the short one"]
fn all_calls_that_fail_one_by_one() {
    for call in ["fdatasync", "fsync", "openat", "write"] {
        println!("{call}: {}", at_calls(call, 1));
    }
}

/// If the sync of the parent directory fails, the new directory may not survive a crash, so it must
/// not hold a record.
#[test]
#[ignore = "needs strace"]
fn calls_that_fail_after_a_directory_was_made() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    let (dir, base) = (fs::canonicalize(place.path("")).unwrap(), place.emulator.base());
    let send = [
        "send-image",
        "--session",
        "session.json",
        "--to",
        "filehelper",
        "--resume-dir",
        "job",
        "a.jpg",
    ];
    let watch = ["watch", "--session", "session.json", "--save-images", "kept"];
    for args in [&send[..], &watch, &["login", "--base", &base]] {
        let wx = place.command(args);
        let mut command = Command::new("strace");
        command.args(["-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "-P"]).arg(&dir);
        command
            .arg(wx.get_program())
            .args(wx.get_args())
            .current_dir(&dir)
            .env("XDG_STATE_HOME", dir.join("state"));
        let ran = place.ran(command.output().unwrap());
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.err);
        assert_eq!(place.names(), ["a.jpg"], "{args:?}");
    }
    place.assert_silence();
}

/// The server refuses the message, and the record has no room for the refusal. `wx resume` then
/// takes the message to be in doubt, and so must this run.
#[test]
fn a_refusal_that_is_not_on_record_leaves_the_message_in_doubt() {
    for transport in TRANSPORTS {
        let run = |before: &[&str]| {
            let place = Place::with(&["ret=1204@webwxsendmsgimg"]);
            place.file("a.jpg", &jpeg(100, 1));
            let args = send(transport, &["--json", "--resume-dir", "job", "a.jpg"]);
            let wx = place.command(&args);
            let mut command = Command::new(before[0]);
            command.args(&before[1..]).arg(wx.get_program()).args(wx.get_args());
            command.current_dir(place.path("")).stdin(std::process::Stdio::null());
            let ran = place.ran(command.output().unwrap());
            (ran, place)
        };
        let (ran, place) = run(&["env"]);
        assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".to_owned()]), "{}", ran.err);
        let record = fs::read_to_string(place.path("job/outbox.jsonl")).unwrap();
        let verdict = record.trim_end().rsplit('\n').next().unwrap().len();
        let limit = format!("--fsize={}", record.len() - verdict / 2);
        let (ran, place) = run(&["prlimit", &limit]);
        assert_eq!((ran.code, ran.kinds()), (4, vec!["unknown".to_owned()]), "{}", ran.err);
        let ran = place.wx(&["resume", "job", "--give-up", "--json"]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["given_up".to_owned()]), "{}", ran.err);
    }
}
