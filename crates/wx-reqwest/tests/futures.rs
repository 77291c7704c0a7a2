//! What is special about futures: they are `Send`, and dropping one loses nothing.

#![allow(clippy::unwrap_used)]

use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use async_compat::Compat;
use wx_emulator::Emulator;
use wx_proto::flow::{Action, FetchImage, Flow, SendImage};
use wx_proto::{IdSource, ImageSize, MsgId, Policy, Session, UserName};
use wx_reqwest::{Client, Media, Sink, Source, Watch, drive};

const TINY: &[u8] = include_bytes!("tiny.png");

fn picture() -> Vec<u8> {
    let mut picture = TINY.to_vec();
    picture.resize(1_200_000, 7);
    picture
}

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.message_wait = Duration::from_millis(20);
    policy.back_off = Duration::from_millis(5);
    policy
}

fn client(server: &Emulator) -> Client {
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    Client::builder(session).policy(policy()).build().unwrap()
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn everything_is_send() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Client>();
    let server = Emulator::start().unwrap();
    let (client, to) = (client(&server), UserName::new("filehelper").unwrap());
    let (mut media, mut watch) = (Source::bytes("a", TINY), Watch::new());
    let about = pollster::block_on(media.picture(&policy())).unwrap();
    let seed = IdSource::process().seed(1, [0; 16]);
    let mut flow = SendImage::new(client.session(), about, to.clone(), seed, policy()).unwrap();
    drop(is_send(drive(client.http(), &mut media, &mut flow, &mut watch)));
    let uploaded = pollster::block_on(Compat::new(client.upload(&to, Source::bytes("a", TINY)))).unwrap();
    let (id, size) = (MsgId::new("1").unwrap(), ImageSize::Original);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let source = || Source::bytes("a", TINY);
    // Every async method of a client, plain and watched.
    drop(is_send(client.send_image(&to, source())));
    drop(is_send(client.send_image_with(&to, source(), Watch::new().progress(|_| ()))));
    drop(is_send(client.upload(&to, source())));
    drop(is_send(client.upload_with(&to, source(), Watch::new().progress(|_| ()))));
    drop(is_send(client.send_uploaded(&to, &uploaded)));
    drop(is_send(client.send_uploaded_with(&to, &uploaded, Watch::new().progress(|_| ()))));
    drop(is_send(client.fetch_image(&id, size, Sink::vec(&mut first))));
    let progress = Watch::new().progress(|_| ());
    drop(is_send(client.fetch_image_with(&id, size, Sink::writer(&mut second), progress)));
    // And of a source and a sink.
    let mut source = source();
    drop(is_send(source.picture(&policy())));
    drop(is_send(Media::load(&mut source, 0..1)));
    drop(is_send(Source::reader("a", TINY, 0, 1)));
    drop(is_send(Sink::path("a").finish()));
    drop(is_send(Source::path("a")));
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

/// Drives a flow with futures that are dropped after 1, 2, 3 … polls, until one gets to the end.
async fn drive_in_pieces<F: Flow>(
    client: &Client,
    media: &mut impl Media,
    flow: &mut F,
) -> (F::Output, usize) {
    // One more each time at first, so that every await is met, then faster.
    for polls in (1..40).chain((40..1000).step_by(40)) {
        let mut watch = Watch::new();
        if let Some(output) = poll_times(drive(client.http(), media, flow, &mut watch), polls).await {
            return (output, polls);
        }
    }
    panic!("never done");
}

#[tokio::test]
async fn an_upload_and_a_download_go_on_after_any_number_of_drops() {
    let server = Emulator::start().unwrap();
    let client = client(&server);
    let to = UserName::new(server.friend()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    std::fs::write(&path, picture()).unwrap();
    let mut source = Source::path(&path).await.unwrap();
    let about = source.picture(&policy()).await.unwrap();
    let mut patient = policy();
    // Every drop costs a try of whatever is under way.
    (patient.back_off, patient.message_wait) = (Duration::ZERO, Duration::ZERO);
    (patient.chunk_tries, patient.fetch_tries, patient.message_tries) = (1000, 1000, 1000);
    let seed = |at| IdSource::process().seed(at, [7; 16]);

    let mut flow =
        SendImage::new(client.session(), about, to, seed(1_700_000_000_000), patient.clone()).unwrap();
    let (sent, drops) = drive_in_pieces(&client, &mut source, &mut flow).await;
    assert!(drops > 2, "only {drops}");
    assert_eq!(server.messages().len(), 1, "one message, however often it was handed out");
    assert!(server.messages()[0].picture == picture());

    let id = sent.unwrap().msg_id;
    let mut bytes = Vec::new();
    for restartable in [true, false] {
        let mut flow = FetchImage::new(
            client.session(),
            id.clone(),
            ImageSize::Original,
            restartable,
            seed(1),
            patient.clone(),
        )
        .unwrap();
        if restartable {
            let target = dir.path().join("b.png");
            let mut sink = Sink::path(&target);
            drive_in_pieces(&client, &mut sink, &mut flow).await.0.unwrap();
            sink.finish().await.unwrap();
            assert!(std::fs::read(&target).unwrap() == picture());
        } else {
            // Nothing can be taken back, so a drop in mid-download ends it: with an error, not with a wrong picture.
            let mut sink = Sink::writer(&mut bytes);
            let (result, _) = drive_in_pieces(&client, &mut sink, &mut flow).await;
            drop(sink);
            assert!(result.is_err() || bytes == picture());
        }
    }
}

#[tokio::test]
async fn a_dropped_send_leaves_the_message_in_doubt_and_the_same_id_goes_out_again() {
    let server = Emulator::builder().fault("delay=300@webwxsendmsgimg#1".parse().unwrap()).start().unwrap();
    let client = client(&server);
    let to = UserName::new(server.friend()).unwrap();
    let mut source = Source::bytes("a.png", TINY);
    let about = source.picture(&policy()).await.unwrap();
    let seed = IdSource::process().seed(1_700_000_000_000, [9; 16]);
    let mut flow = SendImage::new(client.session(), about, to, seed, policy()).unwrap();
    {
        let mut watch = Watch::new();
        let driving = drive(client.http(), &mut source, &mut flow, &mut watch);
        assert!(tokio::time::timeout(Duration::from_millis(200), driving).await.is_err());
    }
    assert!(flow.progress().in_doubt);
    assert!(matches!(flow.poll(Duration::from_secs(3600)), Action::Send(..)));
    let sent = drive(client.http(), &mut source, &mut flow, &mut Watch::new()).await.unwrap();
    assert!(server.requests_to("webwxsendmsgimg") >= 2);
    assert_eq!(server.messages().len(), 1);
    assert_eq!(server.messages()[0].msg_id, sent.msg_id.to_string());
}

#[tokio::test]
async fn a_dropped_download_leaves_nothing() {
    let server = Emulator::builder().fault("trickle=100@webwxgetmsgimg".parse().unwrap()).start().unwrap();
    let client = client(&server);
    let to = UserName::new(server.friend()).unwrap();
    let id = client.send_image(&to, Source::bytes("a.png", picture())).await.unwrap().msg_id;
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = Vec::new();
    for sink in [Sink::path(dir.path().join("a.png")), Sink::vec(&mut bytes)] {
        let fetching = client.fetch_image(&id, ImageSize::Original, sink);
        assert!(tokio::time::timeout(Duration::from_millis(200), fetching).await.is_err());
    }
    assert!(bytes.is_empty());
    // A write that was under way may still be at it; the file's name is gone all the same.
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
