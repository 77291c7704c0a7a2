//! The options of a request.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use wx_emulator::Emulator;
use wx_ureq::wx_proto::flow::{ResumeError, Snapshot};
use wx_ureq::wx_proto::{ErrorKind, Outcome, Profile, Recipient, Session, Site};
use wx_ureq::{
    BuildError, CancelToken, CheckpointStore, Client, Http, LoginError, RunOptions, Source,
};

const TINY: &[u8] = include_bytes!("tiny.png");

fn client(server: &Emulator) -> Client {
    Client::new(Session::from_json_allow_loopback(server.session_json()).unwrap()).unwrap()
}

fn source(len: usize) -> Source {
    let mut image = TINY.to_vec();
    image.resize(len, 0);
    Source::bytes("a.png", image)
}

/// Returns a store, and the state that was stored last.
fn store() -> (CheckpointStore, Arc<Mutex<Option<Snapshot>>>) {
    let last = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&last);
    let store = CheckpointStore::new(move |snapshot| {
        *kept.lock().unwrap() = Some(snapshot.clone());
        Ok(())
    });
    (store, last)
}

#[test]
fn a_stored_job_continues_after_the_chunks_that_were_acknowledged() {
    let server = Emulator::start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    let (store, last) = store();
    let token = CancelToken::new();
    let stopped = client
        .send_image(&to, source(1_300_000))
        .progress(|now| {
            if now.chunk.is_some_and(|chunk| chunk.index == 2) {
                token.cancel();
            }
        })
        .cancel(&token)
        .checkpoint(store)
        .run();
    assert_eq!(stopped.unwrap_err().outcome(), Outcome::NotSent);
    assert_eq!((server.requests_to("webwxuploadmedia"), server.messages().len()), (2, 0));
    let snapshot = last.lock().unwrap().take().unwrap();

    let ours = client.resume_upload(snapshot.clone(), source(1_300_000)).unwrap().run().unwrap();
    assert_eq!((server.requests_to("webwxuploadmedia"), server.messages().len()), (3, 0));
    assert_eq!(ours.bytes, 1_300_000);

    let mut requests = Vec::new();
    let sent = client
        .resume(snapshot, source(1_300_000))
        .unwrap()
        .on_request(|request| requests.push(request.endpoint()))
        .run()
        .unwrap();
    assert_eq!((requests.last(), server.messages().len()), (Some(&"webwxsendmsgimg"), 1));
    assert_eq!(sent.uploaded.as_ref().unwrap().bytes, 1_300_000);
}

#[test]
fn a_message_that_was_left_too_long_ago_leaves_again_only_on_request() {
    let lost = |n| format!("drop=before@webwxsendmsgimg#{n}").parse().unwrap();
    let server = Emulator::builder().fault(lost(1)).fault(lost(2)).start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    let (store, last) = store();
    let token = CancelToken::new();
    let stopped = client
        .send_image(&to, source(100))
        .progress(|now| {
            if now.last_error.is_some() {
                token.cancel();
            }
        })
        .cancel(&token)
        .checkpoint(store)
        .run();
    assert_eq!(stopped.unwrap_err().outcome(), Outcome::Unknown);
    let snapshot = last.lock().unwrap().take().unwrap();
    // The state of a message that left a year before.
    let old = snapshot.to_json();
    let mut old: serde_json::Value = serde_json::from_str(&old).unwrap();
    old["job"]["message"]["handed_out_ms"] = 1_600_000_000_000_u64.into();
    let old = Snapshot::from_json(old.to_string()).unwrap();
    let before = server.messages().len();
    let error = client.resume(old.clone(), source(100)).unwrap().run().unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Uncertain { .. }), "{error:?}");
    assert_eq!(server.messages().len(), before);
    client.resume(old, source(100)).unwrap().resend().run().unwrap();
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn a_message_cancelled_before_it_leaves_is_not_sent() {
    let server = Emulator::start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    let token = CancelToken::new();
    let error = client
        .send_image(&to, source(100))
        .on_request(|request| {
            if request.endpoint() == "webwxsendmsgimg" {
                token.cancel();
            }
        })
        .cancel(&token)
        .run()
        .unwrap_err();
    assert_eq!((error.outcome(), server.requests_to("webwxsendmsgimg")), (Outcome::NotSent, 0));
}

