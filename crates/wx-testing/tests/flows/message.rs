use std::time::Duration;

use wx_proto::flow::{Action, Flow, SendMessage};
use wx_proto::{
    Advice, Dimensions, Error, ErrorKind, Outcome, Policy, RequestError, Ret, Sent, Session, Step,
    Uploaded,
};

use wx_testing::harness::*;

fn uploaded(emoticon: bool) -> Uploaded {
    serde_json::from_value(serde_json::json!({
        "media_id": "@m", "thumbnail": [100, 71], "encry_file_name": null, "name": "a.jpg",
        "kind": if emoticon { "emoticon" } else { "image" },
        "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72", "chunks": 1,
        "server_byte_count": null
    }))
    .unwrap()
}

fn flow() -> SendMessage {
    SendMessage::uploaded(&session(), uploaded(false), to(), SEED, Policy::default()).unwrap()
}

fn run(answers: impl IntoIterator<Item = Answer>) -> (Harness, Result<Sent, Error>) {
    let mut harness = Harness::new("", answers);
    let result = harness.run(&mut flow());
    (harness, result)
}

/// Returns the answers that neither accept nor refuse the message.
fn unclear_answers() -> Vec<Answer> {
    vec![
        dropped(),
        status(500),
        status(503),
        status(302),
        status(404),
        ok("<html></html>"),
        ok(""),
        ok("{\"BaseResponse\":{\"Ret\":0"),
        ok("{}"),
        ok(vec![b' '; 2 * 1024 * 1024]),
        Answer::Break(200, "{".into()),
        ok(r#"{"BaseResponse":{"Ret":0},"MsgID":""}"#),
        ok(r#"{"BaseResponse":{"Ret":0},"MsgID":"0"}"#),
    ]
}

#[test]
fn p45_p46_an_unclear_answer_is_repeated_with_the_same_ids() {
    for answer in unclear_answers() {
        let (harness, result) = run([answer.clone(), answer.clone(), answer, sent()]);
        let sent = result.unwrap();
        assert_eq!(sent.msg_id.as_str(), "1036723910963469192");
        assert_eq!(harness.pauses(), [15, 15, 15]);
        assert!(harness.seen.iter().all(|seen| seen.body() == harness.seen[0].body()));
        assert_eq!(harness.seen[0].json()["Msg"]["ClientMsgId"], sent.local_id.as_str());
    }
}

#[test]
fn tries_used_up_without_an_answer_are_uncertain() {
    for answer in unclear_answers() {
        let (harness, result) = run(vec![answer; 4]);
        let error = result.unwrap_err();
        assert!(
            matches!(error.kind, ErrorKind::Uncertain { last: Some(_), tries: 4 }),
            "{error:?}"
        );
        assert!(error.ret().is_none() && std::error::Error::source(&error).is_some(), "{error:?}");
        assert_eq!((error.outcome(), error.advice()), (Outcome::Unknown, Advice::LookAtPhone));
        assert_eq!(error.uploaded.unwrap().media_id.as_str(), "@m");
        assert_eq!(harness.seen.len(), 4);
    }
}

#[test]
fn p49_p51_a_verdict_is_final() {
    let advice = [
        (1205, Advice::Wait),
        (-1, Advice::RetryLater),
        (1100, Advice::LoginAgain),
        (1101, Advice::LoginAgain),
        (1102, Advice::LoginAgain),
        (-14, Advice::LoginAgain),
        (1204, Advice::CheckRecipient),
        (7, Advice::Report),
    ];
    for (code, advice) in advice {
        let (harness, result) = run([ret(code)]);
        let error = result.unwrap_err();
        assert_eq!(
            (error.outcome(), error.ret(), error.advice()),
            (Outcome::NotSent, Some(Ret(code.into())), advice)
        );
        assert_eq!(harness.seen.len(), 1);
    }
}

#[test]
fn a_verdict_after_a_possible_delivery_leaves_it_uncertain() {
    for answer in unclear_answers() {
        let (_, result) = run([answer, ret(1205)]);
        let error = result.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Uncertain { tries: 2, .. }), "{error:?}");
        assert_eq!(error.ret(), Some(Ret(1205)));
        assert_eq!(error.ret(), Some(Ret(1205)));
    }
    let (_, result) = run([dropped(), unreachable(), unreachable(), unreachable()]);
    assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
}

#[test]
fn never_connected_is_not_sent() {
    let (harness, result) = run(vec![unreachable(); 4]);
    let error = result.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Network { tries: 4, .. }));
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(harness.pauses(), [1, 2, 4]);
    let (_, result) = run([unreachable(), ret(1205)]);
    assert_eq!(result.unwrap_err().outcome(), Outcome::NotSent);
    let (_, result) = run([unreachable(), sent()]);
    assert!(result.is_ok());
}

