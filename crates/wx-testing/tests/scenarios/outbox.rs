//! Messages are sent once, whatever happens to the outbox's record.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use wx_client::outbox::{MessageState, Outbox, OutboxError, Storage};
use wx_emulator::Emulator;
use wx_proto::{Advice, Error, Outcome, Recipient};

use super::many_recipients::{RECIPIENTS, recipients, server_of_many};
use super::*;

/// A disk with its content and the length that has been synced.
#[derive(Default)]
struct Disk {
    bytes: Vec<u8>,
    synced: usize,
    /// The number of calls so far.
    calls: usize,
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    /// The first call that fails. All later calls fail too, unless `once` is set.
    pub(super) call: usize,
    pub(super) once: bool,
    pub(super) kind: WriteFault,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum WriteFault {
    /// Half of the bytes are written, and can be truncated afterwards.
    Half,
    /// All bytes are written, but an error is reported.
    All,
    /// Like `Half`, but truncating also fails.
    HalfForever,
}

#[derive(Clone, Default)]
pub(super) struct Record(Arc<Mutex<Disk>>);

impl Record {
    /// Creates a disk with this content and this fault.
    pub(super) fn with_content(bytes: Vec<u8>, fault: Fault) -> Self {
        let fault = Some(fault);
        Self(Arc::new(Mutex::new(Disk { synced: bytes.len(), bytes, calls: 0, fault })))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().bytes.clone()
    }

    /// Returns whether a call has failed.
    pub(super) fn has_failed(&self) -> bool {
        let disk = self.0.lock().unwrap();
        disk.fault.is_some_and(|fault| disk.calls >= fault.call)
    }

    /// Returns the disk as another process finds it, without the fault.
    pub(super) fn again(&self) -> Self {
        self.0.lock().unwrap().fault = None;
        self.clone()
    }
}

impl Disk {
    fn fails(&mut self) -> Option<WriteFault> {
        self.calls += 1;
        let fails = |fault: &Fault| match fault.once {
            true => self.calls == fault.call,
            false => self.calls >= fault.call,
        };
        self.fault.filter(fails).map(|fault| fault.kind)
    }
}

fn full() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

impl Storage for Record {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut disk = self.0.lock().unwrap();
        disk.fails().map_or_else(|| Ok(disk.bytes.clone()), |_| Err(full()))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let failed = disk.fails();
        let len = match failed {
            Some(WriteFault::Half | WriteFault::HalfForever) => bytes.len() / 2,
            Some(WriteFault::All) | None => bytes.len(),
        };
        disk.bytes.extend(&bytes[..len]);
        failed.map_or(Ok(()), |_| Err(full()))
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let failed = disk.fails();
        if failed.is_none() {
            disk.synced = disk.bytes.len();
        }
        failed.map_or(Ok(()), |_| Err(full()))
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let failed = disk.fails();
        let is_first = disk.fault.is_some_and(|fault| fault.call == disk.calls);
        if failed.is_none() || matches!(failed, Some(WriteFault::Half) if !is_first) {
            disk.bytes.truncate(usize::try_from(len).unwrap());
            return Ok(());
        }
        Err(full())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let failed = disk.fails();
        if matches!(failed, None | Some(WriteFault::All)) {
            (disk.bytes, disk.synced) = (bytes.to_vec(), bytes.len());
        }
        failed.map_or(Ok(()), |_| Err(full()))
    }

    fn remove(&mut self) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let failed = disk.fails();
        if matches!(failed, None | Some(WriteFault::All)) {
            disk.bytes.clear();
        }
        failed.map_or(Ok(()), |_| Err(full()))
    }
}

fn open(record: &Record, server: &Emulator) -> Result<Outbox, OutboxError> {
    let outbox = Outbox::with_storage(record.clone())?;
    if outbox.messages().is_empty() {
        let planned = recipients(server).into_iter().map(|(key, to)| (key, to, "image".to_owned()));
        outbox.plan(Value::Null, planned)?;
    }
    Ok(outbox)
}

