//! The messages whose command has failed, and those of an unfinished batch whose command has
//! succeeded. They are stored next to the session file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::failed_hook::FailedHook;
use super::hook_file::{Account, Entry, HookFile};
use crate::problem::Problem;

/// What is stored: `F.hooks`, and the messages that were given up, in `F.hooks.failed`. Each file
/// is written only while there is something to store.
pub(in crate::command) struct HookQueue {
    file: HookFile,
    given_up: HookFile,
    contents: Contents,
}

/// The state that results from all entries.
#[derive(Default)]
struct Contents {
    failed: Vec<FailedHook>,
    /// The MsgIDs of messages that are handled, although the session file may still be before them,
    /// and whether the command has had their attachments.
    handled: BTreeMap<String, bool>,
    /// The number of the next message.
    next: u64,
}

/// What is known about a message that is received again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownMessage {
    /// Whether the command has had its attachment.
    pub(super) had_path: bool,
}

/// The file is rewritten once it has this many entries that are no longer needed, and more than
/// needed ones.
const SPARE: usize = 64;

impl HookQueue {
    /// Reads what an earlier `watch` has stored next to a session file, which has to be locked.
    pub(in crate::command) fn open(session: &Path, account: Account) -> Result<Self, Problem> {
        let mut file = HookFile::open(beside(session, ".hooks"), account)?;
        let given_up = HookFile::open(beside(session, ".hooks.failed"), account)?;
        let mut contents = Contents::default();
        file.entries()?.into_iter().for_each(|entry| contents.apply(entry));
        let mut this = Self { file, given_up, contents };
        this.finish_giving_up()?;
        Ok(this)
    }

    /// Gives up the messages that an earlier `watch` was giving up when it was killed.
    fn finish_giving_up(&mut self) -> Result<(), Problem> {
        let failed = self.contents.failed.iter();
        let unfinished: Vec<_> = failed.filter(|one| one.is_given_up()).cloned().collect();
        if unfinished.is_empty() {
            return Ok(());
        }
        let stored = self.given_up.entries()?;
        for failed in unfinished {
            let is_it = |entry: &Entry| matches!(entry, Entry::Failed(one) if *one == failed);
            let number = failed.number;
            if !stored.iter().any(is_it) {
                self.given_up.append(&Entry::Failed(failed))?;
            }
            self.record(Entry::Removed { number })?;
        }
        Ok(())
    }

    /// Returns the messages whose command has failed, in the order in which they arrived.
    pub(super) fn failed(&self) -> &[FailedHook] {
        &self.contents.failed
    }

    /// Returns for each file that holds messages its path, and how many.
    pub(in crate::command) fn left(
        &mut self,
    ) -> Result<impl Iterator<Item = (&Path, usize)>, Problem> {
        let given_up = self.given_up.entries()?.len();
        let files =
            [(self.file.path(), self.contents.failed.len()), (self.given_up.path(), given_up)];
        Ok(files.into_iter().filter(|(_, messages)| *messages > 0))
    }

    /// Adds a message whose command has failed this many times.
    pub(super) fn add(
        &mut self,
        event: Value,
        path: Option<OsString>,
        failures: u32,
        at: u64,
    ) -> Result<(), Problem> {
        let (number, first_at, last_at) = (self.contents.next, at, at);
        let failed = FailedHook { number, event, path, failures, first_at, last_at };
        self.record(Entry::Failed(failed))
    }

    /// Sets the path of the attachment of a message in the queue that has none.
    pub(super) fn set_path(&mut self, event: &Value, path: &Path) -> Result<(), Problem> {
        let Some(wanted) = id(event) else { return Ok(()) };
        let mut failed = self.contents.failed.iter();
        let found =
            failed.find(|failed| failed.path.is_none() && id(&failed.event) == Some(wanted));
        let Some(number) = found.map(|failed| failed.number) else { return Ok(()) };
        self.record(Entry::Saved { number, path: path.as_os_str().to_owned() })
    }

    /// Counts a further failure. Returns whether the message was given up.
    pub(super) fn fail_again(&mut self, failed: &FailedHook, at: u64) -> Result<bool, Problem> {
        let mut failed = failed.clone();
        failed.fail(at);
        let number = failed.number;
        // After a kill, this says that the message is to be given up.
        self.record(Entry::FailedAgain { number, at })?;
        if !failed.is_given_up() {
            return Ok(false);
        }
        self.given_up.append(&Entry::Failed(failed))?;
        self.record(Entry::Removed { number })?;
        Ok(true)
    }

