//! Cancels jobs, and continues interrupted ones.

#![allow(clippy::unwrap_used)]

use std::thread;
use std::time::{Duration, Instant};

use wx_emulator::Emulator;
use wx_proto::flow::{Action, Flow, Input, SendMessage, TransportError, TransportErrorKind};
use wx_proto::{
    ErrorKind, IdSource, ImageVariant, Outcome, Policy, Recipient, Session, Step, UnixMs,
};
use wx_ureq::{CancelToken, Client, RunOptions, Sink, Source, drive};

const TINY: &[u8] = include_bytes!("tiny.png");

fn server(faults: &[&str]) -> Emulator {
    faults
        .iter()
        .fold(Emulator::builder(), |builder, fault| builder.fault(fault.parse().unwrap()))
        .start()
        .unwrap()
}

fn client(server: &Emulator, policy: Policy) -> Client {
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    Client::builder(session).policy(policy).build().unwrap()
}

/// Cancels from another thread after a while.
fn cancelled_later() -> CancelToken {
    let token = CancelToken::new();
    let later = token.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(150));
        later.cancel();
    });
    token
}

#[test]
fn a_token_used_before_sends_nothing() {
    let server = server(&[]);
    let token = CancelToken::new();
    token.cancel();
    let to = Recipient::new(server.friend()).unwrap();
    let watch = RunOptions::new().cancel(&token);
    let error = client(&server, Policy::default())
        .send_image(&to, Source::bytes("a.png", TINY))
        .options(watch)
        .run()
        .unwrap_err();
    assert_eq!((error.kind, server.requests().len()), (ErrorKind::Cancelled, 0));
}

#[test]
fn a_long_wait_between_tries_is_interrupted_and_the_message_stays_in_doubt() {
    let server = server(&["drop=after@webwxsendmsgimg"]);
    let client = client(&server, Policy::default());
    let began = Instant::now();
    let watch = RunOptions::new().cancel(&cancelled_later());
    let to = Recipient::new(server.friend()).unwrap();
    let error =
        client.send_image(&to, Source::bytes("a.png", TINY)).options(watch).run().unwrap_err();
    assert_eq!((error.outcome(), error.step), (Outcome::Unknown, Step::Message));
    assert!(began.elapsed() < Duration::from_secs(2), "the policy waits for 15 s");
}

#[test]
fn a_wait_for_a_turn_is_interrupted_and_nothing_is_read_or_sent() {
    let server = server(&[]);
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let client = Client::builder(session).pace(Duration::from_secs(60)).build().unwrap();
    let to = Recipient::new(server.friend()).unwrap();
    client.upload(&to, Source::bytes("a.png", TINY)).run().unwrap();
    let began = Instant::now();
    let watch = RunOptions::new().cancel(&cancelled_later());
    let error =
        client.send_image(&to, Source::bytes("a.png", TINY)).options(watch).run().unwrap_err();
    assert_eq!((error.kind, server.requests().len()), (ErrorKind::Cancelled, 1));
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_callback_stops_it_between_chunks() {
    let server = server(&[]);
    let mut image = TINY.to_vec();
    image.resize(3_000_000, 0);
    let to = Recipient::new(server.friend()).unwrap();
    let token = CancelToken::new();
    let result = client(&server, Policy::default())
        .send_image(&to, Source::bytes("a.png", image))
        .progress(|_| {
            if server.requests_to("webwxuploadmedia") >= 2 {
                token.cancel();
            }
        })
        .cancel(&token)
        .run();
    assert_eq!(result.unwrap_err().kind, ErrorKind::Cancelled);
    assert!(server.requests_to("webwxuploadmedia") <= 3);
}

#[test]
fn a_download_stops_between_pieces_and_leaves_nothing() {
    let server = server(&["trickle=10@webwxgetmsgimg"]);
    let mut image = TINY.to_vec();
    image.resize(200_000, 0);
    let client = client(&server, Policy::default());
    let to = Recipient::new(server.friend()).unwrap();
    let id = client.send_image(&to, Source::bytes("a.png", image)).run().unwrap().msg_id;
    let mut bytes = Vec::new();
    let watch = RunOptions::new().cancel(&cancelled_later());
    let error = client
        .fetch_image(&id, ImageVariant::Original, Sink::vec(&mut bytes))
        .options(watch)
        .run()
        .unwrap_err();
    assert_eq!((error.kind, bytes.len()), (ErrorKind::Cancelled, 0));
}

/// A driver was dropped after the head of a reply, so the next one does not have that reply.
#[test]
fn another_driver_continues_where_one_was_dropped() {
    let server = server(&[]);
    let mut policy = Policy::default();
    policy.back_off = Duration::from_millis(5);
    let client = client(&server, policy.clone());
    let mut source = Source::bytes("a.png", TINY);
    let about = source.media().unwrap();
    let seed = IdSource::process().seed(UnixMs::new(1_700_000_000_000), [3; 16]);
    let to = Recipient::new(server.friend()).unwrap();
    let mut flow = SendMessage::media(&client.session(), about, to, seed, policy).unwrap();
    for _ in 0..10 {
        let input = match client.session_cell().lend(|session| flow.poll(session, Duration::ZERO)) {
            Action::Read(span) => {
                Input::Read(TINY[span.start as usize..(span.end as usize).min(TINY.len())].into())
            }
            Action::Send(id, _) => {
                Input::Head(id, wx_ureq::wx_proto::http::Response::new(()).into_parts().0)
            }
            Action::Receive(_) => break,
            other => panic!("{other:?}"),
        };
        flow.handle(input, Duration::ZERO).unwrap();
    }
    let Action::Receive(id) =
        client.session_cell().lend(|session| flow.poll(session, Duration::ZERO))
    else {
        panic!("no reply to pull")
    };
    drive(client.http(), client.session_cell(), &mut source, &mut flow, &mut RunOptions::new())
        .unwrap();
    assert_eq!(server.messages().len(), 1);
    let late = Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped));
    assert!(flow.handle(late, Duration::ZERO).is_err());
}