/// Sends everything that has not been sent, until the first error.
fn send_all<T: Transport>(
    client: &T,
    outbox: &Outbox,
    server: &Emulator,
) -> HashMap<String, Result<(), Error>> {
    let mut reported = HashMap::new();
    for (key, to) in recipients(server) {
        let result = client.send_once(outbox, &key, &to, small());
        let failed = result.is_err();
        reported.insert(key, result.map(|_| ()));
        if failed {
            break;
        }
    }
    reported
}

/// Returns how many times a recipient has received the image.
fn received_count(server: &Emulator, to: &Recipient) -> usize {
    server.messages().iter().filter(|message| message.to == to.as_str()).count()
}

pub(crate) fn a_record_that_fails_at_any_call_loses_and_doubles_nothing<T: Transport>() {
    let calls = {
        let (server, record) = (server_of_many(), Record::default());
        let client = T::new(session_of(&server), policy(), None);
        let outbox = open(&record, &server).unwrap();
        assert!(send_all(&client, &outbox, &server).values().all(Result::is_ok));
        record.0.lock().unwrap().calls
    };
    assert!(calls > 4 * RECIPIENTS, "two records per message: {calls}");
    // A message takes four calls. Within twelve calls, each of them has failed in each way, and
    // within 48 calls also once and permanently, and early and late.
    assert!(calls > 48, "only {calls} calls");
    for call in 1..=calls {
        let kind = [WriteFault::Half, WriteFault::All, WriteFault::HalfForever][call % 3];
        let once = (call / 24).is_multiple_of(2);
        fails_at::<T>(Fault { call, once, kind });
    }
}

fn fails_at<T: Transport>(fault: Fault) {
    let (server, record) = (server_of_many(), Record::default());
    record.0.lock().unwrap().fault = Some(fault);
    let client = T::new(session_of(&server), policy(), None);
    let reported = match open(&record, &server) {
        Ok(outbox) => {
            let reported = send_all(&client, &outbox, &server);
            if reported.values().any(Result::is_err) {
                assert!(outbox.is_broken(), "{fault:?}");
                let (requests, (_, to)) = (server.requests().len(), &recipients(&server)[0]);
                client.send_once(&outbox, "new", to, small()).unwrap_err();
                assert_eq!(server.requests().len(), requests, "{fault:?}: nothing more leaves");
            }
            reported
        }
        Err(_) => HashMap::new(),
    };
    for (key, to) in recipients(&server) {
        let known = match reported.get(&key) {
            Some(Ok(())) => received_count(&server, &to) == 1,
            Some(Err(error)) => {
                error.outcome() == Outcome::Unknown || received_count(&server, &to) == 0
            }
            None => received_count(&server, &to) == 0,
        };
        assert!(known, "{fault:?}: the report for {key} is wrong: {reported:?}");
    }
    // The disk has space again, either early or late.
    let late = (fault.call / 12).is_multiple_of(2);
    let mut policy = policy();
    if late {
        policy.resend_within = Duration::ZERO;
        std::thread::sleep(Duration::from_millis(2));
    }
    let client = T::new(session_of(&server), policy, None);
    let outbox = open(&record.again(), &server).unwrap();
    for (key, to) in recipients(&server) {
        let in_doubt = outbox.state(&key) == Some(MessageState::InDoubt);
        match client.send_once(&outbox, &key, &to, small()) {
            Ok(_) => assert_eq!(received_count(&server, &to), 1, "{fault:?}: {key}"),
            Err(error) => {
                assert!(late && in_doubt, "{fault:?}: {key}: {error}");
                assert_eq!(error.outcome(), Outcome::Unknown);
                assert!(received_count(&server, &to) <= 1, "{fault:?}: {key}");
            }
        }
    }
}

