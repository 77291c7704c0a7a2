//! Emoticons by MD5 and forwarded messages are messages without an upload, with all guarantees of
//! messages ([P84](wx_proto::protocol#p84), [P87](wx_proto::protocol#p87),
//! [P88](wx_proto::protocol#p88)).

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::flow::{Flow, ResumeError, ResumeOptions, SendMessage, Snapshot};
use wx_proto::http::Response;
use wx_proto::{
    Emoticon, ErrorKind, InlineContent, Message, Outcome, Policy, Recipient, Seed, Session,
};
use wx_testing::harness::*;
use wx_testing::samples::vector;

fn received(fields: &Value) -> Message {
    let mut message = json!({ "MsgId": "7", "FromUserName": "@friend" });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let reply = json!({ "BaseResponse": { "Ret": 0 }, "AddMsgList": [message] });
    let reply = SyncMessages::read(&Response::new(Bytes::from(reply.to_string()))).unwrap();
    reply.messages.into_iter().next().unwrap()
}

/// Returns each kind of content except texts, with the call that sends it.
fn contents() -> Vec<(InlineContent, String)> {
    let emoticon = Emoticon::from_md5("44682e637b75a3f5d6747d61dbd23a15".parse().unwrap());
    let emoticon = (emoticon.into(), "webwxsendemoticon".to_owned());
    let cases = vector("forward")["cases"].as_array().unwrap().clone();
    let forwards = cases.iter().map(|case| {
        let call = case["request"]["path"].as_str().unwrap().rsplit('/').next().unwrap();
        (received(&case["received"]).forward().unwrap().into(), call.to_owned())
    });
    std::iter::once(emoticon).chain(forwards).collect()
}

fn flow(content: &InlineContent) -> SendMessage {
    SendMessage::inline(&session(), content.clone(), to(), SEED, Policy::default()).unwrap()
}

fn run(content: &InlineContent, answers: Vec<Answer>) -> (Harness, Result<(), ErrorKind>) {
    let mut harness = Harness::new("", answers);
    let end = harness.run(&mut flow(content)).map(|_| ()).map_err(|error| error.kind);
    (harness, end)
}

#[test]
fn p84_p87_each_content_is_one_call_and_has_no_upload() {
    for (content, call) in contents() {
        let mut harness = Harness::new("", [sent()]);
        let mut flow = flow(&content);
        let sent = harness.run(&mut flow).unwrap();
        assert_eq!((sent.uploaded, &sent.local_id), (None, &flow.local_id()));
        assert_eq!(harness.endpoints(), [&*call]);
        let scene = if matches!(content, InlineContent::Forward(_)) { 2 } else { 0 };
        assert_eq!(harness.seen[0].json()["Scene"], scene);
        assert_eq!(flow.progress().total, None);
    }
}

#[test]
fn p84_p87_without_a_clear_answer_it_is_repeated_with_its_ids_or_is_in_doubt() {
    for (content, _) in contents() {
        let (harness, end) = run(&content, vec![unreachable(), dropped(), sent()]);
        assert!(end.is_ok());
        assert!(harness.seen.iter().all(|seen| seen.body() == harness.seen[0].body()));
        let (_, end) = run(&content, vec![dropped(), ret(1)]);
        assert!(matches!(end, Err(ErrorKind::Uncertain { .. })), "{end:?}");
        let (harness, end) = run(&content, vec![ret(1205)]);
        assert!(matches!(end, Err(ErrorKind::Reply(_))), "{end:?}");
        assert_eq!(harness.seen.len(), 1);
    }
}

#[test]
fn p87_each_recipient_has_an_id_of_its_own() {
    let (content, _) = contents().pop().unwrap();
    let ids = [1, 2].map(|byte| {
        let seed = Seed { entropy: [byte; 16], ..SEED };
        let to = Recipient::new(format!("@0{byte}")).unwrap();
        let flow = SendMessage::inline(&session(), content.clone(), to, seed, Policy::default());
        let mut harness = Harness::new("", [sent()]);
        harness.run(&mut flow.unwrap()).unwrap();
        let body = harness.seen[0].json();
        assert_eq!(body["Msg"]["LocalID"], body["Msg"]["ClientMsgId"]);
        body["Msg"]["LocalID"].clone()
    });
    assert_ne!(ids[0], ids[1]);
}

