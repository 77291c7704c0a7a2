//! Files are recognised by their length ([P76](wx_proto::protocol#p76),
//! [P77](wx_proto::protocol#p77)).

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, Fetch, Flow, Input};
use wx_proto::http::Response;
use wx_proto::{Advice, Attachment, Error, ErrorKind, Fetched, Md5, Policy, ReplyError, Ret, Step};

use wx_testing::harness::*;

const PAGE: &str = "\r\n<!DOCTYPE html><title>busy</title>";
const REFUSAL: &str = r#"{"BaseResponse":{"Ret":1101,"ErrMsg":""}}"#;

/// Returns a file of this length, or of an unknown one.
fn attachment(len: Option<usize>) -> Attachment {
    serde_json::from_value(json!({
        "msg_id": "7", "kind": "file", "sender": "@a", "media_id": "@cd", "name": "a.bin",
        "len": len,
    }))
    .unwrap()
}

fn flow(len: Option<usize>, restartable: bool, policy: &Policy) -> Fetch {
    Fetch::new(&session(), attachment(len), restartable, SEED, policy.clone()).unwrap()
}

fn headed(name: &'static str, value: impl ToString, body: impl Into<Bytes>) -> Answer {
    Answer::Reply(200, vec![(name, value.to_string())], body.into())
}

fn served(body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    headed("content-length", body.len(), body)
}

fn chunked(body: impl Into<Bytes>) -> Answer {
    headed("transfer-encoding", "chunked", body)
}

/// A body that ends with the connection.
fn unmarked(body: impl Into<Bytes>) -> Answer {
    Answer::Reply(200, vec![], body.into())
}

fn gzipped(body: &[u8]) -> Answer {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    let body = encoder.finish().unwrap();
    let length = body.len().to_string();
    let headers = vec![("content-length", length), ("content-encoding", "gzip".to_owned())];
    Answer::Reply(200, headers, body.into())
}

fn fetch(
    len: Option<usize>,
    answers: Vec<Answer>,
    piece: usize,
) -> (Harness, Result<Fetched, Error>) {
    let mut harness = Harness::new("", answers);
    harness.piece = piece;
    let result = harness.run(&mut flow(len, true, &Policy::default()));
    (harness, result)
}

fn reply_error(result: Result<Fetched, Error>) -> ReplyError {
    match result.unwrap_err() {
        Error { step: Step::Download, kind: ErrorKind::Reply(error), .. } => error,
        error => panic!("{error:?}"),
    }
}

#[test]
fn p76_p77_a_file_is_recognised_by_its_length_alone() {
    let blank = [b' '; 70_000];
    for file in [&b"x"[..], PAGE.as_bytes(), REFUSAL.as_bytes(), &jpeg(5000), &blank] {
        let len = Some(file.len());
        let file = Bytes::copy_from_slice(file);
        let ways = [served(file.clone()), chunked(file.clone()), gzipped(&file)];
        for answer in ways.into_iter().chain([unmarked(file.clone())]) {
            for piece in [file.len() / 5000 + 1, 700, 100_000] {
                let (harness, result) = fetch(len, vec![answer.clone()], piece);
                let fetched = result.unwrap();
                assert!(harness.stored == file, "other bytes");
                assert_eq!((fetched.bytes, fetched.format), (file.len() as u64, None));
                assert_eq!(fetched.md5, Md5::digest(&file));
            }
        }
    }
}

#[test]
fn p76_without_a_length_the_servers_decides() {
    for len in [None, Some(0)] {
        for answer in [served(PAGE), chunked(PAGE), gzipped(PAGE.as_bytes())] {
            let (harness, result) = fetch(len, vec![answer], 5);
            assert_eq!(result.unwrap().bytes, PAGE.len() as u64);
            assert_eq!(harness.stored, PAGE.as_bytes());
        }
        let (harness, result) = fetch(len, vec![unmarked(PAGE)], 5);
        assert_eq!(reply_error(result), ReplyError::NoLength);
        assert!(harness.stored.is_empty() && harness.seen.len() == 1);
    }
}