pub(crate) fn the_same_key_is_sent_once<T: Transport>() {
    let (server, record) = (Emulator::start().unwrap(), Record::default());
    let (friend, other) =
        (Recipient::new(server.friend()).unwrap(), Recipient::new(server.second_friend()).unwrap());
    let client = T::new(session_of(&server), policy(), None);
    let outbox = Outbox::with_storage(record.clone()).unwrap();
    let first = client.send_once(&outbox, "invoice 17", &friend, small()).unwrap();
    let again = client.send_once(&outbox, "invoice 17", &friend, small()).unwrap();
    assert_eq!(first, again);
    let error = client.send_once(&outbox, "invoice 17", &other, small()).unwrap_err();
    assert!(error.to_string().contains("invoice 17"), "{error}");
    drop(outbox);
    // Another process opens the outbox.
    let outbox = Outbox::with_storage(record.again()).unwrap();
    assert_eq!(client.send_once(&outbox, "invoice 17", &friend, small()).unwrap(), first);
    client.send_once(&outbox, "invoice 18", &friend, small()).unwrap();
    assert_eq!(server.messages().len(), 2);
    // In another login, the recipient has another name. A message that certainly failed is sent to
    // it.
    drop(outbox);
    let (again, none) = (Emulator::start().unwrap(), unreachable_client::<T>());
    let outbox = Outbox::with_storage(record.again()).unwrap();
    let failed = none.send_once(&outbox, "invoice 19", &friend, small()).unwrap_err();
    assert_eq!(failed.outcome(), Outcome::NotSent);
    let other: Recipient = again.friend().parse().unwrap();
    let client = T::new(session_of(&again), policy(), None);
    assert_eq!(client.send_once(&outbox, "invoice 17", &other, small()).unwrap(), first);
    assert_eq!(again.messages().len(), 0);
    assert_ne!(other, friend);
    // The File Transfer Helper has the same name in each login, so it is nobody else.
    let helper = Recipient::file_helper();
    let error = client.send_once(&outbox, "invoice 17", &helper, small()).unwrap_err();
    assert_eq!((error.outcome(), error.advice()), (Outcome::NotSent, Advice::CheckKey));
    assert_eq!(again.messages().len(), 0);
    client.send_once(&outbox, "invoice 19", &other, small()).unwrap();
    let to: Vec<_> = again.messages().into_iter().map(|message| message.to).collect();
    assert_eq!(to, [other.as_str()]);
}

/// A key that is in use sends nothing to another recipient, whatever its state is.
pub(crate) fn a_key_of_another_message_sends_nothing<T: Transport>() {
    let server = server(&[]);
    let (friend, other) = (friend(&server), Recipient::new(server.second_friend()).unwrap());
    let mut policy = policy();
    policy.message_tries = 1;
    let client = T::new(session(&server), policy, None);
    let (outbox, record) = (Outbox::in_memory(), Record::default());
    client.send_once(&outbox, "sent", &friend, small()).unwrap();
    server.add_fault("drop=after@webwxsendmsgimg".parse().unwrap());
    for key in ["in doubt", "given up"] {
        let error = client.send_once(&outbox, key, &friend, small()).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{key}");
    }
    assert!(outbox.give_up("given up").unwrap());
    let _active = outbox.begin(Some("active".to_owned()), &friend, &session(&server)).unwrap();
    let requests = server.requests().len();
    for key in ["sent", "in doubt", "given up", "active"] {
        let error = client.send_once(&outbox, key, &other, small()).unwrap_err();
        assert_eq!(
            (error.outcome(), error.advice()),
            (Outcome::NotSent, Advice::CheckKey),
            "{key}: {error}"
        );
        let words = format!("the key {key:?} belongs to another message; nothing was sent");
        assert_eq!(error.to_string(), words);
    }
    assert_eq!(server.requests().len(), requests);
    // The login of a planned message is unknown, so another name may belong to the same person.
    let outbox = Outbox::with_storage(record).unwrap();
    outbox.plan(Value::Null, [("key".to_owned(), friend.clone(), "image".to_owned())]).unwrap();
    client.send_once(&outbox, "key", &friend, small()).unwrap_err();
    assert_eq!(
        client.send_once(&outbox, "key", &other, small()).unwrap_err().outcome(),
        Outcome::Unknown
    );
}

