use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, FetchImage, Flow, Input};
use wx_proto::http::Response;
use wx_proto::{
    Advice, Error, ErrorKind, Fetched, FirstBytes, ImageFormat, ImageVariant, Md5, MsgId, Policy,
    ReplyError, Ret, SourceError, Step,
};

use wx_testing::harness::*;

fn flow(restartable: bool, policy: Policy) -> FetchImage {
    let id = MsgId::new("8997396119269472610").unwrap();
    FetchImage::new(&session(), id, ImageVariant::Original, restartable, SEED, policy).unwrap()
}

fn served(bytes: impl Into<Bytes>) -> Answer {
    let bytes = bytes.into();
    Answer::Reply(200, vec![("content-length", bytes.len().to_string())], bytes)
}

fn run(answers: Vec<Answer>) -> (Harness, Result<Fetched, Error>) {
    let mut harness = Harness::new("", answers);
    let result = harness.run(&mut flow(true, Policy::default()));
    (harness, result)
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

fn gzipped(bytes: &[u8]) -> Answer {
    let Answer::Reply(code, mut headers, body) = served(gzip(bytes)) else { unreachable!() };
    headers.push(("content-encoding", "gzip".into()));
    Answer::Reply(code, headers, body)
}

#[test]
fn p19_p21_any_piece_size_gives_the_same_bytes() {
    let image = jpeg(5000);
    for piece in [1, 2, 3, 7, 12, 15, 16, 17, 1000, 4999, 5000] {
        for answer in [served(image.clone()), gzipped(&image)] {
            let mut harness = Harness::new("", [answer]);
            harness.piece = piece;
            let fetched = harness.run(&mut flow(false, Policy::default())).unwrap();
            assert_eq!(harness.stored, image);
            assert_eq!((fetched.bytes, fetched.format), (5000, Some(ImageFormat::Jpeg)));
            assert_eq!(fetched.md5, Md5::digest(&image));
        }
    }
}

#[test]
fn p19_tiny_images_and_lying_types() {
    let gif = &b"GIF89a\x01\0\x01\0\0\0\0;"[..];
    for piece in [1, 5, 14] {
        let Answer::Reply(code, mut headers, body) = served(gif) else { unreachable!() };
        headers.push(("content-type", "image/jpeg".into()));
        let mut harness = Harness::new("", [Answer::Reply(code, headers, body)]);
        harness.piece = piece;
        assert_eq!(
            harness.run(&mut flow(true, Policy::default())).unwrap().format,
            Some(ImageFormat::Gif)
        );
        assert_eq!(harness.stored, gif);
    }
}

#[test]
fn p20_other_data_than_an_image_is_never_stored() {
    let finals = [
        (served("<!doctype html><title>x</title>"), ReplyError::Html, Advice::CheckProxy),
        (served("{\"BaseResponse\":{\"Ret\":0}}"), ReplyError::Json, Advice::Report),
        (served("[1, 2, 3, 4, 5, 6, 7]"), ReplyError::Json, Advice::Report),
        (
            served("\n{\"BaseResponse\":{\"Ret\":1101,\"ErrMsg\":\"\"}}"),
            ReplyError::Refused { ret: Ret(1101), message: String::new() },
            Advice::LoginAgain,
        ),
        (
            gzipped(b"{\"BaseResponse\":{\"Ret\":1205}}"),
            ReplyError::Refused { ret: Ret(1205), message: String::new() },
            Advice::Wait,
        ),
        (
            served("some plain text of no kind"),
            ReplyError::NotAnImage { first: FirstBytes::new(b"some plain text of no kind") },
            Advice::Report,
        ),
        (status(404), ReplyError::Status(404), Advice::Report),
        (status(500), ReplyError::Status(500), Advice::RetryLater),
        (
            Answer::Reply(206, vec![("content-length", "5000".into())], jpeg(5000)),
            ReplyError::Status(206),
            Advice::Report,
        ),
        (Answer::Reply(200, vec![], jpeg(5000)), ReplyError::NoLength, Advice::CheckProxy),
        (
            Answer::Reply(302, vec![("location", "https://evil.example/x".into())], jpeg(50)),
            ReplyError::Redirect { status: 302, host: Some("evil.example".into()) },
            Advice::CheckProxy,
        ),
    ];
    for (answer, expected, advice) in finals {
        for piece in [1, 1000] {
            let mut harness = Harness::new("", [answer.clone()]);
            harness.piece = piece;
            let error = harness.run(&mut flow(true, Policy::default())).unwrap_err();
            assert_eq!(
                (error.step, &error.kind),
                (Step::Download, &ErrorKind::Reply(expected.clone()))
            );
            assert_eq!(error.advice(), advice);
            assert!(harness.stored.is_empty());
            assert_eq!(harness.seen.len(), 1, "{expected:?} is not retried");
        }
    }
}

fn chunked(bytes: impl Into<Bytes>) -> Answer {
    Answer::Reply(200, vec![("transfer-encoding", "chunked".into())], bytes.into())
}

#[test]
fn p20_an_image_in_chunks_is_complete_when_the_client_says_so() {
    for piece in [1, 1000, 5000] {
        let mut harness = Harness::new("", [chunked(jpeg(5000))]);
        harness.piece = piece;
        let fetched = harness.run(&mut flow(true, Policy::default())).unwrap();
        assert_eq!((fetched.bytes, &harness.stored[..]), (5000, &jpeg(5000)[..]));
    }
    let Answer::Reply(code, mut headers, body) = chunked(gzip(&jpeg(5000))) else { unreachable!() };
    headers.push(("content-encoding", "gzip".into()));
    let (harness, result) = run(vec![Answer::Reply(code, headers, body)]);
    assert_eq!((result.unwrap().bytes, harness.stored.len()), (5000, 5000));
    // An empty body is not an image, and a body that is too large is aborted.
    assert_eq!(run(vec![chunked(""); 3]).1.unwrap_err().kind, ErrorKind::Reply(ReplyError::Empty));
    let mut policy = Policy::default();
    policy.max_fetch = 4999;
    let error = Harness::new("", [chunked(jpeg(5000))]).run(&mut flow(true, policy)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply(ReplyError::TooLarge { limit: 4999 }));
}

#[test]
fn p19_a_page_or_a_verdict_behind_blanks_is_not_an_image() {
    let mut keep = Policy::default();
    keep.keep_unknown = true;
    for blank in ["\n", "\0", "\r\n "] {
        for (page, expected) in [
            ("<html></html>", ReplyError::Html),
            (
                r#"{"BaseResponse":{"Ret":1101,"ErrMsg":""}}"#,
                ReplyError::Refused { ret: wx_proto::Ret(1101), message: String::new() },
            ),
        ] {
            for piece in [1, 24, 1000] {
                let mut harness = Harness::new("", [served(format!("{}{page}", blank.repeat(60)))]);
                harness.piece = piece;
                let error = harness.run(&mut flow(true, keep.clone())).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Reply(expected.clone()), "{piece} {page}");
                assert!(harness.stored.is_empty());
            }
        }
    }
}

