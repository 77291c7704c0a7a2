use std::time::Duration;

use wx_proto::flow::{CertificateProblem, Flow, SendMessage, TransportError, TransportErrorKind};
use wx_proto::{
    Advice, Dimensions, Error, ErrorKind, Md5, Policy, ReplyError, RequestError, Ret, Session,
    Step, Uploaded,
};

use wx_testing::harness::*;

fn run(
    len: usize,
    answers: impl IntoIterator<Item = Answer>,
) -> (Harness, Result<Uploaded, Error>) {
    let bytes = jpeg(len);
    let policy = Policy::default();
    let mut harness = Harness::new(bytes.clone(), answers);
    let result = harness.run(&mut upload(&bytes, &policy).unwrap());
    (harness, result)
}

/// Joins the file parts of the requests.
pub(crate) fn assembled<'a>(seen: impl IntoIterator<Item = &'a SentRequest>) -> Vec<u8> {
    seen.into_iter().flat_map(|seen| seen.http().body().segments()[1].to_vec()).collect()
}

#[test]
fn p24_p28_p36_three_chunks_one_after_the_other_cover_the_image_once() {
    let len = 2 * CHUNK + 1;
    let (harness, result) = run(len, [middle(), middle(), last("@m", len)]);
    let uploaded = result.unwrap();
    assert_eq!(
        (uploaded.media_id.as_str(), uploaded.thumbnail, uploaded.chunks),
        ("@m", Dimensions::new(100, 71), 3)
    );
    assert_eq!((uploaded.bytes, uploaded.server_byte_count), (len as u64, None));
    assert_eq!(assembled(&harness.seen), jpeg(len));
    let requests: Vec<_> = harness.seen.iter().map(SentRequest::upload_request).collect();
    assert!(requests.iter().all(|request| *request == requests[0]));
    assert_eq!(requests[0]["FileMd5"], uploaded.md5.to_string());
    assert_eq!(requests[0]["ClientMediaId"], SEED.unix_ms.get());
    let indexes: Vec<_> = harness.seen.iter().map(|seen| seen.field("chunk").unwrap()).collect();
    assert_eq!(indexes, ["0", "1", "2"]);
}

#[test]
fn p29_the_md5_is_of_the_whole_image() {
    for len in [12, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
        let chunks = len.div_ceil(CHUNK);
        let answers = std::iter::repeat_n(middle(), chunks - 1).chain([last("@m", len)]);
        let (harness, result) = run(len, answers);
        assert_eq!(result.unwrap().md5, Md5::digest(&jpeg(len)));
        assert_eq!(harness.seen.len(), chunks);
    }
}

#[test]
fn p39_a_chunk_is_repeated_twice_with_the_same_bytes() {
    let len = CHUNK + 5;
    let passing = [
        dropped(),
        unreachable(),
        status(502),
        status(503),
        status(504),
        ok(""),
        ok("{\"BaseResponse\":{\"Re"),
        Answer::Break(500, "{\"Base".into()),
        Answer::Reply(200, vec![("content-length", "900".into())], "{}".into()),
    ];
    for answer in passing {
        let answers =
            [answer.clone(), answer.clone(), middle(), answer.clone(), answer, last("@m", len)];
        let (harness, result) = run(len, answers);
        assert_eq!(result.unwrap().media_id.as_str(), "@m");
        // The wait doubles with each try, and starts again with the next chunk.
        assert_eq!(harness.pauses(), [1, 2, 0, 1, 2]);
        for group in harness.seen.chunks(3) {
            assert!(group.iter().all(|seen| seen.body() == group[0].body()));
        }
    }
}

#[test]
fn p39_three_tries_are_all() {
    let (harness, result) = run(CHUNK + 5, [middle(), dropped(), status(503), dropped()]);
    let error = result.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Network { tries: 3, .. }), "{error:?}");
    assert_eq!(
        (error.step, error.chunk.unwrap().index, error.chunk.unwrap().of),
        (Step::Upload, 1, 2)
    );
    assert_eq!(
        error.chain().to_string(),
        "chunk 2 of 2 could not be uploaded: there was no usable reply in 3 tries: \
         the connection to file.wx.qq.com was closed"
    );
    assert_eq!(error.advice(), Advice::CheckNetwork);
    assert_eq!(harness.seen.len(), 4);
}