/// If the job is killed after any step and resumed, the message is sent once, with the same bytes.
#[test]
fn p84_p87_it_outlives_a_crash() {
    for (content, call) in contents() {
        let mut resumed = 0;
        for steps in 1..10 {
            let mut killed = Harness::new("", [sent()]);
            killed.steps_left = steps;
            killed.run_until_killed(&mut flow(&content));
            let Some(saved) = killed.saved.clone() else { continue };
            let snapshot = Snapshot::from_json(saved).unwrap();
            assert_eq!(snapshot.inline(), Some(&content));
            assert!(!snapshot.needs_media() && snapshot.uploaded().is_none());
            let at = ResumeOptions { unix_ms: Some(SEED.unix_ms), resend: false };
            let policy = Policy::default();
            let mut flow = SendMessage::resume(&session(), snapshot, policy, at).unwrap();
            let mut harness = Harness::new("", [sent()]);
            harness.run(&mut flow).unwrap();
            assert_eq!(harness.endpoints(), [&*call]);
            let mut all = killed.seen.iter().chain(&harness.seen);
            let first = all.next().unwrap().body();
            assert!(all.all(|seen| seen.body() == first));
            resumed += 1;
        }
        assert!(resumed > 1, "{resumed}");
    }
}

#[test]
fn p87_a_checkpointed_forward_is_saved_before_it_leaves_and_is_in_doubt_after_it() {
    for (content, _) in contents() {
        let mut harness = Harness::new("", vec![dropped(); 4]);
        let mut flow = flow(&content).checkpointed();
        let error = harness.run(&mut flow).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
        let last = harness.checkpoints.last().unwrap();
        assert!(last.in_doubt() && last.inline() == Some(&content));
        // A minute later, it is not sent again unless that is asked for.
        let unix_ms = Some(SEED.unix_ms.saturating_add(std::time::Duration::from_secs(90)));
        let resume = |resend| {
            let at = ResumeOptions { unix_ms, resend };
            SendMessage::resume(&session(), last.clone(), Policy::default(), at).unwrap()
        };
        assert!(resume(false).is_over());
        let mut harness = Harness::new("", [sent()]);
        harness.run(&mut resume(true)).unwrap();
    }
}

#[test]
fn p87_a_saved_forward_is_valid_in_its_own_login_only() {
    let other = Session::builder("https://wx.qq.com").uin(9).sid("x").skey("y").data_ticket("t");
    let other = other.user_name("@other").build().unwrap();
    for (content, _) in contents() {
        let snapshot = flow(&content).snapshot().unwrap();
        let at = ResumeOptions { unix_ms: Some(SEED.unix_ms), resend: false };
        let error = SendMessage::resume(&other, snapshot, Policy::default(), at).unwrap_err();
        assert_eq!(error, ResumeError::OtherLogin);
    }
}

#[test]
fn p87_neither_progress_nor_debug_shows_what_is_forwarded() {
    let text = received(&json!({ "MsgType": 1, "Content": "a secret thought" })).forward();
    let file = received(&json!({
        "MsgType": 49, "AppMsgType": 6, "FileName": "secret thought.zip", "FileSize": "1",
        "MediaId": "@cdcd",
    }));
    for forward in [text.unwrap(), file.forward().unwrap()] {
        let flow = flow(&forward.clone().into());
        let snapshot = flow.snapshot().unwrap();
        let shown = [format!("{flow:?}"), format!("{forward:?}"), format!("{snapshot:?}")];
        for shown in shown.into_iter().chain([format!("{:?}", flow.progress())]) {
            assert!(!shown.contains("thought"), "{shown}");
        }
    }
}
