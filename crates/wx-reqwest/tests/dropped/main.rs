//! Drops futures at each of their awaits, once or repeatedly. After that, a job continues, or is
//! known to be in doubt, or has had no effect.

#![allow(clippy::unwrap_used)]

mod messages;
mod streams;

use std::io;
use std::ops::Range;
use std::path::Path;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::task::yield_now;
use wx_emulator::Emulator;
use wx_proto::bytes::Bytes;
use wx_proto::flow::{FetchImage, Flow, ResumeOptions, SendMessage, Snapshot};
use wx_proto::{IdSource, ImageVariant, MsgId, Policy, Recipient, Seed, Session, UnixMs};
use wx_reqwest::{Client, MediaIo, RunOptions, Sink, Source, drive};

/// An image of a little more than two chunks. Decoders ignore the bytes after its end.
fn image() -> Vec<u8> {
    let mut image = include_bytes!("../tiny.png").to_vec();
    image.resize(1_100_000, 7);
    image
}

/// A policy with many tries, because every drop costs one.
fn policy() -> Policy {
    let mut policy = Policy::default();
    (policy.back_off, policy.message_wait) = (Duration::ZERO, Duration::ZERO);
    (policy.chunk_tries, policy.fetch_tries, policy.message_tries) = (1000, 1000, 1000);
    policy
}

fn unix_ms() -> UnixMs {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixMs::EPOCH.saturating_add(since_1970)
}

fn seed() -> Seed {
    IdSource::process().seed(unix_ms(), [7; 16])
}

/// A server, a client, and a recipient.
fn start(faults: &[&str]) -> (Emulator, Client, Recipient) {
    let builder = faults
        .iter()
        .fold(Emulator::builder(), |builder, fault| builder.fault(fault.parse().unwrap()));
    let server = builder.start().unwrap();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let client = Client::builder(session).policy(policy()).build().unwrap();
    let to = Recipient::new(server.friend()).unwrap();
    (server, client, to)
}

async fn send_flow(client: &Client, to: &Recipient, source: &mut Source) -> SendMessage {
    let about = source.media().await.unwrap();
    SendMessage::media(&client.session(), about, to.clone(), seed(), policy()).unwrap()
}

fn fetch_flow(client: &Client, id: &MsgId, restartable: bool) -> FetchImage {
    FetchImage::new(
        &client.session(),
        id.clone(),
        ImageVariant::Original,
        restartable,
        seed(),
        policy(),
    )
    .unwrap()
}

/// Polls `future` this many times, then drops it.
async fn poll_times<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

async fn drive_for<F: Flow>(
    client: &Client,
    media: &mut impl MediaIo,
    flow: &mut F,
    polls: usize,
) -> Option<F::Output> {
    poll_times(
        drive(client.http(), client.session_cell(), media, flow, &mut RunOptions::new()),
        polls,
    )
    .await
}

/// Media whose futures are never ready at once, so that they can be dropped.
struct PendingOnce<M>(M);

impl<M: MediaIo + Send> MediaIo for PendingOnce<M> {
    async fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        yield_now().await;
        let bytes = self.0.read(span).await;
        yield_now().await;
        bytes
    }

    async fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        yield_now().await;
        self.0.write(at, bytes).await?;
        yield_now().await;
        Ok(())
    }
}

/// The fault that sends replies in pieces.
const IN_PIECES: [&str; 2] = ["trickle=100@webwxuploadmedia", "trickle=20@webwxsendmsgimg"];

/// The limit of every loop over polls.
const ENOUGH: usize = 2000;

#[tokio::test]
async fn a_send_dropped_at_any_await_continues() {
    for polls in 1..ENOUGH {
        let (server, client, to) = start(&IN_PIECES);
        let mut source = Source::bytes("a.png", image());
        let mut flow = send_flow(&client, &to, &mut source).await;
        let mut source = PendingOnce(source);
        let early = drive_for(&client, &mut source, &mut flow, polls).await;
        let was_last = early.is_some();
        let sent = match early {
            Some(output) => output,
            None => {
                drive(
                    client.http(),
                    client.session_cell(),
                    &mut source,
                    &mut flow,
                    &mut RunOptions::new(),
                )
                .await
            }
        };
        let messages = server.messages();
        assert_eq!(messages.len(), 1, "dropped after {polls} polls");
        assert!(
            messages[0].media == image() && messages[0].msg_id == sent.unwrap().msg_id.to_string()
        );
        if was_last {
            assert!(polls > 20, "only {polls} awaits");
            return;
        }
    }
    panic!("never done");
}

