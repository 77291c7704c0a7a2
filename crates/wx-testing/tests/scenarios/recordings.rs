//! Videos and voice messages that are received.

use wx_emulator::Incoming;
use wx_proto::{Advice, Attachment, Message};
use wx_testing::images::noise;
use wx_testing::samples::TINY_MP4;

use super::{
    FetchInto, Transport, UNREACHABLE, assert_secret_free, client, place, policy, server, session,
};

fn mp4() -> Vec<u8> {
    [TINY_MP4, &noise(700_000)].concat()
}

fn mp3() -> Vec<u8> {
    [b"\xff\xfb\x90\0", &noise(3000)[..]].concat()
}

fn received<T: Transport>(client: &T, server: &place::Server, incoming: Incoming) -> Message {
    server.deliver(incoming);
    client.batches(1).pop().unwrap().unwrap().pop().unwrap()
}

pub(crate) fn videos_and_voice_messages_arrive_byte_for_byte<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    let dir = tempfile::tempdir().unwrap();
    for (incoming, bytes, call, extension) in [
        (Incoming::video(mp4()), mp4(), "webwxgetvideo", "mp4"),
        (Incoming::voice(mp3()), mp3(), "webwxgetvoice", "mp3"),
    ] {
        let message = received(&client, &server, incoming);
        let attachment = message.attachment().unwrap();
        let path = dir.path().join(attachment.file_name(None));
        let fetched = client.fetch_attachment(&attachment, FetchInto::Path(path.clone())).unwrap();
        assert!(std::fs::read(&path).unwrap() == bytes, "other bytes");
        assert_eq!((fetched.bytes, fetched.format), (bytes.len() as u64, None));
        assert_eq!(path.extension().unwrap(), extension);
        assert_eq!(server.requests_to(call), 1);
        let saved = serde_json::to_string(&attachment).unwrap();
        assert_eq!(serde_json::from_str::<Attachment>(&saved).unwrap(), attachment);
        let mut cover = Vec::new();
        match message.cover() {
            Some(attachment) => {
                client.fetch_attachment(&attachment, FetchInto::Vec(&mut cover)).unwrap();
                assert!(cover.starts_with(b"\xff\xd8"), "the cover is no JPEG");
            }
            None => assert_eq!(call, "webwxgetvoice"),
        }
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

pub(crate) fn faults_while_receiving_videos<T: Transport>() {
    for (fault, requests, advice) in [
        ("empty@webwxgetvideo#1", 2, None),
        ("cut=600@webwxgetvideo#1", 2, None),
        ("chunked@webwxgetvideo", 1, None),
        ("empty@webwxgetvideo", 3, Some(Advice::CheckMessage)),
        ("html@webwxgetvideo", 1, Some(Advice::CheckProxy)),
        ("ret=1101@webwxgetvideo", 1, Some(Advice::LoginAgain)),
        ("status=206@webwxgetvideo", 1, Some(Advice::Report)),
    ] {
        let server = server(&[fault]);
        let mut policy = policy();
        policy.recording_wait = policy.back_off;
        let client = T::new(session(&server), policy, Some(UNREACHABLE));
        let message = received(&client, &server, Incoming::video(mp4()));
        let mut got = Vec::new();
        let attachment = message.attachment().unwrap();
        let result = client.fetch_attachment(&attachment, FetchInto::Vec(&mut got));
        assert_eq!(server.requests_to("webwxgetvideo"), requests, "{fault}");
        assert_eq!(result.as_ref().err().map(|error| error.advice()), advice, "{fault}");
        assert!(got == if advice.is_none() { mp4() } else { Vec::new() }, "{fault}");
        result.err().into_iter().for_each(|error| assert_secret_free(&server, &error));
    }
}