#[test]
fn p20_an_unknown_image_is_refused_at_its_first_bytes_and_kept_only_on_request() {
    let unknown = &b"\0\0\0\x20ftypisom and so on, to an end that is far away"[..];
    let mut keep = Policy::default();
    keep.keep_unknown = true;
    for piece in [1, 7, 1000] {
        let fetch = |answer: Answer, policy: &Policy| {
            let mut harness = Harness::new("", vec![answer; 3]);
            harness.piece = piece;
            (harness.run(&mut flow(true, policy.clone())), harness)
        };
        let (refused, harness) = fetch(served(unknown), &Policy::default());
        let refused = refused.unwrap_err();
        assert!(
            refused
                .chain()
                .to_string()
                .ends_with("it begins with 00 00 00 20 66 74 79 70 69 73 6f…"),
            "{refused}"
        );
        assert!(harness.stored.is_empty());
        let (kept, harness) = fetch(served(unknown), &keep);
        let kept = kept.unwrap();
        assert_eq!(
            (kept.format, ImageFormat::Unknown.extension(), &harness.stored[..]),
            (Some(ImageFormat::Unknown), "bin", unknown)
        );
        // Its first bytes decide, so the rest is not received.
        let (refused, harness) = fetch(Answer::Break(5000, unknown.into()), &Policy::default());
        let error = refused.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Reply(ReplyError::NotAnImage { .. })), "{error:?}");
        assert_eq!(harness.seen.len(), 1);
        // HTML pages and JSON are never kept.
        for (text, error) in [("\n<html>", ReplyError::Html), ("[1]", ReplyError::Json)] {
            assert_eq!(fetch(served(text), &keep).0.unwrap_err().kind, ErrorKind::Reply(error));
        }
    }
}

#[test]
fn p20_a_jpeg_is_recognised_at_its_second_marker() {
    let mut image = b"\xff\xd8\xff\xe1\xff\xff".to_vec();
    image.resize(2 + 2 + 0xffff, 7);
    let begun = image.clone();
    image.extend(b"\xff\xdb\0\x02 and what follows");
    let (harness, result) = run(vec![served(image.clone())]);
    assert_eq!(
        (result.unwrap().format, &harness.stored[..]),
        (Some(ImageFormat::Jpeg), &image[..])
    );
    for bad in
        [&b"\xff\xd8\xff"[..], b"\xff\xd8\xff\xe0 a server that begins like an image", &begun]
    {
        let (harness, result) = run(vec![served(bad.to_vec())]);
        assert!(
            matches!(result.unwrap_err().kind, ErrorKind::Reply(ReplyError::NotAnImage { .. })),
            "{}",
            bad.len()
        );
        assert!(harness.stored.is_empty());
    }
}

