//! Failures of the record as a whole: while it is rewritten, cleared or removed, or when it is
//! lost.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wx_client::lock::LockedFile;
use wx_client::outbox::{MessageState, Outbox, Storage};
use wx_emulator::Emulator;
use wx_proto::Outcome;

use super::outbox::{Fault, Record, WriteFault, session_of};
use super::*;

/// Returns all ways in which a call can fail, with whether only that call fails.
fn write_faults() -> impl Iterator<Item = (WriteFault, bool)> {
    [WriteFault::Half, WriteFault::All, WriteFault::HalfForever]
        .into_iter()
        .flat_map(|kind| [(kind, false), (kind, true)])
}

/// Returns a record that is rewritten when it is opened: it has three messages and a truncated
/// line.
fn large<T: Transport>(server: &Emulator) -> Record {
    let record = Record::default();
    let mut policy = policy();
    policy.message_tries = 1;
    let client = T::new(session_of(server), policy, None);
    let (outbox, friend) =
        (Outbox::with_storage(record.clone()).unwrap(), Recipient::new(server.friend()).unwrap());
    for key in ["sent", "in doubt", "open"] {
        let message = (key.to_owned(), friend.clone(), "image".to_owned());
        outbox.plan(json!("x".repeat(600_000)), [message]).unwrap();
    }
    client.send_once(&outbox, "sent", &friend, small()).unwrap();
    client.send_once(&outbox, "in doubt", &friend, small()).unwrap_err();
    drop(outbox);
    record.clone().write(b"{\"sent\":").unwrap();
    record
}

fn states(outbox: &Outbox) -> Vec<(String, MessageState)> {
    outbox.messages().into_iter().map(|message| (message.key, message.state)).collect()
}

pub(crate) fn a_record_whose_rewriting_fails_at_any_call_loses_and_doubles_nothing<T: Transport>() {
    let server = server(&["empty@webwxsendmsgimg#2"]);
    let record = large::<T>(&server);
    let (bytes, friend) = (record.bytes(), Recipient::new(server.friend()).unwrap());
    let expected = states(&Outbox::with_storage(record.again()).unwrap());
    assert!(matches!(
        &expected[..],
        [(_, MessageState::Sent(_)), (_, MessageState::InDoubt), (_, MessageState::NotSent),]
    ));
    let mut policy = policy();
    policy.resend_within = Duration::ZERO;
    let client = T::new(session_of(&server), policy, None);
    for (kind, once) in write_faults() {
        for call in 1.. {
            let record = Record::with_content(bytes.clone(), Fault { call, once, kind });
            let opened = Outbox::with_storage(record.clone());
            if !record.has_failed() {
                assert!(record.bytes().len() < bytes.len() / 2, "the record was rewritten");
                assert_eq!(call, 5, "read, truncate, sync and replace have failed");
                break;
            }
            assert!(opened.is_err(), "{call} {once} {kind:?}");
            let outbox = Outbox::with_storage(record.again()).unwrap();
            assert_eq!(states(&outbox), expected, "{call} {once} {kind:?}");
            let before = server.messages().len();
            let outcome = |key| {
                client.send_once(&outbox, key, &friend, small()).map_err(|error| error.outcome())
            };
            assert!(outcome("sent").is_ok() && outcome("in doubt") == Err(Outcome::Unknown));
            assert_eq!(server.messages().len(), before);
            assert!(outcome("open").is_ok() && outcome("open").is_ok());
            assert_eq!(server.messages().len(), before + 1, "{call} {once} {kind:?}");
        }
    }
}

