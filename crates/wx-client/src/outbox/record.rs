use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wx_proto::flow::Snapshot;
use wx_proto::{Error, ErrorKind, Recipient, Sent, Step, UnixMs};

use super::inline_digest::{InlineDigest, SavedDigest};
use super::{OutboxError, OutboxErrorKind};
use crate::clock::boot_id;

const VERSION: u32 = 1;

/// One line of the record, which is written immediately before or after its event.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// The first line. The random key is used for the hashes that identify logins.
    Outbox { version: u32, key: [u8; 16] },
    /// Messages to send, and a note of the caller.
    Plan {
        #[serde(default, skip_serializing_if = "Value::is_null")]
        about: Value,
        messages: Vec<Planned>,
    },
    /// The state of an upload.
    Upload { name: String, state: Snapshot },
    /// The state of a message: before it leaves, or after a refusal.
    State {
        key: String,
        state: Snapshot,
        /// The boot in which a message in doubt first left, if the system has boot ids.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        boot: Option<String>,
    },
    /// The server accepted a message.
    Sent {
        key: String,
        sent: Sent,
        /// Identifies the content, if it needed no upload.
        #[serde(flatten)]
        inline: SavedDigest,
    },
    /// The caller has settled a message in doubt. It is no longer sent.
    GivenUp { key: String },
}

/// A message to send, with the name of its upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Planned {
    pub(super) key: String,
    pub(super) to: Recipient,
    pub(super) upload: String,
    /// The login that `to` belongs to, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) login: Option<String>,
}

/// The state that results from all entries.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The key of the first line, if there is one.
    pub(super) key: Option<[u8; 16]>,
    pub(super) about: Value,
    /// The messages by their keys. `order` has the keys in the order in which they were added.
    messages: HashMap<String, Message>,
    order: Vec<String>,
    uploads: HashMap<String, Snapshot>,
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) to: Recipient,
    pub(super) upload: String,
    pub(super) login: Option<String>,
    pub(super) state: Option<Snapshot>,
    pub(super) boot: Option<String>,
    pub(super) sent: Option<Sent>,
    /// Identifies the content that was sent, if it needed no upload.
    pub(super) inline: Option<InlineDigest>,
    pub(super) given_up: bool,
}

impl Message {
    fn new(to: Recipient, upload: String, login: Option<String>) -> Self {
        Self {
            to,
            upload,
            login,
            state: None,
            boot: None,
            sent: None,
            inline: None,
            given_up: false,
        }
    }

    /// Returns whether the message was certainly not sent.
    pub(super) fn is_open(&self) -> bool {
        self.sent.is_none() && !self.is_in_doubt() && !self.given_up
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        self.state.as_ref().is_some_and(Snapshot::in_doubt)
    }

    /// Returns whether the computer was restarted since the message first left. A clock without a
    /// battery may show an earlier time after that.
    pub(super) fn is_of_another_boot(&self) -> bool {
        self.is_in_doubt() && self.boot.is_some() && self.boot != boot_id()
    }
}