#[tokio::test]
async fn a_send_dropped_at_any_await_can_be_resumed_or_left() {
    for polls in 1..ENOUGH {
        let (server, client, to) = start(&IN_PIECES);
        let mut source = Source::bytes("a.png", image());
        let mut flow = send_flow(&client, &to, &mut source).await;
        let mut source = PendingOnce(source);
        if drive_for(&client, &mut source, &mut flow, polls).await.is_some() {
            assert!(polls > 20, "only {polls} awaits");
            return;
        }
        let in_doubt = flow.progress().in_doubt;
        let saved = flow.snapshot().map(|snapshot| serde_json::to_string(&snapshot).unwrap());
        drop(flow);
        // If the job is not continued, there is no message, unless the job says that it may have
        // been delivered.
        assert!(in_doubt || server.messages().is_empty(), "dropped after {polls} polls");

        let saved = saved.expect("a send can be saved at any moment");
        let snapshot: Snapshot = serde_json::from_str(&saved).unwrap();
        let at = ResumeOptions { unix_ms: Some(unix_ms()), resend: false };
        let mut flow = SendMessage::resume(&client.session(), snapshot, policy(), at).unwrap();
        let sent = drive(
            client.http(),
            client.session_cell(),
            &mut source,
            &mut flow,
            &mut RunOptions::new(),
        )
        .await
        .unwrap();
        let messages = server.messages();
        assert_eq!(messages.len(), 1, "dropped after {polls} polls and resumed");
        assert!(messages[0].media == image() && messages[0].msg_id == sent.msg_id.to_string());
    }
    panic!("never done");
}

