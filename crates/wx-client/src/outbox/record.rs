use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wx_proto::flow::Snapshot;
use wx_proto::{Error, ErrorKind, Recipient, Sent, Step, UnixMs};

use super::{OutboxError, OutboxErrorKind};
use crate::clock::boot_id;

const VERSION: u32 = 1;

/// One line of the record, written just before or just after the event that it records.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// The first line. The random key is for the hashes that distinguish logins.
    Outbox { version: u32, key: [u8; 16] },
    /// Messages to send, and a note of the caller.
    Plan {
        #[serde(default, skip_serializing_if = "Value::is_null")]
        about: Value,
        messages: Vec<Planned>,
    },
    /// The state of an upload.
    Upload { name: String, state: Snapshot },
    /// The state of a message: a hand-out, before the message leaves, or a refusal.
    State {
        key: String,
        state: Snapshot,
        /// The boot in which a message in doubt was first handed out, if the system has boot ids.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        boot: Option<String>,
    },
    /// The server accepted a message.
    Sent { key: String, sent: Sent },
    /// The caller has settled a message in doubt. It is no longer handed out.
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

/// The state after all entries.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The key of the first line, if there is one.
    pub(super) key: Option<[u8; 16]>,
    pub(super) about: Value,
    /// The messages by their keys, and the keys in the order in which they came.
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
    pub(super) given_up: bool,
}

impl Message {
    fn new(to: Recipient, upload: String, login: Option<String>) -> Self {
        Self { to, upload, login, state: None, boot: None, sent: None, given_up: false }
    }

    /// Whether the message was certainly not sent.
    pub(super) fn is_open(&self) -> bool {
        self.sent.is_none() && !self.is_in_doubt() && !self.given_up
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        self.state.as_ref().is_some_and(Snapshot::in_doubt)
    }

    /// Whether the computer was restarted since the message was first handed out. A clock without a
    /// battery may show an earlier time after that.
    pub(super) fn is_of_another_boot(&self) -> bool {
        self.is_in_doubt() && self.boot.is_some() && self.boot != boot_id()
    }
}

impl Record {
    /// Reads a record, and returns it with the length of its complete lines. A last line without an
    /// end was truncated while it was written, so its event never happened.
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