#[test]
fn p76_a_file_that_is_too_short_or_too_long_is_fetched_again_from_the_start() {
    let file = jpeg(5000);
    let longer = jpeg(5001);
    let truncated = || file.slice(..4999);
    let bad = |got| ReplyError::Truncated { expected: Some(5000), got };
    for (answer, error) in [
        (served(truncated()), bad(4999)),
        (chunked(truncated()), bad(4999)),
        (unmarked(truncated()), bad(4999)),
        (gzipped(&truncated()), bad(4999)),
        (served(longer.clone()), bad(5001)),
        (chunked(longer.clone()), bad(5001)),
        (served(Bytes::from(vec![0; 70_000])), bad(70_000)),
        (headed("content-length", 5000, truncated()), bad(4999)),
    ] {
        let answers = vec![answer.clone(), answer.clone(), served(file.clone())];
        let (harness, result) = fetch(Some(5000), answers, 5001);
        assert_eq!((result.unwrap().bytes, harness.pauses()), (5000, vec![1, 2]));
        assert!(harness.stored == file, "other bytes");
        let (_, result) = fetch(Some(5000), vec![answer; 3], 5001);
        let failed = result.clone().unwrap_err();
        assert!(failed.is_retryable() && failed.advice() == Advice::RetryLater, "{failed:?}");
        assert_eq!(reply_error(result), error);
    }
}

#[test]
fn p76_a_connection_that_is_interrupted_starts_over() {
    let file = jpeg(5000);
    let truncated = Answer::Break(5000, file.slice(..3000));
    let (harness, result) =
        fetch(Some(5000), vec![truncated.clone(), dropped(), served(file.clone())], 900);
    assert_eq!(result.unwrap().md5, Md5::digest(&file));
    assert!(harness.stored == file && harness.pauses() == [1, 2]);
    // No source shows that the server can resume.
    for seen in &harness.seen {
        assert_eq!(seen.endpoint(), "webwxgetmedia");
        assert!(!seen.http().headers().contains_key("range"));
    }
    // A sink that cannot start over is written once.
    let mut harness = Harness::new("", [truncated]);
    let error = harness.run(&mut flow(Some(5000), false, &Policy::default())).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Network { tries: 1, .. }), "{error:?}");
}

#[test]
fn p76_no_bytes_mean_that_the_file_is_not_available() {
    // If the message announces no bytes either, the sender may know why.
    for (len, expected, advice, words) in [
        (Some(1024), ReplyError::Empty, Advice::CheckMessage, "25 MiB"),
        (None, ReplyError::Empty, Advice::CheckMessage, "25 MiB"),
        (Some(0), ReplyError::EmptyFile, Advice::AskSender, "ask the sender"),
    ] {
        for answer in [served(""), chunked(""), gzipped(b"")] {
            let (harness, result) = fetch(len, vec![answer; 3], 10);
            let error = result.clone().unwrap_err();
            assert_eq!(reply_error(result), expected);
            assert_eq!(error.advice(), advice);
            assert!(error.advice().to_string().contains(words));
            assert_eq!((harness.stored.len(), harness.seen.len()), (0, 3));
        }
    }
}

#[test]
fn p77_a_page_or_a_refusal_in_its_place_is_named() {
    let refused = ReplyError::Refused { ret: Ret(1101), message: String::new() };
    let cases = [
        (PAGE, ReplyError::Html, Advice::CheckProxy),
        (REFUSAL, refused, Advice::LoginAgain),
        ("[1]", ReplyError::Json, Advice::Report),
    ];
    for (text, expected, advice) in cases {
        // The Content-Type is ignored.
        let typed = Answer::Reply(
            200,
            vec![
                ("content-length", text.len().to_string()),
                ("content-type", "application/octet-stream".to_owned()),
            ],
            text.into(),
        );
        let ways = [served(text), chunked(text), gzipped(text.as_bytes()), unmarked(text), typed];
        for len in [1, text.len() - 1, text.len() + 1, 5000] {
            for answer in &ways {
                for piece in [1, 1000] {
                    let (harness, result) = fetch(Some(len), vec![answer.clone()], piece);
                    let error = result.clone().unwrap_err();
                    assert_eq!((reply_error(result), error.advice()), (expected.clone(), advice));
                    assert_eq!(harness.seen.len(), 1, "the error is not retried");
                    assert!(harness.stored.len() <= len);
                }
            }
            // If the server announces another length, nothing is written.
            assert!(fetch(Some(len), vec![served(text)], 1).0.stored.is_empty());
        }
    }
}

#[test]
fn p77_text_in_its_place_is_read_to_a_limit() {
    let limit = 64 * 1024;
    let refusal = |len: usize| {
        let head = r#"{"BaseResponse":{"Ret":1101,"ErrMsg":""#;
        [head.as_bytes(), &vec![b'x'; len - head.len() - 3], b"\"}}"].concat()
    };
    let verdict = ReplyError::Refused { ret: Ret(1101), message: "…".to_owned() };
    for (len, expected) in [(limit - 1, verdict), (limit + 1, ReplyError::Json)] {
        let (_, result) = fetch(Some(10), vec![chunked(refusal(len))], 1000);
        assert_eq!(reply_error(result), expected);
    }
    // A long reply that is not the file is not read.
    let announced = Answer::Break(1 << 40, Bytes::new());
    let mut policy = Policy::default();
    policy.max_fetch_file = u64::MAX;
    let mut harness = Harness::new("", vec![announced; 3]);
    let result = harness.run(&mut flow(Some(10), true, &policy));
    let differs = ReplyError::Truncated { expected: Some(10), got: 1 << 40 };
    assert_eq!(reply_error(result), differs);
}

