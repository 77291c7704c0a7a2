//! Videos and voice messages ([P81](wx_proto::protocol#p81), [P82](wx_proto::protocol#p82)).

use wx_proto::bytes::Bytes;
use wx_proto::flow::Fetch;
use wx_proto::{
    Advice, Attachment, Error, ErrorKind, Fetched, ImageFormat, Md5, MsgId, Policy, ReplyError,
};

use wx_testing::harness::*;
use wx_testing::samples::TINY_MP4;

const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0 and frames that are not examined";

/// Each kind with its media.
fn recordings() -> [(Attachment, Bytes); 2] {
    let id = || MsgId::new("7").unwrap();
    let video = [TINY_MP4, &[7; 3000]].concat();
    [(Attachment::video(id()), video.into()), (Attachment::voice(id()), Bytes::from_static(MP3))]
}

fn fetch(
    attachment: &Attachment,
    policy: &Policy,
    answers: impl IntoIterator<Item = Answer>,
    piece: usize,
) -> (Harness, Result<Fetched, Error>) {
    let mut harness = Harness::new("", answers);
    harness.piece = piece;
    let flow = Fetch::new(&session(), attachment.clone(), true, SEED, policy.clone());
    let result = harness.run(&mut flow.unwrap());
    (harness, result)
}

fn part(range: String, body: &Bytes) -> Answer {
    Answer::Reply(206, vec![("content-range", range)], body.clone())
}

fn whole(body: &Bytes) -> Answer {
    part(format!("bytes 0-{}/{}", body.len() - 1, body.len()), body)
}

fn served(body: &Bytes) -> Answer {
    Answer::Reply(200, vec![("content-length", body.len().to_string())], body.clone())
}

fn error(result: Result<Fetched, Error>) -> ReplyError {
    match result.unwrap_err().kind {
        ErrorKind::Reply(error) => error,
        kind => panic!("{kind:?}"),
    }
}

#[test]
fn p81_a_recording_is_whole_as_200_and_as_206() {
    for (attachment, bytes) in recordings() {
        for answer in [whole(&bytes), served(&bytes)] {
            for piece in [1, 10, 100_000] {
                let (harness, result) =
                    fetch(&attachment, &Policy::default(), [answer.clone()], piece);
                let fetched = result.unwrap();
                assert!(harness.stored == bytes, "other bytes");
                assert_eq!((fetched.bytes, fetched.format), (bytes.len() as u64, None));
                assert_eq!(fetched.md5, Md5::digest(&bytes));
            }
        }
    }
}

#[test]
fn p81_a_truncated_recording_is_fetched_again_and_a_part_is_refused() {
    for (attachment, bytes) in recordings() {
        let (end, len) = (bytes.len(), bytes.len() as u64);
        let longer = part(format!("bytes 0-{end}/{}", end + 1), &bytes);
        let policy = Policy::default();
        let (harness, result) =
            fetch(&attachment, &policy, [longer.clone(), whole(&bytes)], 100_000);
        assert!(result.is_ok() && harness.stored == bytes, "{result:?}");
        let (harness, result) = fetch(&attachment, &policy, vec![longer; 3], 100_000);
        assert_eq!(error(result), ReplyError::Truncated { expected: Some(len + 1), got: len });
        assert_eq!(harness.seen.len(), 3);
        let (harness, result) =
            fetch(&attachment, &policy, [part(format!("bytes 1-{end}/{}", end + 1), &bytes)], 100);
        assert_eq!(error(result), ReplyError::Status(206));
        assert_eq!((harness.seen.len(), harness.stored.len()), (1, 0));
    }
}

#[test]
fn p82_an_empty_recording_is_tried_twice_more_two_seconds_apart() {
    let chunked = vec![("transfer-encoding", "chunked".to_owned())];
    for (attachment, bytes) in recordings() {
        for (empty, kind) in [
            (served(&Bytes::new()), ReplyError::Empty),
            (Answer::Reply(200, chunked.clone(), Bytes::new()), ReplyError::Empty),
            (Answer::Reply(204, Vec::new(), Bytes::new()), ReplyError::Status(204)),
        ] {
            let answers = [empty.clone(), empty.clone(), whole(&bytes)];
            let (harness, result) = fetch(&attachment, &Policy::default(), answers, 100_000);
            assert!(result.is_ok() && harness.stored == bytes, "{result:?}");
            assert_eq!(harness.pauses(), [2, 2]);
            let (harness, result) =
                fetch(&attachment, &Policy::default(), vec![empty.clone(); 3], 100_000);
            let error = result.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Reply(kind));
            assert_eq!(error.advice(), Advice::CheckMessage);
            assert_eq!(harness.seen.len(), 3);
        }
    }
}