/// Asserts that the directory of `path` contains only the complete image, or nothing. Waits for
/// other threads, which may still work on a file when its future is dropped.
async fn only_a_complete_image(path: &Path, done: bool) {
    let mut files = Vec::new();
    for _ in 0..400 {
        let entries = std::fs::read_dir(path.parent().unwrap()).unwrap();
        files = entries.map(|entry| entry.unwrap().path()).collect();
        let is_complete = || std::fs::read(path).unwrap() == image();
        if (files.is_empty() && !done) || (files == [path] && is_complete()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("done: {done}, left: {files:?}");
}

#[tokio::test]
async fn a_fetch_dropped_at_any_await_continues_or_leaves_nothing() {
    let (_server, client, to) = start(&["trickle=100000@webwxgetmsgimg"]);
    let id = client.send_image(&to, Source::bytes("a.png", image())).await.unwrap().msg_id;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.png");
    for polls in 1..ENOUGH {
        // The job is not continued.
        let left = poll_times(
            client.fetch_image(&id, ImageVariant::Original, Sink::path(&path)).into_future(),
            polls,
        )
        .await;
        only_a_complete_image(&path, left.is_some()).await;
        let _ = std::fs::remove_file(&path);

        // The job is continued.
        let (mut flow, mut sink) = (fetch_flow(&client, &id, true), PendingOnce(Sink::path(&path)));
        let early = drive_for(&client, &mut sink, &mut flow, polls).await;
        let was_last = early.is_some();
        match early {
            Some(output) => output,
            None => {
                drive(
                    client.http(),
                    client.session_cell(),
                    &mut sink,
                    &mut flow,
                    &mut RunOptions::new(),
                )
                .await
            }
        }
        .unwrap();
        sink.0.finish().await.unwrap();
        assert!(std::fs::read(&path).unwrap() == image(), "dropped after {polls} polls");
        std::fs::remove_file(&path).unwrap();
        if was_last && left.is_some() {
            assert!(polls > 10, "only {polls} awaits");
            return;
        }
    }
    panic!("never done");
}

/// Drives a flow with futures that are dropped after 1, 2, 3 … polls, until one is finished.
async fn drive_in_pieces<F: Flow>(
    client: &Client,
    media: &mut impl MediaIo,
    flow: &mut F,
) -> (F::Output, usize) {
    // The number grows by one at first, to reach every await, and then faster.
    for polls in (1..40).chain((40..1000).step_by(40)) {
        if let Some(output) = drive_for(client, media, flow, polls).await {
            return (output, polls);
        }
    }
    panic!("never done");
}

#[tokio::test]
async fn both_continue_after_any_number_of_drops() {
    let (server, client, to) = start(&[]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    std::fs::write(&path, image()).unwrap();
    let mut source = Source::path(&path).await.unwrap();
    let mut flow = send_flow(&client, &to, &mut source).await;
    let (sent, drops) = drive_in_pieces(&client, &mut source, &mut flow).await;
    assert!(drops > 2, "only {drops}");
    assert_eq!(server.messages().len(), 1, "one message, however often it left");
    assert!(server.messages()[0].media == image());

    let id = sent.unwrap().msg_id;
    let target = dir.path().join("b.png");
    let mut sink = Sink::path(&target);
    drive_in_pieces(&client, &mut sink, &mut fetch_flow(&client, &id, true)).await.0.unwrap();
    sink.finish().await.unwrap();
    assert!(std::fs::read(&target).unwrap() == image());

    // Written bytes cannot be undone, so a drop during the download ends it with an error, not with
    // a wrong image.
    let mut bytes = Vec::new();
    let mut sink = Sink::writer(&mut bytes);
    let (result, _) =
        drive_in_pieces(&client, &mut sink, &mut fetch_flow(&client, &id, false)).await;
    drop(sink);
    assert!(result.is_err() || bytes == image());
}

#[tokio::test]
async fn a_dropped_send_leaves_the_message_in_doubt_and_the_same_id_is_sent_again() {
    let (server, client, to) = start(&["delay=300@webwxsendmsgimg#1"]);
    let mut source = Source::bytes("a.png", image());
    let mut flow = send_flow(&client, &to, &mut source).await;
    {
        let mut watch = RunOptions::new();
        let driving =
            drive(client.http(), client.session_cell(), &mut source, &mut flow, &mut watch);
        let until_the_message_is_there = async {
            while server.requests_to("webwxsendmsgimg") == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = driving => panic!("the answer was not late"),
            () = until_the_message_is_there => {}
        }
    }
    assert!(flow.progress().in_doubt);
    let sent =
        drive(client.http(), client.session_cell(), &mut source, &mut flow, &mut RunOptions::new())
            .await
            .unwrap();
    assert!(server.requests_to("webwxsendmsgimg") >= 2);
    assert_eq!(server.messages().len(), 1);
    assert_eq!(server.messages()[0].msg_id, sent.msg_id.to_string());
}

#[tokio::test]
async fn a_download_dropped_halfway_leaves_nothing() {
    let (server, client, to) = start(&["trickle=100@webwxgetmsgimg"]);
    let id = client.send_image(&to, Source::bytes("a.png", image())).await.unwrap().msg_id;
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    for sink in [Sink::path(dir.path().join("a.png")), Sink::vec(&mut bytes)] {
        let fetching = client.fetch_image(&id, ImageVariant::Original, sink);
        assert!(tokio::time::timeout(Duration::from_millis(200), fetching).await.is_err());
    }
    assert_eq!(server.requests_to("webwxgetmsgimg"), 2);
    assert!(bytes.is_empty());
    // A write may still be in progress, but the name of the file is already removed.
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_send_dropped_while_it_waits_for_its_turn_has_sent_nothing() {
    let (server, client, to) = start(&[]);
    let client = Client::builder(Session::clone(&client.session()))
        .pace(Duration::from_secs(60))
        .build()
        .unwrap();
    client.upload(&to, Source::bytes("a.png", image())).await.unwrap();
    let before = server.requests().len();
    let sending = client.send_image(&to, Source::bytes("a.png", image()));
    assert!(tokio::time::timeout(Duration::from_millis(200), sending).await.is_err());
    assert_eq!(server.requests().len(), before);
}