#[test]
fn an_upload_and_the_message_of_an_upload_continue_by_themselves() {
    let server = Emulator::start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    let (store, last) = store();
    let options = RunOptions::new().checkpoint(store);
    let uploaded = client.upload(&to, source(100)).options(options).run().unwrap();
    let finished = last.lock().unwrap().take().unwrap();
    assert_eq!(finished.uploaded(), Some(&uploaded));
    let again = client.resume_upload(finished.clone(), source(100)).map(drop);
    assert_eq!(again, Err(ResumeError::OtherJob));
    assert_eq!((server.requests_to("webwxuploadmedia"), server.messages().len()), (1, 0));
    client.resume_message(finished).unwrap().run().unwrap();
    assert_eq!((server.requests_to("webwxuploadmedia"), server.messages().len()), (1, 1));
}

#[test]
fn messages_that_are_cancelled_end_without_an_error() {
    let server = Emulator::start().unwrap();
    let token = CancelToken::new();
    token.cancel();
    let client = client(&server);
    let mut messages = client.messages().cancel(&token);
    assert!(messages.next().is_none());
    assert!(messages.next().is_none());
}

#[test]
fn a_job_of_another_login_is_refused_before_anything_is_sent() {
    let server = Emulator::start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    let (store, last) = store();
    let _ = client.upload(&to, source(100)).checkpoint(store).run();
    let snapshot = last.lock().unwrap().take().unwrap();
    let other = Session::builder(&server.base()).allow_loopback().uin(7).sid("s").skey("k");
    let other = other.user_name("@other").data_ticket("t").build().unwrap();
    let refused = Client::new(other).unwrap().resume(snapshot, source(100)).map(drop);
    assert_eq!(refused, Err(ResumeError::OtherLogin));
}

#[test]
fn a_cancelled_job_ends_at_once_with_the_certain_outcome() {
    let server =
        Emulator::builder().fault("drop=after@webwxsendmsgimg".parse().unwrap()).start().unwrap();
    let (client, to) = (client(&server), Recipient::new(server.friend()).unwrap());
    let token = CancelToken::new();
    let (began, mut traced) = (Instant::now(), Vec::new());
    let error = client
        .send_image(&to, source(100))
        .progress(|now| {
            if now.last_error.is_some() {
                token.cancel();
            }
        })
        .trace(|exchange| traced.push((exchange.endpoint, exchange.error.is_some())))
        .cancel(&token)
        .run()
        .unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown);
    assert!(began.elapsed() < Duration::from_secs(10), "the policy waits for 15 s");
    assert_eq!(traced.first(), Some(&("webwxuploadmedia", false)));
    assert_eq!(traced.last(), Some(&("webwxsendmsgimg", true)));
}

/// Forwards connections to `server`, and counts them.
fn counted(server: &Emulator) -> (String, Arc<AtomicUsize>) {
    let (listener, to) = (TcpListener::bind("127.0.0.1:0").unwrap(), server.addr());
    let base = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for client in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let (client, server) = (client.unwrap(), TcpStream::connect(to).unwrap());
            for (mut from, mut to) in
                [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)]
            {
                thread::spawn(move || io::copy(&mut from, &mut to));
            }
        }
    });
    (base, count)
}

#[test]
fn sessions_share_an_http_client_of_their_sort() {
    let server = Emulator::start().unwrap();
    let (base, connections) = counted(&server);
    let json = server.session_json().replace(&server.base(), &base);
    let session = Session::from_json_allow_loopback(json).unwrap();
    let http = Http::new(None, session.site()).unwrap();
    for _ in 0..2 {
        let client = Client::builder(session.clone()).http(&http).build().unwrap();
        client.contacts().run().unwrap();
    }
    // No connection is kept if ureq has its feature `cookies`.
    let shared = if cfg!(feature = "_unwanted") { 2 } else { 1 };
    assert_eq!(
        connections.load(Ordering::SeqCst),
        shared,
        "the second request uses the connection of the first"
    );
    Client::new(session).unwrap().contacts().run().unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), shared + 1);
    let real = Session::builder("https://wx.qq.com").uin(7).user_name("@a").build().unwrap();
    assert_eq!(Client::builder(real).http(&http).build().unwrap_err(), BuildError::Loopback);
    let login = Client::login(Site::new(Profile::Web)).http(&http).run();
    assert!(matches!(login, Err(LoginError::Build(BuildError::Loopback))));
}
