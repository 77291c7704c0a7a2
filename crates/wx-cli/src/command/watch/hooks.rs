//! Runs the command for each message at least once, in order, and remembers where it has failed.

use std::ffi::OsString;
use std::path::Path;

use serde_json::Value;
use wx_proto::{Advice, Message, MsgId};

use super::hook::{Hook, HookError};
use super::hook_queue::{FailedHook, HookQueue};
use crate::event::{self, Subject};
use crate::out;
use crate::problem::{Class, Problem};
use crate::report::{Report, Unfinished};
use crate::withhold;

/// The command of `watch`, and the messages for which it has failed.
pub(super) struct Hooks<'a> {
    hook: Hook,
    queue: HookQueue,
    report: &'a Report,
}

/// After this many failures, a message is given up.
const TRIES: u32 = 3;
/// With this many messages in the queue, `watch` ends, because the command seems to be broken.
const MOST_FAILED: usize = 1000;

const AGAIN_HINT: &str = "check the command; the next start of watch runs it again";
const PASSED_HINT: &str = "the message is given up after three failures";

impl<'a> Hooks<'a> {
    /// Returns the hooks of a command line, or `None` if it has no command. The session file has to
    /// be locked.
    pub(super) fn open(
        command: &[OsString],
        session: &Path,
        report: &'a Report,
    ) -> Result<Option<Self>, Problem> {
        let Some(hook) = Hook::new(command) else { return Ok(None) };
        Ok(Some(Self { hook, queue: HookQueue::open(session)?, report }))
    }

    /// Runs the command again for each message for which it has failed in an earlier run.
    pub(super) fn retry(&mut self) -> Result<(), Problem> {
        self.unfinished(Self::retry_all)
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
        let mut number = 0;
        while let Some(failed) = self.queue.failed().get(number).cloned() {
            let path = failed.path.as_deref().map(Path::new);
            match self.run(&failed.event, path) {
                Ok(()) => self.queue.remove(number),
                Err(HookError::Stopped) => return Err(self.report.interrupted()),
                Err(error) => {
                    let is_last = failed.failures + 1 >= TRIES;
                    self.failed(&failed.event, path, &error, is_last);
                    if is_last {
                        self.queue.remove(number);
                    } else {
                        self.queue.count_failure(number);
                        number += 1;
                    }
                }
            }
            self.queue.save()?;
        }
        Ok(())
    }

    /// Returns whether an earlier run has handed the attachment of a message to the command, which
    /// may have moved the file since. It is then not saved again.
    pub(super) fn had_attachment(&self, message: &Message) -> bool {
        self.queue.find(&stored(message)).is_some_and(|known| known.had_path)
    }

    /// Runs the command for a message, unless that is done already. Fails if the result cannot be
    /// stored, or if `watch` is stopped. The message is then received again.
    pub(super) fn handle(&mut self, message: &Message, path: Option<&Path>) -> Result<(), Problem> {
        self.unfinished(|hooks| hooks.handle_event(stored(message), path))
    }

    fn handle_event(&mut self, event: Value, path: Option<&Path>) -> Result<(), Problem> {
        if self.queue.find(&event).is_some() {
            // The attachment could not be saved in the earlier run.
            return match path.is_some_and(|path| self.queue.set_path(&event, path)) {
                true => self.queue.save(),
                false => Ok(()),
            };
        }
        if self.queue.failed().len() >= MOST_FAILED {
            let what = format!("the command has failed for {MOST_FAILED} messages");
            return Err(Problem::local(what, Advice::CheckFile).with_command().hint(AGAIN_HINT));
        }
        match self.run(&event, path) {
            Ok(()) => self.queue.set_handled(&event, path.is_some()),
            Err(HookError::Stopped) => return Err(self.report.interrupted()),
            Err(error) => {
                self.failed(&event, path, &error, false);
                let path = path.map(|path| path.as_os_str().to_owned());
                self.queue.add(FailedHook { event, path, failures: 1 });
            }
        }
        self.queue.save()
    }

    /// Takes note that the session file is past all handled messages.
    pub(super) fn batch_saved(&mut self) {
        self.queue.forget_handled();
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

/// Returns the event of a message as it is stored, without secrets of the login.
fn stored(message: &Message) -> Value {
    withhold::in_json(&event::message(message))
}

#[cfg(all(test, unix))]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::args::Args;

    #[test]
    fn a_command_that_seems_to_be_broken_ends_the_watch() {
        let dir = tempfile::tempdir().unwrap();
        let report = Report::new(&Args::parse_from(["wx", "demo"]).global, Vec::new());
        let path = dir.path().join("s.json");
        let mut hooks = Hooks::open(&["true".into()], &path, &report).unwrap().unwrap();
        let event = |id: usize| json!({ "msg_id": id.to_string() });
        for id in 1..MOST_FAILED {
            hooks.queue.add(FailedHook { event: event(id), path: None, failures: 1 });
        }
        hooks.handle_event(event(2000), None).unwrap();
        hooks.queue.add(FailedHook { event: event(3000), path: None, failures: 1 });
        let problem = hooks.handle_event(event(2001), None).unwrap_err();
        assert_eq!(&*problem.message, "the command has failed for 1000 messages");
        // It needs no command any more.
        hooks.handle_event(event(2000), None).unwrap();
        hooks.handle_event(event(1), None).unwrap();
    }
}
