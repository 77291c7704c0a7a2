//! The messages whose command has failed, and those of an unfinished batch whose command has
//! succeeded. They are stored next to the session file.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wx_proto::Advice;

use crate::files;
use crate::out;
use crate::problem::Problem;

/// What is stored. The file is only written while there is something to store.
pub(super) struct HookQueue {
    path: PathBuf,
    contents: Contents,
}

#[derive(Default, Serialize, Deserialize)]
struct Contents {
    version: u32,
    failed: Vec<FailedHook>,
    /// Messages that are handled, although the session file may still be before them.
    handled: Vec<HandledMessage>,
}

/// A message whose command has failed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct FailedHook {
    /// The event of the message, without secrets of the login.
    pub(super) event: Value,
    /// The absolute path of the saved attachment. Not every path can be a JSON string.
    pub(super) path: Option<OsString>,
    /// How often the command has failed.
    pub(super) failures: u32,
}

/// A message whose command has succeeded, or was given up.
#[derive(Clone, Serialize, Deserialize)]
struct HandledMessage {
    msg_id: String,
    had_path: bool,
}

/// What is known about a message that is received again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownMessage {
    /// Whether the command has had its attachment.
    pub(super) had_path: bool,
}

/// The version of the format.
const VERSION: u32 = 1;
/// A file that this program has written is smaller.
const LONGEST_FILE: u64 = 1024 * 1024 * 1024;