    /// Applies an entry. Returns `false` if its message does not exist, or is planned again and no
    /// longer open.
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
                        // A message that was not sent is planned again in another login, where
                        // its recipient has another UserName.
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
            Entry::Sent { key, sent } => match self.messages.get_mut(&key) {
                Some(message) => (message.state, message.sent) = (None, Some(sent)),
                None => return false,
            },
            Entry::GivenUp { key } => match self.messages.get_mut(&key) {
                Some(message) => message.given_up = true,
                None => return false,
            },
        }
        true
    }

    /// Returns the fewest entries with the same state.
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
                entries.push(Entry::Sent { key, sent });
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

    /// Returns the latest time of an id. The ids of a process that sends many messages can be ahead
    /// of the clock.
    pub(super) fn latest_id(&self) -> UnixMs {
        // A LocalID begins with its time, in thirteen digits.
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
        // Entries hold strings and numbers only, so this cannot fail and contains no line break.
        bytes.extend(serde_json::to_vec(entry).unwrap_or_default());
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::outbox::Outbox;

    fn record() -> Vec<u8> {
        let sent = json!({
            "msg_id": "17", "local_id": "17000000000000001",
            "uploaded": {
                "media_id": "@m", "thumbnail": null, "encry_file_name": null, "name": "a.jpg",
                "kind": "image", "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72",
                "chunks": 1, "server_byte_count": null
            }
        });
        let planned = |key: &str| Planned {
            key: key.to_owned(),
            to: Recipient::new("@0a").unwrap(),
            upload: "picture".to_owned(),
            login: None,
        };
        let state = json!({
            "version": 1, "login": "", "seed": { "unix_ms": 1, "entropy": ([0; 16]) },
            "job": { "message": { "to": "@0a", "uploaded": sent["uploaded"], "handed_out_ms": 1 } }
        });
        let in_doubt = Entry::State {
            key: "c".to_owned(),
            state: serde_json::from_value(state).unwrap(),
            boot: Some("boot".to_owned()),
        };
        let sent = |key: &str| Entry::Sent {
            key: key.to_owned(),
            sent: serde_json::from_value(sent.clone()).unwrap(),
        };
        let about = json!({ "of": "the\ncaller" });
        lines(&[
            Record::first([7; 16]),
            Entry::Plan { about, messages: vec![planned("a"), planned("b")] },
            sent("b"),
            Entry::Plan { about: Value::Null, messages: vec![planned("c")] },
            sent("a"),
            in_doubt,
            Entry::GivenUp { key: "c".to_owned() },
        ])
    }

    #[test]
    fn a_truncated_record_keeps_its_whole_lines() {
        let bytes = record();
        for len in 0..=bytes.len() {
            let (record, good) = Record::read(&bytes[..len]).unwrap();
            assert!(good <= len && !bytes[good..len].contains(&b'\n'));
            assert_eq!(
                lines(&Record::read(&bytes[..good]).unwrap().0.entries()),
                lines(&record.entries())
            );
        }
    }

    #[test]
    fn a_compacted_record_has_the_same_state() {
        let (whole, _) = Record::read(&record()).unwrap();
        let (again, _) = Record::read(&lines(&whole.entries())).unwrap();
        assert_eq!(again.about, json!({ "of": "the\ncaller" }));
        let sent: Vec<_> =
            again.messages().map(|(key, message)| (key, message.sent.is_some())).collect();
        assert_eq!(sent, [("a", true), ("b", true), ("c", false)]);
        let c = again.message("c").unwrap();
        assert!(c.given_up && c.is_in_doubt() && !c.is_open() && c.is_of_another_boot());
    }

    #[test]
    fn ids_of_an_earlier_process_are_not_used_again() {
        // Another message of this millisecond could be taken for a repeat of that one.
        let text = String::from_utf8(record()).unwrap();
        let now = crate::clock::unix_ms().get();
        let latest = || crate::seed::seed().unwrap().unix_ms.get();
        let cases = [
            (now + 20_000, "\"local_id\":\"1700000000000", "\"local_id\":\""),
            (now + 40_000, "\"unix_ms\":1", "\"unix_ms\":"),
        ];
        for (ahead, then, name) in cases {
            assert!(latest() < ahead && text.contains(then));
            let dir = tempfile::tempdir().unwrap();
            let text = text.replace(then, &format!("{name}{ahead}"));
            std::fs::write(dir.path().join(Outbox::FILE), text).unwrap();
            Outbox::open(dir.path()).unwrap();
            assert!(latest() > ahead, "{then}");
        }
    }

    #[test]
    fn other_files_are_refused() {
        let first = &String::from_utf8(lines([&Record::first([7; 16])])).unwrap();
        let plan = r#"{"plan":{"messages":[{"key":"a","to":"@0a","upload":"a"}]}}"#;
        for (text, line) in [
            ("{}".to_owned(), 1),
            (format!("{plan}\n"), 1),
            (format!("{first}{first}"), 2),
            (format!("{first}\n"), 2),
            (format!("{first}{plan}\n{}\n", r#"{"sent":{"key":"b"}}"#), 3),
            (format!("{first}{}\n", r#"{"state":{"key":"a","state":{}}}"#), 2),
        ] {
            let error = Record::read(text.as_bytes()).unwrap_err();
            assert!(
                matches!(error.kind(), OutboxErrorKind::NotAnOutbox { line: at } if *at == line),
                "{text}: {error}"
            );
        }
        let later = Record::read(
            b"{\"outbox\":{\"version\":2,\"key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}\n\
              {\"new\":0}\n",
        )
        .unwrap_err();
        assert!(matches!(later.kind(), OutboxErrorKind::Version(2)));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_damaged_record_is_refused_or_is_readable(at in 0..1500usize, byte: u8) {
            let mut bytes = record();
            let at = at % bytes.len();
            bytes[at] = byte;
            if let Ok((read, _)) = Record::read(&bytes) {
                let again = lines(&read.entries());
                prop_assert_eq!(lines(&Record::read(&again).unwrap().0.entries()), again);
            }
        }
    }
}
