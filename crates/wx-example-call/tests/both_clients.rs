//! The call and the flow over both clients, through a fault, a cancellation and a crash.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use wx_emulator::{Emulator, Fault};
use wx_example_call::{MarkRead, OpenConversation};
use wx_proto::flow::{Flow, OneCall, Snapshot};
use wx_proto::{Error, ErrorKind, Outcome, Policy, Seed, Session, UserName};

/// The result of a client's driver, and the states that it has saved.
struct DriveResult<T> {
    result: Result<T, Error>,
    saved: Option<Snapshot>,
}

type Store = Arc<Mutex<Option<Snapshot>>>;

fn ureq<F: Flow<Output = Result<T, Error>>, T>(session: &Session, flow: &mut F) -> DriveResult<T> {
    let client = wx_ureq::Client::new(session.clone()).unwrap();
    let (store, saved) = store();
    let mut watch = wx_ureq::RunOptions::new().checkpoint(store);
    let cell = client.session_cell();
    let result = wx_ureq::drive(client.http(), cell, &mut (), flow, &mut watch);
    DriveResult { result, saved: saved.lock().unwrap().clone() }
}

fn reqwest<F: Flow<Output = Result<T, Error>>, T>(
    session: &Session,
    flow: &mut F,
) -> DriveResult<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (store, saved) = store();
    let result = runtime.block_on(async {
        let client = wx_reqwest::Client::new(session.clone()).unwrap();
        let mut watch = wx_reqwest::RunOptions::new().checkpoint(store);
        let cell = client.session_cell();
        wx_reqwest::drive(client.http(), cell, &mut (), flow, &mut watch).await
    });
    DriveResult { result, saved: saved.lock().unwrap().clone() }
}

fn store() -> (wx_ureq::CheckpointStore, Store) {
    let saved = Store::default();
    let to = Arc::clone(&saved);
    let store = wx_ureq::CheckpointStore::new(move |snapshot| {
        *to.lock().unwrap() = Some(snapshot.clone());
        Ok(())
    });
    (store, saved)
}

/// Runs a flow with one of the clients.
fn drive<F, T>(client: &str, session: &Session, flow: &mut F) -> DriveResult<T>
where
    F: Flow<Output = Result<T, Error>>,
{
    if client == "wx-ureq" { ureq(session, flow) } else { reqwest(session, flow) }
}

const CLIENTS: [&str; 2] = ["wx-ureq", "wx-reqwest"];

fn emulator(faults: &[&str]) -> (Emulator, Session, UserName) {
    let mut builder = Emulator::builder().contact("Anna", "");
    for fault in faults {
        builder = builder.fault(fault.parse::<Fault>().unwrap());
    }
    let emulator = builder.start().unwrap();
    let session = Session::from_json_allow_loopback(emulator.session_json()).unwrap();
    let anna = UserName::new(emulator.contact("Anna").unwrap()).unwrap();
    (emulator, session, anna)
}

fn seed() -> Seed {
    wx_ureq::seed().unwrap()
}

/// Returns a policy without waits between tries.
fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.back_off = std::time::Duration::from_millis(1);
    policy
}

#[test]
fn a_custom_call_runs_over_both_clients() {
    for client in CLIENTS {
        let (emulator, session, anna) = emulator(&[]);
        let call = MarkRead::new(anna, seed());
        let mut flow = OneCall::new(call, &session, seed(), policy());
        drive(client, &session, &mut flow).result.unwrap();
        assert_eq!(emulator.requests_to("webwxstatusnotify"), 1, "{client}");
        assert_eq!(emulator.violations(), [""; 0], "{client}: as the official page sends it");
    }
}

#[test]
fn a_custom_flow_survives_a_fault() {
    for client in CLIENTS {
        let faults = ["status=503@webwxbatchgetcontact#1", "drop=after@webwxstatusnotify#1"];
        let (emulator, session, anna) = emulator(&faults);
        let mut flow = OpenConversation::new(&session, anna, seed(), policy());
        let driven = drive(client, &session, &mut flow);
        assert_eq!(driven.result.unwrap(), "Anna", "{client}");
        assert_eq!(emulator.requests_to("webwxbatchgetcontact"), 2, "{client}");
        assert_eq!(emulator.requests_to("webwxstatusnotify"), 2, "{client}");
        assert_eq!(emulator.violations(), [""; 0], "{client}");
    }
}

#[test]
fn it_is_resumed_where_it_was_saved() {
    for client in CLIENTS {
        let (emulator, session, anna) = emulator(&["ret=1@webwxstatusnotify#1"]);
        let mut flow = OpenConversation::new(&session, anna.clone(), seed(), policy());
        let driven = drive(client, &session, &mut flow);
        assert_eq!(driven.result.unwrap_err().outcome(), Outcome::NotSent, "{client}");
        let text = driven.saved.unwrap().to_json();
        let saved = Snapshot::from_json(&text).unwrap();
        let mut flow = OpenConversation::resume(&session, saved, anna, policy()).unwrap();
        assert_eq!(drive(client, &session, &mut flow).result.unwrap(), "Anna", "{client}");
        assert_eq!(emulator.requests_to("webwxbatchgetcontact"), 1, "{client}: not once more");
    }
}

#[test]
fn it_is_cancelled_and_belongs_to_its_login() {
    for client in CLIENTS {
        let (emulator, session, anna) = emulator(&[]);
        let mut flow = OpenConversation::new(&session, anna.clone(), seed(), policy());
        flow.cancel();
        let error = drive(client, &session, &mut flow).result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Cancelled, "{client}");

        let mut flow = OpenConversation::new(&session, anna.clone(), seed(), policy());
        let mut other = session.clone();
        other.clear_login();
        let error = drive(client, &other, &mut flow).result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::LoginChanged, "{client}");
        assert!(emulator.requests().is_empty(), "{client}: nothing has left");
        let snapshot = flow.snapshot().unwrap();
        assert!(OpenConversation::resume(&other, snapshot, anna, policy()).is_err());
    }
}

#[test]
fn a_call_that_must_not_be_made_twice_is_made_once() {
    for client in CLIENTS {
        for (fault, outcome) in [
            ("close-idle=after@webwxstatusnotify", Outcome::NotSent),
            ("drop=after@webwxstatusnotify", Outcome::Unknown),
            ("status=503@webwxstatusnotify", Outcome::Unknown),
            ("ret=1@webwxstatusnotify", Outcome::NotSent),
        ] {
            let (emulator, session, anna) = emulator(&[fault]);
            let mut flow = OneCall::new(MarkRead::new(anna, seed()), &session, seed(), policy());
            flow = flow.once();
            let done = drive(client, &session, &mut flow).result;
            let found = done.map_or_else(|error| error.outcome(), |()| Outcome::NotSent);
            assert_eq!(found, outcome, "{client}: {fault}");
            assert_eq!(emulator.requests_to("webwxstatusnotify"), 1, "{client}: {fault}");
        }
    }
}