#[test]
fn a_broken_reply_was_delivered_whatever_the_driver_thinks() {
    // `Harness::run` reports a broken reply as "never connected", which is impossible after a head.
    let (_, result) = run([Answer::Break(200, "{".into()), ret(1)]);
    assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
}

#[test]
fn progress_reports_try_and_id_of_the_message() {
    let mut waiting = flow().checkpointed();
    assert!(matches!(waiting.poll(&mut session(), Duration::ZERO), Action::Save(_)));
    assert_eq!(waiting.progress().attempt, None, "not sent yet");
    let mut flow = flow();
    let mut rows = Vec::new();
    let result = Harness::new("", [dropped(), sent()]).run_inspected(&mut flow, |flow, _| {
        let at = flow.progress();
        assert_eq!((at.step, at.done, at.total, at.in_doubt), (Step::Message, 12, Some(12), true));
        rows.push((at.attempt, at.local_id.unwrap()));
    });
    let id = result.unwrap().unwrap().local_id;
    assert_eq!(rows, [(Some(1), id.clone()), (Some(2), id)]);
}

#[test]
fn a_message_that_cannot_be_prepared_keeps_the_upload() {
    let nobody = Session::builder("https://wx.qq.com").uin(1).user_name("@me").build().unwrap();
    let error =
        SendMessage::uploaded(&nobody, uploaded(false), to(), SEED, Policy::default()).unwrap_err();
    assert_eq!(
        (error.step, &error.kind),
        (Step::Prepare, &ErrorKind::Request(RequestError::NotLoggedIn))
    );
    assert_eq!(*error.uploaded.unwrap(), uploaded(false));
}

#[test]
fn p47_a_gif_is_sent_as_an_emoticon() {
    let mut flow =
        SendMessage::uploaded(&session(), uploaded(true), to(), SEED, Policy::default()).unwrap();
    let mut harness = Harness::new("", [sent()]);
    harness.run(&mut flow).unwrap();
    assert_eq!(harness.endpoints(), ["webwxsendemoticon"]);
    assert_eq!(harness.seen[0].json()["Msg"]["Type"], 47);
}

#[test]
fn p2_the_media_id_of_the_last_chunk_is_handed_to_the_base() {
    let bytes = jpeg(CHUNK + 1);
    let policy = Policy::default();
    let mut flow = SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap();
    let mut harness = Harness::new(bytes, [middle(), last("@won", CHUNK + 1), sent()]);
    let sent = harness.run(&mut flow).unwrap();
    assert_eq!(harness.endpoints(), ["webwxuploadmedia", "webwxuploadmedia", "webwxsendmsgimg"]);
    let hosts: Vec<_> = harness.seen.iter().map(|seen| seen.http().uri().host().unwrap()).collect();
    assert_eq!(hosts, ["file.wx.qq.com", "file.wx.qq.com", "wx.qq.com"]);
    let message = harness.seen[2].json();
    assert_eq!(
        (&message["Msg"]["MediaId"], &message["Msg"]["ToUserName"]),
        (&"@won".into(), &"@0a".into())
    );
    assert_eq!(
        (sent.uploaded.as_ref().unwrap().thumbnail, sent.uploaded.as_ref().unwrap().chunks),
        (Dimensions::new(100, 71), 2)
    );
    assert_eq!(harness.seen[2].request.limits().stall, Duration::from_secs(20));
    assert_eq!(flow.progress().step, Step::Message);
}

#[test]
fn a_failed_message_keeps_the_upload_it_was_to_show() {
    let bytes = jpeg(12);
    let policy = Policy::default();
    let mut flow = SendMessage::media(&session(), media(&bytes), to(), SEED, policy).unwrap();
    let error = Harness::new(bytes, [last("@won", 12), ret(-1)]).run(&mut flow).unwrap_err();
    let uploaded = *error.uploaded.unwrap();
    assert_eq!(uploaded.media_id.as_str(), "@won");
    // The upload is saved and loaded within the same login.
    let saved = serde_json::to_string(&uploaded).unwrap();
    assert_eq!(serde_json::from_str::<Uploaded>(&saved).unwrap(), uploaded);
    let mut again =
        SendMessage::uploaded(&session(), uploaded, to(), SEED, Policy::default()).unwrap();
    assert!(Harness::new("", [sent()]).run(&mut again).is_ok());
}
