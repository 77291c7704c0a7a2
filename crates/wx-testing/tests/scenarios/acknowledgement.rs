//! Batches that are acknowledged, or not, when a program ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use wx_client::Batch;
use wx_client::session_file::SessionFile;
use wx_emulator::{Emulator, Incoming};

use super::{Transport, place, session};
use crate::life::short_waits;

fn contents(batch: &Batch) -> String {
    batch.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join(",")
}

fn server() -> place::Server {
    place::start(Emulator::builder().hold(Duration::from_millis(50)))
}

/// The variable with the session file of the program that is killed.
const SESSION: &str = "WX_TEST_SESSION";

/// The program: handles the first batch, and hangs while it handles the second one.
#[expect(clippy::print_stderr, reason = "the process that kills this one reads it")]
fn program<T: Transport>(path: &str) {
    let file = SessionFile::open(path).unwrap();
    let client = T::new(file.load_allow_loopback().unwrap(), short_waits(), None);
    let say = |batch: &Batch| eprintln!("got {}", contents(batch));
    let batch = client.next_batch();
    say(&batch);
    file.save(&batch.acknowledge()).unwrap();
    let batch = client.next_batch();
    // As after a webwxsync that renews the login.
    file.save(&client.session()).unwrap();
    say(&batch);
    loop {
        std::thread::park();
    }
}

pub(crate) fn p57_a_batch_comes_again_after_a_kill_unless_it_was_acknowledged<T: Transport>() {
    if let Ok(path) = std::env::var(SESSION) {
        return program::<T>(&path);
    }
    let server = server();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), server.session_json()).unwrap();
    let test = "p57_a_batch_comes_again_after_a_kill_unless_it_was_acknowledged";
    server.deliver(Incoming::text("first"));
    for n in 0..2 {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &format!("{}::{test}", T::TESTS), "--nocapture"]);
        child.env(SESSION, file.path()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = child.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut next =
            || lines.find_map(|line| Some(line.unwrap().strip_prefix("got ")?.to_owned())).unwrap();
        // The batch that the first program has not acknowledged is the first one of the second.
        assert_eq!(next(), ["first", "second"][n]);
        server.deliver(Incoming::text(["second", "third"][n]));
        assert_eq!(next(), ["second", "third"][n]);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let saved = std::fs::read_to_string(file.path()).unwrap();
    let client = T::new(place::read(&saved), short_waits(), None);
    let batch = client.next_batch();
    assert_eq!(contents(&batch), "third");
    let saved = batch.acknowledge().to_json();
    server.deliver(Incoming::text("fourth"));
    let client = T::new(place::read(saved.expose()), short_waits(), None);
    assert_eq!(contents(&client.next_batch()), "fourth");
}

pub(crate) fn an_outstanding_batch_is_received_by_the_next_client<T: Transport>() {
    let server = server();
    let mut policy = short_waits();
    // Each long poll without messages is followed by a webwxsync.
    policy.sync_every = Duration::ZERO;
    let client = T::new(session(&server), policy.clone(), None);
    client.restore().unwrap();
    server.deliver(Incoming::text("first"));
    let first = client.next_batch();
    server.deliver(Incoming::text("second"));
    let second = client.next_batch();
    assert_eq!((contents(&first).as_str(), contents(&second).as_str()), ("first", "second"));
    let texts = |batches: Vec<Result<Vec<wx_proto::Message>, wx_proto::Error>>| {
        batches.into_iter().flat_map(Result::unwrap).map(|message| message.content).collect()
    };
    // Neither is returned again by the same client, also if one is dropped. The session that is
    // saved meanwhile is positioned before both.
    drop(second);
    let mut synced = None;
    let third: Vec<_> = std::thread::scope(|scope| {
        let (server, client) = (&server, &client);
        scope.spawn(|| {
            let before = server.requests_to("webwxsync");
            while server.requests_to("webwxsync") < before + 2 {
                std::thread::sleep(Duration::from_millis(5));
            }
            server.deliver(Incoming::text("third"));
        });
        let saving = |session: &wx_proto::Session| synced = Some(session.to_json());
        texts(client.batches_and_syncs(1, saving))
    });
    assert_eq!(third, ["third"]);
    let next_client = |json: &str| T::new(place::read(json), policy.clone(), None);
    let received: Vec<_> = texts(next_client(synced.unwrap().expose()).batches(1));
    assert_eq!(received, ["first", "second", "third"]);
    // The third batch was acknowledged. A client of the session in memory is a new client too.
    let received: Vec<_> = texts(T::new(client.session(), policy.clone(), None).batches(1));
    assert_eq!(received, ["first", "second"]);
    let received: Vec<_> = texts(next_client(first.acknowledge().to_json().expose()).batches(1));
    assert_eq!(received, ["second"]);
}