#[test]
fn p81_anything_else_is_named_and_only_an_unknown_format_can_be_kept() {
    let mut keeping = Policy::default();
    keeping.keep_unknown = true;
    for (attachment, _) in recordings() {
        for policy in [&Policy::default(), &keeping] {
            let read = |body: &'static [u8]| {
                fetch(&attachment, policy, [served(&Bytes::from_static(body))], 3)
            };
            assert_eq!(error(read(b"\r\n <!DOCTYPE html>").1), ReplyError::Html);
            let refused = error(read(br#"{"BaseResponse":{"Ret":1101}}"#).1);
            assert!(matches!(refused, ReplyError::Refused { .. }), "{refused:?}");
            let (harness, result) = read(b"#!SILK_V3 and more");
            if policy.keep_unknown {
                assert_eq!(result.unwrap().format, Some(ImageFormat::Unknown));
                assert_eq!(harness.stored, b"#!SILK_V3 and more");
            } else {
                let error = error(result);
                assert!(matches!(error, ReplyError::NotARecording { .. }), "{error:?}");
                assert!(harness.stored.is_empty());
            }
        }
    }
}

#[test]
fn p81_an_unknown_format_is_refused_before_it_is_received() {
    let first = Bytes::from_static(b"#!SILK_V3 and nothing else that was received");
    for (attachment, _) in recordings() {
        // More than can be received in a test, and within the limit.
        let len = Policy::default().fetch_limit(&attachment.kind);
        for piece in [5, 100] {
            let answer = Answer::Break(len, first.clone());
            let (harness, result) = fetch(&attachment, &Policy::default(), [answer], piece);
            let error = error(result);
            assert!(matches!(error, ReplyError::NotARecording { .. }), "{error:?}");
            assert_eq!((harness.seen.len(), harness.stored.len()), (1, 0));
        }
        // JSON is received for its Ret, but only as much as a refusal has.
        let json = Answer::Break(len, Bytes::from([b"{\"a\":\"", &[b'x'; 70_000][..]].concat()));
        let (harness, result) = fetch(&attachment, &Policy::default(), [json], 1000);
        assert_eq!((error(result), harness.seen.len()), (ReplyError::Json, 1));
    }
}

/// A camera may write the index before the data, and old QuickTime has no brands.
#[test]
fn p81_a_video_is_whatever_a_player_plays_as_mp4() {
    let (video, _) = &recordings()[0];
    for first in [
        &b"\0\0\0\x18ftypqt  \0\0\x02\0qt  qt  \0\0\0\x08wide"[..],
        b"\0\0\x12\x34moov\0\0\0\x6cmvhd",
        b"\0\0\0\x08wide\0\x17\x39\xb4mdat",
    ] {
        for rest in [0, 3000] {
            let bytes = Bytes::from([first, &vec![7; rest]].concat());
            for piece in [1, 100_000] {
                let (harness, result) = fetch(video, &Policy::default(), [whole(&bytes)], piece);
                assert_eq!(result.unwrap().format, None);
                assert!(harness.stored == bytes, "other bytes");
            }
        }
    }
}

#[test]
fn p21_a_video_has_the_limit_of_files_and_a_voice_message_that_of_images() {
    let mut policy = Policy::default();
    (policy.max_fetch, policy.max_fetch_file) = (20, 4000);
    for (attachment, bytes) in recordings() {
        let limit = if attachment == recordings()[0].0 { 4000 } else { 20 };
        assert_eq!(policy.fetch_limit(&attachment.kind), limit);
        let longer = Bytes::from([&bytes[..], &[0; 4000]].concat()).slice(..limit as usize + 1);
        let fitting = longer.slice(..limit as usize);
        for answer in [whole as fn(&Bytes) -> Answer, served] {
            assert!(fetch(&attachment, &policy, [answer(&fitting)], 100).1.is_ok());
            let (harness, result) = fetch(&attachment, &policy, [answer(&longer)], 100);
            assert_eq!(error(result), ReplyError::TooLarge { limit });
            assert!(harness.stored.is_empty());
        }
    }
}