    /// Removes a message of the queue whose command has succeeded.
    pub(super) fn succeed(&mut self, number: u64) -> Result<(), Problem> {
        self.record(Entry::Removed { number })
    }

    /// Returns the messages that were given up to the queue, as long as it holds fewer than `most`.
    /// Their failures no longer count. Returns the number of the others, which stay where they are.
    pub(super) fn take_back(&mut self, at: u64, most: usize) -> Result<usize, Problem> {
        let mut left = Vec::new();
        for entry in self.given_up.entries()? {
            let Entry::Failed(failed) = entry else { continue };
            if self.contents.is_queued(&failed.event) {
                continue;
            }
            if self.contents.failed.len() < most {
                self.add(failed.event, failed.path, 0, at)?;
            } else {
                left.push(Entry::Failed(failed));
            }
        }
        // If this fails, they are in both files, and are taken back only once.
        match left.is_empty() {
            true => self.given_up.remove()?,
            false => self.given_up.replace(&left)?,
        }
        Ok(left.len())
    }

    /// Marks a new message as handled until the end of its batch.
    pub(super) fn set_handled(&mut self, event: &Value, had_path: bool) -> Result<(), Problem> {
        let Some(msg_id) = id(event).map(str::to_owned) else { return Ok(()) };
        self.record(Entry::Handled { msg_id, had_path })
    }

    /// Returns what is known about a message that needs no command, because it is handled or in the
    /// queue.
    pub(super) fn find(&self, event: &Value) -> Option<KnownMessage> {
        let wanted = id(event)?;
        let handled = self.contents.handled.get(wanted).copied();
        let queued = || {
            let mut failed = self.contents.failed.iter();
            Some(failed.find(|failed| id(&failed.event) == Some(wanted))?.path.is_some())
        };
        Some(KnownMessage { had_path: handled.or_else(queued)? })
    }

    /// Forgets the handled messages, once the session file is past them.
    pub(in crate::command) fn forget_handled(&mut self) -> Result<(), Problem> {
        if self.contents.failed.is_empty() {
            self.contents.handled.clear();
            // If this fails, the next `watch` finds ids that do not occur again.
            let _ = self.file.remove();
            return Ok(());
        }
        if !self.contents.handled.is_empty() {
            self.record(Entry::BatchSaved {})?;
        }
        let needed = self.contents.failed.len();
        if self.file.lines() - needed > needed + SPARE {
            let entries: Vec<_> = self.contents.failed.iter().cloned().map(Entry::Failed).collect();
            self.file.replace(&entries)?;
        }
        Ok(())
    }

    fn record(&mut self, entry: Entry) -> Result<(), Problem> {
        self.file.append(&entry)?;
        self.contents.apply(entry);
        Ok(())
    }
}

impl Contents {
    fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Failed(failed) => {
                self.next = self.next.max(failed.number.saturating_add(1));
                self.failed.push(failed);
            }
            Entry::FailedAgain { number, at } => {
                if let Some(failed) = self.failed_mut(number) {
                    failed.fail(at);
                }
            }
            Entry::Saved { number, path } => {
                if let Some(failed) = self.failed_mut(number) {
                    failed.path = Some(path);
                }
            }
            Entry::Removed { number } => {
                let found = self.failed.iter().position(|failed| failed.number == number);
                let removed = found.map(|at| self.failed.remove(at));
                if let Some(removed) = removed
                    && let Some(id) = id(&removed.event)
                {
                    self.handled.insert(id.to_owned(), removed.path.is_some());
                }
            }
            Entry::Handled { msg_id, had_path } => {
                self.handled.insert(msg_id, had_path);
            }
            Entry::BatchSaved {} => self.handled.clear(),
            // Only the first line, which is not passed on.
            Entry::Hooks { .. } => {}
        }
    }

    fn failed_mut(&mut self, number: u64) -> Option<&mut FailedHook> {
        self.failed.iter_mut().find(|failed| failed.number == number)
    }

    fn is_queued(&self, event: &Value) -> bool {
        id(event).is_some_and(|wanted| {
            self.failed.iter().any(|failed| id(&failed.event) == Some(wanted))
        })
    }
}

fn beside(session: &Path, suffix: &str) -> PathBuf {
    let mut path = session.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Returns the MsgID of a message, unless it is missing or withheld.
fn id(event: &Value) -> Option<&str> {
    let id = event["msg_id"].as_str()?;
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !id.trim_matches('0').is_empty()).then_some(id)
}

#[cfg(test)]
mod tests;