/// A partial upload only continues with the same image, and the error explains that.
pub(crate) fn a_key_whose_upload_was_begun_accepts_no_other_image<T: Transport>() {
    let server = server(&["ret=1205@webwxuploadmedia#2"]);
    let (friend, client) = (friend(&server), client::<T>(&server));
    let outbox = Outbox::in_memory();
    let image = large();
    client.send_once(&outbox, "key", &friend, image.clone()).unwrap_err();
    let mut other = image.clone();
    *other.last_mut().unwrap() ^= 1;
    for other in [other, small()] {
        let error = client.send_once(&outbox, "key", &friend, other).unwrap_err();
        assert_eq!(
            (error.outcome(), error.advice()),
            (Outcome::NotSent, Advice::CheckKey),
            "{error}"
        );
        let words = "the message \"key\" was begun with another file; send that file, \
                     or use a new key";
        assert!(error.chain().to_string().ends_with(words), "{error:?}");
    }
    assert_eq!(server.requests_to("webwxuploadmedia"), 2);
    client.send_once(&outbox, "key", &friend, image).unwrap();
}

/// A message in doubt stays in doubt, whatever fails when it is resumed.
pub(crate) fn a_message_in_doubt_is_never_reported_as_not_sent<T: Transport>() {
    let (server, record) = (server(&["drop=after@webwxsendmsgimg"]), Record::default());
    let friend = friend(&server);
    let mut policy = policy();
    policy.resend_within = Duration::ZERO;
    let client = T::new(session(&server), policy, None);
    let outbox = Outbox::with_storage(record.clone()).unwrap();
    let outcome = |client: &T, outbox: &Outbox, to: &Recipient| {
        client.send_once(outbox, "key", to, small()).unwrap_err().outcome()
    };
    assert_eq!(outcome(&client, &outbox, &friend), Outcome::Unknown);
    // The message is resumed too late, in another login, and while the record cannot be written.
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(outcome(&client, &outbox, &friend), Outcome::Unknown);
    assert_eq!(outcome(&unreachable_client::<T>(), &outbox, &friend), Outcome::Unknown);
    record.0.lock().unwrap().fault = Some(Fault { call: 0, once: false, kind: WriteFault::Half });
    client.send_once(&outbox, "other", &friend, small()).unwrap_err();
    assert_eq!(outcome(&client, &outbox, &friend), Outcome::Unknown);
    assert_eq!(server.messages().len(), 1);
}

pub(crate) fn a_message_that_was_given_up_is_never_sent_again<T: Transport>() {
    let (server, record) = (server(&["drop=after@webwxsendmsgimg"]), Record::default());
    let friend = friend(&server);
    let mut policy = policy();
    policy.message_tries = 1;
    let client = T::new(session(&server), policy, None);
    let outbox = Outbox::with_storage(record.clone()).unwrap();
    client.send_once(&outbox, "key", &friend, small()).unwrap_err();
    assert!(outbox.give_up("key").unwrap());
    assert!(!outbox.give_up("key").unwrap() && !outbox.give_up("none").unwrap());
    // The key is refused in this process and in another one, in this login and in another one,
    // early and late.
    for outbox in [outbox, Outbox::with_storage(record.again()).unwrap()] {
        assert_eq!(outbox.state("key"), Some(MessageState::GivenUp));
        for client in [&client, &unreachable_client::<T>()] {
            let error = client.send_once(&outbox, "key", &friend, small()).unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown);
            assert!(error.chain().to_string().contains("given up"), "{error:?}");
        }
        let (key, to) = ("key".to_owned(), friend.clone());
        outbox.plan(Value::Null, [(key, to, "image".to_owned())]).unwrap_err();
    }
    assert_eq!(server.messages().len(), 1);
}

/// Returns a client of another login whose server no longer exists.
fn unreachable_client<T: Transport>() -> T {
    let stopped = Emulator::start().unwrap();
    let session = session_of(&stopped);
    stopped.stop();
    T::new(session, policy(), None)
}

pub(super) fn session_of(server: &Emulator) -> Session {
    Session::from_json_allow_loopback(server.session_json()).unwrap()
}