impl Record {
    /// Reads a record. Also returns the length of its complete lines. An incomplete last line is
    /// ignored: its write was interrupted, so its event never happened.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), OutboxError> {
        let good = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        // The first line may be truncated like any other.
        let first: &[u8] = b"{\"outbox\":{\"version\":";
        if good == 0 && !bytes.starts_with(&first[..first.len().min(bytes.len())]) {
            return Err(OutboxErrorKind::NotAnOutbox { line: 1 }.into());
        }
        let mut record = Self::default();
        let lines = bytes[..good].split_inclusive(|byte| *byte == b'\n');
        for (at, line) in lines.enumerate() {
            let entry = serde_json::from_slice(line);
            let entry = entry.map_err(|_| OutboxErrorKind::NotAnOutbox { line: at + 1 })?;
            match entry {
                Entry::Outbox { version, .. } if version != VERSION => {
                    return Err(OutboxErrorKind::Version(version).into());
                }
                Entry::Outbox { .. } if at == 0 => {}
                Entry::Outbox { .. } => {
                    return Err(OutboxErrorKind::NotAnOutbox { line: at + 1 }.into());
                }
                _ if at == 0 => return Err(OutboxErrorKind::NotAnOutbox { line: 1 }.into()),
                _ => {}
            }
            if !record.apply(entry) {
                return Err(OutboxErrorKind::NotAnOutbox { line: at + 1 }.into());
            }
        }
        Ok((record, good))
    }

    /// Creates an empty record.
    pub(super) fn with_key(key: [u8; 16]) -> Self {
        Self { key: Some(key), ..Self::default() }
    }

    /// Returns the first line of a new record.
    pub(super) fn first(key: [u8; 16]) -> Entry {
        Entry::Outbox { version: VERSION, key }
    }

    /// Applies an entry. Returns `false` if its message does not exist, or if it plans a message
    /// again that may have been sent.
    pub(super) fn apply(&mut self, entry: Entry) -> bool {
        match entry {
            Entry::Outbox { key, .. } => self.key = Some(key),
            Entry::Plan { about, messages } => {
                if !about.is_null() {
                    self.about = about;
                }
                for Planned { key, to, upload, login } in messages {
                    let message = Message::new(to, upload, login);
                    match self.messages.insert(key.clone(), message) {
                        None => self.order.push(key),
                        // A message that was not sent can be planned again in another login,
                        // because its recipient has another UserName there.
                        Some(old) if old.is_open() => {}
                        Some(_) => return false,
                    }
                }
            }
            Entry::Upload { name, state } => {
                self.uploads.insert(name, state);
            }
            Entry::State { key, state, boot } => match self.messages.get_mut(&key) {
                Some(message) => (message.state, message.boot) = (Some(state), boot),
                None => return false,
            },
            Entry::Sent { key, sent, inline } => match self.messages.get_mut(&key) {
                Some(message) => {
                    (message.state, message.sent) = (None, Some(sent));
                    message.inline = inline.into();
                }
                None => return false,
            },
            Entry::GivenUp { key } => match self.messages.get_mut(&key) {
                Some(message) => message.given_up = true,
                None => return false,
            },
        }
        true
    }

    /// Returns the minimum of entries that result in the same state.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let planned = self.messages().map(|(key, message)| Planned {
            key: key.to_owned(),
            to: message.to.clone(),
            upload: message.upload.clone(),
            login: message.login.clone(),
        });
        let plan = Entry::Plan { about: self.about.clone(), messages: planned.collect() };
        let first = self.key.map(Self::first);
        let mut entries: Vec<_> = first.into_iter().chain([plan]).collect();
        let mut uploads = self.uploads.clone();
        for (key, message) in self.messages() {
            let key = key.to_owned();
            if let Some(sent) = message.sent.clone() {
                entries.push(Entry::Sent { key, sent, inline: message.inline.into() });
                continue;
            }
            let name = message.upload.clone();
            let upload = uploads.remove(&name);
            entries.extend(upload.map(|state| Entry::Upload { name, state }));
            let given_up = message.given_up.then(|| Entry::GivenUp { key: key.clone() });
            let boot = message.boot.clone();
            entries.extend(message.state.clone().map(|state| Entry::State { key, state, boot }));
            entries.extend(given_up);
        }
        entries
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = (&str, &Message)> {
        self.order.iter().map(|key| (key.as_str(), &self.messages[key]))
    }

    pub(super) fn is_begun(&self) -> bool {
        let begun = |message: &Message| message.state.is_some() || message.sent.is_some();
        !self.uploads.is_empty() || self.messages.values().any(begun)
    }

    /// Returns the latest time of all ids. Ids can be ahead of the clock if a process sends many
    /// messages.
    pub(super) fn latest_id(&self) -> UnixMs {
        // The first thirteen digits of a LocalID are its time.
        let sent = self.messages.values().filter_map(|message| message.sent.as_ref());
        let sent =
            sent.filter_map(|sent| sent.local_id.as_str().get(..13)?.parse().ok()).map(UnixMs::new);
        let states = self.messages.values().filter_map(|message| message.state.as_ref());
        let states = states.chain(self.uploads.values()).map(|state| state.seed().unix_ms);
        sent.chain(states).max().unwrap_or(UnixMs::EPOCH)
    }

    pub(super) fn message(&self, key: &str) -> Option<&Message> {
        self.messages.get(key)
    }

    /// Converts the error of a message that was not sent into [`Uncertain`](ErrorKind::Uncertain),
    /// if the message may have been sent nevertheless.
    pub(super) fn mark_uncertain(&self, key: &str, is_active: bool, mut error: Error) -> Error {
        let doubtful = is_active || self.message(key).is_some_and(|message| !message.is_open());
        if !doubtful || matches!(error.kind, ErrorKind::Uncertain { .. }) {
            return error;
        }
        let last = Some(Box::new(error.kind));
        error.kind = ErrorKind::Uncertain { last, tries: 1 };
        (error.step, error.chunk) = (Step::Message, None);
        error
    }

    pub(super) fn upload(&self, name: &str) -> Option<&Snapshot> {
        self.uploads.get(name)
    }
}

/// Returns the entries as lines.
pub(super) fn lines<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        // Entries consist of strings and numbers, so this cannot fail, and adds no line breaks.
        bytes.extend(serde_json::to_vec(entry).unwrap_or_default());
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests;