pub(crate) fn a_record_that_cannot_be_cleared_or_removed_lets_nothing_more_leave<T: Transport>() {
    let server = Emulator::start().unwrap();
    let (client, friend) =
        (T::new(session_of(&server), policy(), None), Recipient::new(server.friend()).unwrap());
    let record = Record::default();
    client
        .send_once(&Outbox::with_storage(record.clone()).unwrap(), "key", &friend, small())
        .unwrap();
    let bytes = record.bytes();
    type End = fn(&Outbox) -> bool;
    let ends: [End; 2] = [|outbox| outbox.clear().is_ok(), |outbox| outbox.remove().is_ok()];
    for (end, (kind, once)) in
        ends.into_iter().flat_map(|end| write_faults().map(move |way| (end, way)))
    {
        for call in 1.. {
            let record = Record::with_content(bytes.clone(), Fault { call, once, kind });
            let Ok(outbox) = Outbox::with_storage(record.clone()) else { continue };
            let ended = end(&outbox);
            if !record.has_failed() {
                assert!(
                    ended && call == 3,
                    "read, and the call that ends the record, have failed: {call}"
                );
                break;
            }
            assert!(!ended && outbox.is_broken(), "{call} {once} {kind:?}");
            let requests = server.requests().len();
            for key in ["key", "new"] {
                client.send_once(&outbox, key, &friend, small()).unwrap_err();
            }
            outbox
                .plan(Value::Null, [("planned".to_owned(), friend.clone(), "x".to_owned())])
                .unwrap_err();
            assert_eq!(server.requests().len(), requests, "{call} {once} {kind:?}");
            // The record is complete, or it does not exist.
            drop(outbox);
            let outbox = Outbox::with_storage(record.again()).unwrap();
            let is_missing = matches!(kind, WriteFault::All);
            assert_eq!(outbox.state("key").is_none(), is_missing, "{call} {once} {kind:?}");
            assert!(is_missing || client.send_once(&outbox, "key", &friend, small()).is_ok());
            assert_eq!(server.messages().len(), 1);
        }
    }
}

/// A record that is removed before one of its writes.
struct RemovedRecord {
    file: LockedFile,
    writes: usize,
    at: usize,
    take: Box<dyn FnMut(&Path) + Send>,
}

impl Storage for RemovedRecord {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.file.read()
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writes += 1;
        if self.writes == self.at {
            (self.take)(self.file.path());
        }
        self.file.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.truncate(len)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        Storage::replace(&mut self.file, bytes)
    }

    fn remove(&mut self) -> io::Result<()> {
        self.file.remove()
    }
}

/// The record is also removed during the wait between two tries, after the reply to the first was
/// lost.
pub(crate) fn nothing_more_leaves_after_the_record_is_removed<T: Transport>() {
    let remove = |path: &Path| fs::remove_file(path).unwrap();
    let replace = |path: &Path| {
        let copy = path.with_extension("copy");
        fs::copy(path, &copy).unwrap();
        fs::rename(copy, path).unwrap();
    };
    let empty = |path: &Path| {
        fs::remove_file(path).unwrap();
        fs::write(path, "").unwrap();
    };
    for how in [remove as fn(&Path), replace, empty] {
        let mut outcomes = Vec::new();
        for at in 2.. {
            let server = Arc::new(server(&["empty@webwxsendmsgimg#1"]));
            let dir = tempfile::tempdir().unwrap();
            let file = LockedFile::open(&dir.path().join(Outbox::FILE), true).unwrap();
            let left = Arc::new(Mutex::new(None));
            let (counted, counts) = (Arc::clone(&left), Arc::clone(&server));
            let take = move |path: &Path| {
                how(path);
                *counted.lock().unwrap() = Some(counts.requests().len());
            };
            let outbox =
                Outbox::with_storage(RemovedRecord { file, writes: 0, at, take: Box::new(take) })
                    .unwrap();
            let (client, friend) = (
                T::new(session_of(&server), policy(), None),
                Recipient::new(server.friend()).unwrap(),
            );
            let result = client.send_once(&outbox, "key", &friend, small());
            let Some(left) = *left.lock().unwrap() else {
                result.unwrap();
                break;
            };
            let outcome = result.map(drop).map_err(|error| error.outcome());
            let has_left = server.requests().iter().any(|seen| seen.endpoint == "webwxsendmsgimg");
            assert!(has_left || outcome == Err(Outcome::NotSent), "{at}: {outcome:?}");
            assert!(!has_left || outcome != Err(Outcome::NotSent), "{at}: {outcome:?}");
            client.send_once(&outbox, "other", &friend, small()).unwrap_err();
            assert_eq!(server.requests().len(), left, "{at}: nothing more leaves");
            outcomes.push(outcome);
        }
        // The record is removed before each step of the upload, before the message is sent for the
        // first and for the second time, and before its result is recorded.
        let unknown = outcomes.iter().filter(|outcome| **outcome == Err(Outcome::Unknown)).count();
        assert!(unknown >= 1 && outcomes.last() == Some(&Ok(())), "{outcomes:?}");
    }
}