#[test]
fn p21_no_file_above_the_limit_is_fetched() {
    let mut policy = Policy::default();
    policy.max_fetch_file = 4999;
    let file = jpeg(5000);
    for (len, answer) in [
        (None, served(file.clone())),
        (None, chunked(file.clone())),
        (None, gzipped(&vec![0; 100_000])),
        (Some(5000), served(file.clone())),
        (Some(5000), chunked(file.clone())),
    ] {
        let mut harness = Harness::new("", [answer]);
        harness.piece = 1000;
        let error = harness.run(&mut flow(len, true, &policy)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Reply(ReplyError::TooLarge { limit: 4999 }));
        assert_eq!(error.advice(), Advice::RaiseLimit);
        assert!(harness.stored.len() < 5000);
    }
    // Files and images have separate limits.
    policy = Policy::default();
    policy.max_fetch = 10;
    let mut harness = Harness::new("", [served(file)]);
    assert_eq!(harness.run(&mut flow(Some(5000), true, &policy)).unwrap().bytes, 5000);
}

#[test]
fn p76_p77_answers_of_the_vector() {
    let vector: Value =
        serde_json::from_str(include_str!("../../../wx-proto/tests/vectors/getmedia_request.json"))
            .unwrap();
    for case in vector["answers"].as_array().unwrap() {
        let status = u16::try_from(case["status"].as_u64().unwrap()).unwrap();
        let body = vec![b'x'; case["body_length"].as_u64().unwrap_or_default() as usize];
        let mut headers = vec![("content-length", body.len().to_string())];
        if let Some(content_type) = case["content_type"].as_str() {
            headers.push(("content-type", content_type.to_owned()));
        }
        let len = case["file_size"].as_str().and_then(|len| len.parse().ok());
        let answer = Answer::Reply(status, headers, body.clone().into());
        let (harness, result) = fetch(len, vec![answer; 3], 100);
        match case["outcome"].as_str().unwrap() {
            "file" => {
                assert_eq!(result.unwrap().md5, Md5::digest(&body));
                assert_eq!(harness.stored, body);
            }
            "not available" => assert_eq!(reply_error(result), ReplyError::Empty),
            "transport error: too short" => {
                let (expected, got) = (len.map(|len| len as u64), body.len() as u64);
                assert_eq!(reply_error(result), ReplyError::Truncated { expected, got });
            }
            "HTTP error" => assert_eq!(reply_error(result), ReplyError::Status(status)),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn progress_knows_the_length_of_the_file() {
    let mut flow = flow(Some(5000), true, &Policy::default());
    let mut harness = Harness::new("", [chunked(jpeg(5000))]);
    harness.piece = 2000;
    harness.steps_left = 4;
    assert!(harness.run_until_killed(&mut flow).is_none());
    let at = flow.progress();
    assert_eq!((at.step, at.done, at.total), (Step::Download, 4000, Some(5000)));
}

#[test]
fn each_piece_of_a_file_is_dropped_once_it_is_written() {
    const PIECE: usize = 64 * 1024;
    const PIECES: usize = 100;
    let now = std::time::Duration::ZERO;
    let mut flow = flow(Some(PIECES * PIECE), true, &Policy::default());
    let (mut piece, mut pieces) = (Bytes::new(), 0);
    let fetched = loop {
        let input = match flow.poll(&mut session(), now) {
            Action::Send(id, _) => {
                let head = Response::builder().header("content-length", PIECES * PIECE);
                Input::Head(id, head.body(()).unwrap().into_parts().0)
            }
            Action::Receive(id) if pieces == PIECES => Input::End(id),
            Action::Receive(id) => {
                assert!(pieces == 0 || piece.is_unique(), "held after piece {pieces}");
                // It looks like a web page, so its beginning is kept.
                piece = Bytes::from(vec![b'<'; PIECE]);
                pieces += 1;
                Input::Body(id, piece.clone())
            }
            Action::Write(..) => Input::Written,
            Action::Done(done) => break done,
            other => panic!("{other:?}"),
        };
        flow.handle(input, now).unwrap();
    };
    assert_eq!(fetched.unwrap().bytes, (PIECES * PIECE) as u64);
}