#[test]
fn p35_p39_p51_a_verdict_is_final() {
    let rets = [1, -1, -14, 1100, 1101, 1102, 1205, 99_999].map(ret);
    let others = [
        status(500),
        status(403),
        status(302),
        ok("<html></html>"),
        ok("what"),
        ok("{}"),
        ok("{\"a\":1}"),
    ];
    for answer in rets.into_iter().chain(others) {
        for chunk in 0..3 {
            let answers = std::iter::repeat_n(middle(), chunk).chain([answer.clone()]);
            let (harness, result) = run(2 * CHUNK + 5, answers);
            assert!(matches!(result.unwrap_err().kind, ErrorKind::Reply(_)));
            assert_eq!(harness.seen.len(), chunk + 1);
        }
    }
}

#[test]
fn p39_a_bad_certificate_is_final() {
    let certificate = TransportError::never_connected(TransportErrorKind::Certificate(
        CertificateProblem::Expired,
    ));
    let garbled =
        [TransportErrorKind::Protocol, TransportErrorKind::Other].map(TransportError::on_the_way);
    for error in garbled.into_iter().chain([certificate]) {
        let (harness, result) = run(12, [Answer::Fail(error)]);
        assert!(matches!(result.unwrap_err().kind, ErrorKind::Network { tries: 1, .. }));
        assert_eq!(harness.seen.len(), 1);
    }
}

#[test]
fn a_reply_over_the_cap_is_final() {
    let Answer::Reply(_, _, good) = last("@m", 12) else { unreachable!() };
    let (_, result) = run(12, [ok([&good[..], &vec![b' '; 1024 * 1024 - good.len()]].concat())]);
    assert!(result.is_ok());
    let (harness, result) = run(12, [ok(vec![b' '; 1024 * 1024 + 1])]);
    assert_eq!(
        result.unwrap_err().kind,
        ErrorKind::Reply(ReplyError::TooLarge { limit: 1024 * 1024 })
    );
    assert_eq!(harness.seen.len(), 1);
}

#[test]
fn p35_p51_the_media_id_of_a_refused_answer_reaches_no_send() {
    let bytes = jpeg(CHUNK + 5);
    let mut harness = Harness::new(bytes.clone(), [middle(), ret(1205)]);
    let policy = Policy::default();
    let mut flow = SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap();
    let error = harness.run(&mut flow).unwrap_err();
    assert_eq!(
        (error.ret(), error.advice(), &error.uploaded),
        (Some(Ret(1205)), Advice::Wait, &None)
    );
    assert_eq!((harness.seen.len(), harness.messages()), (2, 0));
}

#[test]
fn p36_no_media_id_no_upload() {
    let (harness, result) = run(CHUNK + 5, [middle(), middle()]);
    assert_eq!(result.unwrap_err().kind, ErrorKind::Reply(ReplyError::NoMediaId));
    assert_eq!(harness.seen.len(), 2);
}

#[test]
fn p36_a_media_id_before_the_last_chunk_means_nothing() {
    let early = last("@early", 7);
    let (_, result) = run(CHUNK + 5, [early, last("@m", CHUNK + 5)]);
    assert_eq!(result.unwrap().media_id.as_str(), "@m");
}

#[test]
fn p38_an_odd_start_pos_is_a_warning() {
    for (pos, warning) in [(CHUNK + 5, None), (0, None), (7, Some(7))] {
        let (_, result) = run(CHUNK + 5, [middle(), last("@m", pos)]);
        assert_eq!(result.unwrap().server_byte_count, warning);
    }
}

#[test]
fn a_repeat_that_was_appended_starts_the_upload_over_once() {
    let len = CHUNK + 5;
    for odd in [last("@m", len + CHUNK), last("", len + CHUNK), middle()] {
        let (harness, result) = run(len, [dropped(), middle(), odd, middle(), last("@again", len)]);
        assert_eq!(result.unwrap().media_id.as_str(), "@again");
        let ids: Vec<_> = harness
            .seen
            .iter()
            .map(|seen| seen.upload_request()["ClientMediaId"].as_u64().unwrap())
            .collect();
        let [first, second] = [SEED.unix_ms.get(), SEED.unix_ms.get() + 1];
        assert_eq!(ids, [first, first, first, second, second]);
        assert_eq!(assembled(&harness.seen[3..]), jpeg(len));
    }
}

#[test]
fn a_second_appended_repeat_is_an_error() {
    let len = CHUNK + 5;
    let odd = || last("@m", len + CHUNK);
    let (harness, result) = run(len, [dropped(), middle(), odd(), dropped(), middle(), odd()]);
    let got = (len + CHUNK) as u64;
    let expected = ReplyError::Assembled { expected: len as u64, got };
    assert_eq!(result.unwrap_err().kind, ErrorKind::Reply(expected));
    assert_eq!(harness.seen.len(), 6);
}