impl HookQueue {
    /// Reads what an earlier `watch` has stored next to a session file.
    pub(super) fn open(session: &Path) -> Result<Self, Problem> {
        let mut path = session.as_os_str().to_owned();
        path.push(".hooks");
        let path = PathBuf::from(path);
        let read = || match fs::metadata(&path) {
            Ok(found) if found.is_file() => Ok(Some(files::read(&path, LONGEST_FILE)?)),
            Ok(_) => Err(Problem::local("is not a regular file", Advice::CheckFile)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        };
        let parse = |text: Vec<u8>| match serde_json::from_slice::<Contents>(&text) {
            Ok(contents) if contents.version == VERSION => Ok(contents),
            _ => Err(Problem::local("does not hold the messages to handle", Advice::CheckFile)),
        };
        let contents = read().and_then(|text| text.map(parse).transpose());
        let contents = contents.map_err(|problem| {
            let message = format!("{}: {}", path.display(), problem.message).into();
            Problem { message, ..problem }
                .hint("move the file away to give up the messages whose command has failed")
        })?;
        Ok(Self { path, contents: contents.unwrap_or_default() })
    }

    /// Returns the messages whose command has failed, in the order in which they arrived.
    pub(super) fn failed(&self) -> &[FailedHook] {
        &self.contents.failed
    }

    /// Adds a message whose command has failed.
    pub(super) fn add(&mut self, failed: FailedHook) {
        self.contents.failed.push(failed);
    }

    /// Sets the path of the attachment of a message in the queue that has none. Returns whether
    /// there is such a message.
    pub(super) fn set_path(&mut self, event: &Value, path: &Path) -> bool {
        let Some(wanted) = id(event) else { return false };
        let mut failed = self.contents.failed.iter_mut();
        let found =
            failed.find(|failed| failed.path.is_none() && id(&failed.event) == Some(wanted));
        found.map(|failed| failed.path = Some(path.as_os_str().to_owned())).is_some()
    }

    /// Counts a further failure.
    pub(super) fn count_failure(&mut self, number: usize) {
        if let Some(failed) = self.contents.failed.get_mut(number) {
            failed.failures += 1;
        }
    }

    /// Removes a message that is handled or given up.
    pub(super) fn remove(&mut self, number: usize) {
        let removed = self.contents.failed.remove(number);
        self.set_handled(&removed.event, removed.path.is_some());
    }

    /// Marks a message as handled until the end of its batch.
    pub(super) fn set_handled(&mut self, event: &Value, had_path: bool) {
        let handled = |id: &str| HandledMessage { msg_id: id.to_owned(), had_path };
        self.contents.handled.extend(id(event).map(handled));
    }

    /// Returns what is known about a message that needs no command, because it is handled or in the
    /// queue.
    pub(super) fn find(&self, event: &Value) -> Option<KnownMessage> {
        let wanted = id(event)?;
        let Contents { failed, handled, .. } = &self.contents;
        let handled = handled.iter().find(|handled| handled.msg_id == wanted);
        let failed = failed.iter().find(|failed| id(&failed.event) == Some(wanted));
        let had_path = match (handled, failed) {
            (Some(handled), _) => handled.had_path,
            (None, failed) => failed?.path.is_some(),
        };
        Some(KnownMessage { had_path })
    }

    /// Writes the file. Only the user can read it, because it holds messages.
    pub(super) fn save(&mut self) -> Result<(), Problem> {
        self.contents.version = VERSION;
        let text = serde_json::to_vec(&self.contents);
        let written =
            text.map_err(Into::into).and_then(|text| files::write(&self.path, &text, true));
        written.map_err(|error| {
            let why = out::error_chain(&error);
            let message = format!("{} cannot be written: {why}", self.path.display());
            Problem::local(message, Advice::CheckFile)
                .hint("check the directory; the messages are received again")
        })
    }

    /// Forgets the handled messages, once the session file is past them.
    pub(super) fn forget_handled(&mut self) {
        let is_written = !self.contents.handled.is_empty();
        self.contents.handled.clear();
        if is_written && self.contents.failed.is_empty() {
            // If this fails, the next `watch` finds ids that do not occur again.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns the MsgID of a message, unless it is missing or withheld.
fn id(event: &Value) -> Option<&str> {
    let id = event["msg_id"].as_str()?;
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !id.trim_matches('0').is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn failed(id: &str) -> FailedHook {
        FailedHook { event: json!({ "msg_id": id }), path: None, failures: 1 }
    }

    #[test]
    fn what_is_stored_is_read_again_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let session = dir.path().join("s.json");
        let mut queue = HookQueue::open(&session).unwrap();
        queue.add(failed("1"));
        queue.add(FailedHook { path: Some("/a/\u{202e}b".into()), ..failed("2") });
        queue.add(failed("3"));
        queue.count_failure(1);
        queue.save().unwrap();
        let mut queue = HookQueue::open(&session).unwrap();
        let ids: Vec<_> =
            queue.failed().iter().map(|failed| failed.event["msg_id"].clone()).collect();
        assert_eq!(ids, ["1", "2", "3"]);
        assert_eq!(queue.failed()[1].path, Some("/a/\u{202e}b".into()));
        assert_eq!(queue.failed()[1].failures, 2);
        queue.remove(0);
        queue.set_handled(&json!({ "msg_id": "9" }), true);
        queue.save().unwrap();
        let mut queue = HookQueue::open(&session).unwrap();
        let had_path = |queue: &HookQueue, id: &str| {
            queue.find(&json!({ "msg_id": id })).map(|known| known.had_path)
        };
        let found = |queue: &HookQueue| ["1", "2", "3", "4", "9"].map(|id| had_path(queue, id));
        assert_eq!(found(&queue), [Some(false), Some(true), Some(false), None, Some(true)]);
        queue.forget_handled();
        assert_eq!(found(&queue), [None, Some(true), Some(false), None, None]);
        assert!(dir.path().join("s.json.hooks").exists());
        queue.remove(1);
        queue.remove(0);
        queue.forget_handled();
        assert!(!dir.path().join("s.json.hooks").exists());
    }

    #[test]
    fn messages_without_an_id_are_never_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let mut queue = HookQueue::open(&dir.path().join("s.json")).unwrap();
        for id in ["0", "…", "72…", ""] {
            queue.add(failed(id));
            queue.set_handled(&json!({ "msg_id": id }), false);
            assert_eq!(queue.find(&json!({ "msg_id": id })), None, "{id}");
        }
    }

    #[test]
    fn a_damaged_file_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.json.hooks");
        for text in ["", "{}", "[]", r#"{"version":2,"failed":[],"handled":[]}"#] {
            fs::write(&path, text).unwrap();
            let problem = HookQueue::open(&dir.path().join("s.json")).err().unwrap();
            assert!(problem.sentence().contains("s.json.hooks: does not hold"), "{text}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let problem = HookQueue::open(&dir.path().join("s.json")).err().unwrap();
        assert!(problem.sentence().contains("is not a regular file"));
    }
}