#[test]
fn p20_empty_truncated_and_passing_statuses_are_tried_three_times() {
    let truncated = || Answer::Break(5000, jpeg(5000).slice(..3000));
    let short = || Answer::Reply(200, vec![("content-length", "5000".into())], jpeg(4999));
    for answer in [
        served(""),
        truncated(),
        short(),
        dropped(),
        unreachable(),
        status(502),
        status(503),
        status(504),
    ] {
        let (harness, result) = run(vec![answer.clone(), answer.clone(), served(jpeg(5000))]);
        assert_eq!(result.unwrap().bytes, 5000);
        assert_eq!((harness.stored.len(), harness.pauses()), (5000, vec![1, 2]));
        let (harness, result) = run(vec![answer; 3]);
        let error = result.unwrap_err();
        assert_eq!(harness.seen.len(), 3);
        if matches!(error.kind, ErrorKind::Reply(ReplyError::Empty)) {
            assert_eq!(error.advice(), Advice::CheckMessage);
        }
    }
}

#[test]
fn a_sink_that_cannot_start_over_is_written_once() {
    let truncated = Answer::Break(5000, jpeg(5000).slice(..3000));
    let mut harness = Harness::new("", [dropped(), truncated]);
    let error = harness.run(&mut flow(false, Policy::default())).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Network { tries: 2, .. }), "{error:?}");
    assert_eq!(harness.seen.len(), 2);
}

#[test]
fn p21_nothing_above_the_cap_is_read_or_stored() {
    let mut policy = Policy::default();
    policy.max_fetch = 4999;
    let mut harness = Harness::new("", [served(jpeg(5000))]);
    let error = harness.run(&mut flow(true, policy.clone())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply(ReplyError::TooLarge { limit: 4999 }));
    assert_eq!(error.advice(), Advice::RaiseLimit);
    assert!(harness.stored.is_empty());
    // A body that is small when compressed and large when decompressed.
    let mut bomb = jpeg(100).to_vec();
    bomb.resize(10_000_000, 0);
    policy.max_fetch = 1_000_000;
    let mut harness = Harness::new("", [gzipped(&bomb)]);
    let error = harness.run(&mut flow(true, policy)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Reply(ReplyError::TooLarge { limit: 1_000_000 }));
    assert!(harness.stored.len() <= 1_000_000);
}

#[test]
fn p37_a_truncated_gzip_is_not_an_image() {
    let packed = gzip(&jpeg(5000));
    for len in [5, 200, packed.len() - 1] {
        let body = packed.slice(..len);
        let headers =
            vec![("content-length", len.to_string()), ("content-encoding", "gzip".into())];
        let (_, result) = run(vec![Answer::Reply(200, headers, body); 3]);
        let error = result.unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::Reply(ReplyError::Truncated { expected: None, .. })),
            "{error:?}"
        );
    }
    let headers = vec![("content-length", "5000".into()), ("content-encoding", "br".into())];
    let (_, result) = run(vec![Answer::Reply(200, headers, jpeg(5000))]);
    assert_eq!(result.unwrap_err().kind, ErrorKind::Reply(ReplyError::Encoding("br".into())));
}

#[test]
fn p20_json_in_the_images_place_is_read_to_a_limit() {
    let limit = 64 * 1024;
    let refused = |len: usize| {
        let head = r#"{"BaseResponse":{"Ret":1101,"ErrMsg":""#;
        served([head.as_bytes(), &vec![b'x'; len - head.len() - 3], b"\"}}"].concat())
    };
    let verdict = ReplyError::Refused { ret: Ret(1101), message: "…".to_owned() };
    for (len, expected) in [(limit, verdict), (limit + 1, ReplyError::Json)] {
        let mut harness = Harness::new("", [refused(len)]);
        harness.piece = 1000;
        let error = harness.run(&mut flow(true, Policy::default())).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Reply(expected));
    }
}

#[test]
fn progress_reports_try_and_bytes_as_they_come() {
    let mut flow = flow(true, Policy::default());
    let mut harness = Harness::new("", [dropped()]);
    // One step is the request, and one the wait.
    harness.steps_left = 2;
    assert!(harness.run_until_killed(&mut flow).is_none());
    let Action::Send(id, _) = flow.poll(&mut session(), harness.now) else { panic!() };
    let mut rows = Vec::new();
    let head = Response::builder().header("content-length", 5000).body(()).unwrap().into_parts().0;
    for input in [
        Input::Head(id, head),
        Input::Body(id, jpeg(3000)),
        Input::Written,
        Input::Body(id, jpeg(2000)),
        Input::Written,
        Input::End(id),
    ] {
        let at = flow.progress();
        assert_eq!((at.step, at.attempt), (Step::Download, Some(2)));
        rows.push((at.done, at.total));
        flow.handle(input, harness.now).unwrap();
    }
    let total = Some(5000);
    let known = [0, 3000, 3000, 5000, 5000].map(|done| (done, total));
    assert_eq!((rows[0], &rows[1..]), ((0, None), &known[..]));
    let end = flow.progress();
    assert_eq!((end.done, end.total, end.attempt), (5000, total, Some(2)));
}

#[test]
fn a_sink_that_fails_ends_it() {
    let mut harness = Harness::new("", [served(jpeg(5000))]);
    harness.write_error = Some(SourceError::new(std::io::ErrorKind::StorageFull, "no space left"));
    let error = harness.run(&mut flow(true, Policy::default())).unwrap_err();
    assert_eq!(error.chain().to_string(), "the download failed: no space left");
}
