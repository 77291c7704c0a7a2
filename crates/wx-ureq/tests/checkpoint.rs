//! The states that a send stores, and the login that they belong to.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use wx_emulator::Emulator;
use wx_ureq::wx_proto::{Error, ErrorKind, Recipient, Session};
use wx_ureq::{CheckpointStore, Client, Source};

fn client(emulator: &Emulator) -> Client {
    let session = Session::from_json_allow_loopback(emulator.session_json()).unwrap();
    Client::new(session).unwrap()
}

#[test]
fn a_send_with_a_checkpoint_stores_its_states() {
    let emulator = Emulator::start().unwrap();
    let client = client(&emulator);
    let states = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&states);
    let store = CheckpointStore::new(move |snapshot| {
        to.lock().unwrap().push(snapshot.in_doubt());
        Ok(())
    });
    let friend = Recipient::new(emulator.friend()).unwrap();
    let jpeg = &b"\xff\xd8\xff\xfe\0\x02\xff\xfe\0\x02 and so on"[..];
    let source = Source::bytes("a.jpg", jpeg);
    client.send_image(&friend, source).checkpoint(store).run().unwrap();
    let states = std::mem::take(&mut *states.lock().unwrap());
    assert!(states.len() >= 3 && states.iter().filter(|doubt| **doubt).count() == 1, "{states:?}");
    assert_eq!(states.last(), Some(&true), "the message, before it left");

    let full = CheckpointStore::new(|_| Err(std::io::ErrorKind::StorageFull.into()));
    let source = Source::bytes("a.jpg", jpeg);
    let sent = client.send_image(&friend, source).checkpoint(full).run();
    assert!(matches!(sent.unwrap_err().kind, ErrorKind::Source(_)));
    assert_eq!(emulator.messages().len(), 1, "what cannot be stored does not leave");
}

#[test]
fn messages_are_those_of_one_login() {
    let emulator = Emulator::start().unwrap();
    let client = client(&emulator);
    let mut messages = client.messages();
    client.session_cell().lend(Session::clear_login);
    let error: Error = messages.next().unwrap().unwrap_err();
    assert_eq!(error.kind, ErrorKind::LoginChanged);
    assert!(messages.next().is_none() && emulator.requests().is_empty());
}