#[test]
fn p40_stalls_by_the_page() {
    let (harness, _) = run(12, [last("@m", 12)]);
    assert_eq!(harness.seen[0].request.limits().stall, Duration::from_secs(120));
    assert_eq!(harness.seen[0].request.limits().total, None);
}

#[test]
fn p41_above_the_limit_the_server_is_asked_first() {
    let bytes = jpeg(CHUNK + 5);
    let mut policy = Policy::default();
    policy.check_above = CHUNK as u64 + 4;
    let run = |answers: Vec<Answer>| {
        let mut harness = Harness::new(bytes.clone(), answers);
        let result = harness.run(&mut upload(&bytes, &policy).unwrap());
        (harness, result)
    };
    let known = ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"@known"}"#);
    let (harness, result) = run(vec![status(503), known]);
    let uploaded = result.unwrap();
    assert_eq!((uploaded.media_id.as_str(), uploaded.chunks), ("@known", 0));
    assert_eq!(harness.endpoints(), ["webwxcheckupload", "webwxcheckupload"]);
    assert_eq!(harness.seen[0].json()["FileMd5"], uploaded.md5.to_string());
    assert_eq!(harness.seen[0].request.limits().stall, Duration::from_secs(30));

    let ticket = ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"","AESKey":"aes","Signature":"sig"}"#);
    let (harness, result) = run(vec![ticket, middle(), last("@m", CHUNK + 5)]);
    assert_eq!(result.unwrap().chunks, 2);
    for chunk in &harness.seen[1..] {
        assert_eq!(
            (&chunk.upload_request()["AESKey"], &chunk.upload_request()["Signature"]),
            (&"aes".into(), &"sig".into())
        );
    }

    let (harness, result) = run(vec![ret(1205)]);
    let error = result.unwrap_err();
    assert_eq!((error.step, error.advice(), harness.seen.len()), (Step::Check, Advice::Wait, 1));

    policy.check_above += 1;
    let mut harness = Harness::new(bytes.clone(), [middle(), last("@m", CHUNK + 5)]);
    harness.run(&mut upload(&bytes, &policy).unwrap()).unwrap();
    assert_eq!(harness.endpoints(), ["webwxuploadmedia"; 2]);
}

#[test]
fn p8_without_a_ticket_nothing_is_read_or_sent() {
    let session = Session::builder("https://wx.qq.com")
        .uin(1)
        .sid("s")
        .skey("k")
        .user_name("@me")
        .build()
        .unwrap();
    let bytes = jpeg(12);
    let policy = Policy::default();
    let error = SendMessage::media(&session, media(&bytes), to(), SEED, policy).unwrap_err();
    assert_eq!(
        (error.step, error.kind),
        (Step::Prepare, ErrorKind::Request(RequestError::NoDataTicket))
    );
}

#[test]
fn progress_reports_step_chunk_and_bytes() {
    let bytes = jpeg(CHUNK + 5);
    let mut policy = Policy::default();
    policy.check_above = 1;
    let mut flow = upload(&bytes, &policy).unwrap();
    assert_eq!(
        (flow.progress().step, flow.progress().total),
        (Step::Digest, Some(CHUNK as u64 + 5))
    );
    let ticket = ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"","AESKey":"aes","Signature":"sig"}"#);
    let mut harness =
        Harness::new(bytes, [dropped(), ticket, middle(), dropped(), last("@m", CHUNK + 5)]);
    // One step is one of the two reads.
    harness.steps_left = 1;
    assert!(harness.run_until_killed(&mut flow).is_none());
    assert_eq!((flow.progress().step, flow.progress().done), (Step::Digest, CHUNK as u64));
    harness.steps_left = 100;
    let mut rows = Vec::new();
    let result = harness.run_inspected(&mut flow, |flow, _| {
        let at = flow.progress();
        rows.push((at.step, at.attempt, at.chunk.map(|chunk| chunk.index), at.done));
    });
    assert!(result.unwrap().is_ok());
    let expected = [
        (Step::Check, Some(1), None, 0),
        (Step::Check, Some(2), None, 0),
        (Step::Upload, Some(1), Some(0), 0),
        (Step::Upload, Some(1), Some(1), CHUNK as u64),
        (Step::Upload, Some(2), Some(1), CHUNK as u64),
    ];
    assert_eq!(rows, expected);
    let end = flow.progress();
    assert_eq!(
        (end.step, end.done, end.chunk, end.in_doubt),
        (Step::Upload, CHUNK as u64 + 5, None, false)
    );
}
