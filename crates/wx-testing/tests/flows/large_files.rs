//! Files above 25 MiB: the check, its ticket, and the parallel upload of the File Transfer Helper
//! ([P73](wx_proto::protocol#p73), [P98](wx_proto::protocol#p98)). The limit is set to a small
//! value, so that the files can be small.

use serde_json::Value;
use wx_proto::bytes::Bytes;
use wx_proto::flow::{ResumeOptions, SendMessage, Snapshot};
use wx_proto::{ErrorKind, Media, MediaFormat, MediaKind, Policy, Recipient, ReplyError, Session};

use wx_testing::harness::{Answer, Harness, SEED, dropped, last, middle, ok, ret, sent, session};

const CHUNK: usize = 524_288;
const LEN: usize = 2 * CHUNK + 1;

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.check_above = 1;
    policy
}

fn bytes() -> Bytes {
    (0..LEN).map(|at| (at % 251) as u8).collect()
}

fn helper() -> Session {
    let builder = Session::builder("https://filehelper.weixin.qq.com").uin(1).sid("s").skey("k");
    builder.user_name("@me").data_ticket("t").build().unwrap()
}

fn flow(session: &Session) -> SendMessage {
    let file = Media::new("big.zip", LEN as u64, &bytes()[..512]).unwrap();
    assert_eq!((file.format(), file.kind()), (MediaFormat::Other, MediaKind::File));
    SendMessage::media(session, file, Recipient::file_helper(), SEED, policy()).unwrap()
}

fn unknown() -> Answer {
    ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"","AESKey":"aes","Signature":"sig"}"#)
}

fn known() -> Answer {
    ok(r#"{"BaseResponse":{"Ret":0},"MediaId":"@known","AESKey":"aes","Signature":"sig"}"#)
}

fn part(upload_id: &str, media_id: &str) -> Answer {
    ok(format!(r#"{{"BaseResponse":{{"Ret":0}},"UploadID":"{upload_id}","MediaId":"{media_id}"}}"#))
}

fn parts() -> [Answer; 4] {
    [part("@up", ""), part("", ""), part("", "@m"), sent()]
}

fn request(harness: &Harness, at: usize) -> Value {
    let text = harness.seen[at].field("UploadMediaParallelRequest").unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn p73_above_the_limit_upload_and_message_repeat_the_signature() {
    let mut harness =
        Harness::new(bytes(), [unknown(), middle(), middle(), last("@m", LEN), sent()]);
    harness.run(&mut flow(&session())).unwrap();
    let calls = harness.endpoints();
    assert_eq!(calls[..2], ["webwxcheckupload", "webwxuploadmedia"]);
    for chunk in &harness.seen[1..4] {
        let text = chunk.field("uploadmediarequest").unwrap();
        assert!(text.ends_with(r#","AESKey":"aes","Signature":"sig"}"#), "{text}");
        assert_eq!(chunk.field("mediatype").as_deref(), Some("doc"));
    }
    let message = String::from_utf8(harness.seen[4].body()).unwrap();
    assert!(message.contains(r#""Msg":{"Signature":"sig","Type":6,"#), "{message}");
    assert!(!message.contains("AESKey"), "{message}");
}

#[test]
fn p73_a_file_that_the_server_has_is_not_uploaded_and_its_message_is_signed() {
    for (session, aes_key) in [(session(), Value::Null), (helper(), "aes".into())] {
        let mut harness = Harness::new(bytes(), [known(), sent()]).with_session(&session);
        let sent = harness.run(&mut flow(&session)).unwrap();
        assert_eq!(harness.endpoints(), ["webwxcheckupload", "webwxsendappmsg"]);
        let message = &harness.seen[1].json()["Msg"];
        assert_eq!((&message["Signature"], &message["AESKey"]), (&"sig".into(), &aes_key));
        assert!(message["Content"].as_str().unwrap().contains("<attachid>@known<"));
        assert_eq!(sent.uploaded.unwrap().chunks, 0);
    }
}

#[test]
fn p98_the_parallel_upload_is_made_chunk_by_chunk_under_the_first_replys_id() {
    let answers = [vec![unknown()], parts().to_vec()].concat();
    let mut harness = Harness::new(bytes(), answers).with_session(&helper());
    let sent = harness.run(&mut flow(&helper())).unwrap();
    assert_eq!(sent.uploaded.unwrap().chunks, 3);
    let upload = "webwxuploadmediaparallel";
    assert_eq!(
        harness.endpoints(),
        ["webwxcheckupload", upload, upload, upload, "webwxsendappmsg"]
    );
    let mut randoms = Vec::new();
    for (at, id) in [(1, Value::Null), (2, "@up".into()), (3, "@up".into())] {
        let request = request(&harness, at);
        assert_eq!((&request["Chunk"], &request["Chunks"]), (&(at - 1).into(), &3.into()));
        assert_eq!((&request["UploadID"], &request["TotalLen"]), (&id, &LEN.into()));
        let seen = &harness.seen[at];
        assert_eq!(seen.http().headers()["mmweb_appid"], "wx_webfilehelper");
        randoms.push(seen.http().uri().query().unwrap().to_owned());
    }
    let message = harness.seen[4].json();
    assert_eq!(message["Msg"]["AESKey"], "aes");
    assert_eq!(message["Msg"]["Signature"], "sig");
}

#[test]
fn p98_up_to_the_limit_a_file_takes_the_usual_upload() {
    for (limit, call) in [(LEN, "webwxuploadmedia"), (LEN - 1, "webwxcheckupload")] {
        let answers = match call {
            "webwxcheckupload" => [vec![unknown()], parts().to_vec()].concat(),
            _ => vec![middle(), middle(), last("@m", LEN), sent()],
        };
        let mut policy = policy();
        policy.check_above = limit as u64;
        let file = Media::new("big.zip", LEN as u64, &bytes()[..512]).unwrap();
        let to = Recipient::file_helper();
        let mut flow = SendMessage::media(&helper(), file, to, SEED, policy).unwrap();
        let mut harness = Harness::new(bytes(), answers).with_session(&helper());
        harness.run(&mut flow).unwrap();
        assert_eq!(harness.endpoints()[0], call);
    }
}

#[test]
fn p98_the_same_chunk_again_on_ret_minus_1_five_times_at_most_a_second_apart() {
    let some = |count: usize| vec![ret(-1); count];
    let [first, second, third, message] = parts();
    let answers = [vec![unknown(), first.clone()], some(4), vec![second, third, message]].concat();
    let mut harness = Harness::new(bytes(), answers).with_session(&helper());
    harness.run(&mut flow(&helper())).unwrap();
    for at in 2..7 {
        assert_eq!(request(&harness, at)["Chunk"], 1);
    }
    assert_eq!(harness.pauses(), [0, 0, 1, 1, 1, 1, 0, 0]);
    let queries: std::collections::BTreeSet<_> =
        harness.seen[1..8].iter().map(|seen| seen.http().uri().query().unwrap()).collect();
    assert_eq!(queries.len(), 7, "each request has a different random");

    let answers = [vec![unknown(), first], some(5)].concat();
    let mut harness = Harness::new(bytes(), answers).with_session(&helper());
    let error = harness.run(&mut flow(&helper())).unwrap_err();
    assert_eq!((error.ret().map(|ret| ret.0), harness.seen.len()), (Some(-1), 7));
}

#[test]
fn p98_another_ret_a_missing_id_and_a_missing_media_id_are_failures() {
    let [first, second, ..] = parts();
    let missing = |kind: &ErrorKind| matches!(kind, ErrorKind::Reply(ReplyError::Missing(_)));
    let no_media_id = |kind: &ErrorKind| matches!(kind, ErrorKind::Reply(ReplyError::NoMediaId));
    let refused = |kind: &ErrorKind| match kind {
        ErrorKind::Reply(ReplyError::Refused { ret, .. }) => ret.0 == 1,
        _ => false,
    };
    type Expected = fn(&ErrorKind) -> bool;
    let cases: [(Vec<Answer>, Expected); 3] = [
        (vec![unknown(), ret(1)], refused),
        (vec![unknown(), part("", "")], missing),
        (vec![unknown(), first, second, part("", "")], no_media_id),
    ];
    for (answers, expected) in cases {
        let mut harness = Harness::new(bytes(), answers).with_session(&helper());
        let error = harness.run(&mut flow(&helper())).unwrap_err();
        assert!(expected(&error.kind), "{error:?}");
        assert_eq!(harness.messages(), 0);
    }
}

#[test]
fn p98_killed_after_any_step_the_parallel_upload_continues_with_its_id_and_ticket() {
    let mut resumed = 0;
    for steps in 1..20 {
        let answers = [vec![unknown()], parts().to_vec()].concat();
        let mut killed = Harness::new(bytes(), answers).with_session(&helper());
        killed.steps_left = steps;
        killed.run_until_killed(&mut flow(&helper()));
        let Some(saved) = killed.saved.clone() else { continue };
        let snapshot = Snapshot::from_json(&saved).unwrap();
        let state: Value = serde_json::from_str(&saved).unwrap();
        let acked = state["job"]["upload"]["acked"].as_u64();
        let is_checked = !state["job"]["upload"]["ticket"].is_null();
        let rest = match acked {
            Some(acked) => parts()[acked as usize..].to_vec(),
            None => vec![sent()],
        };
        let check = vec![unknown(); usize::from(acked.is_some() && !is_checked)];
        let at = ResumeOptions { unix_ms: Some(SEED.unix_ms), resend: false };
        let mut flow = SendMessage::resume(&helper(), snapshot, policy(), at).unwrap();
        let mut harness = Harness::new(bytes(), [check, rest].concat()).with_session(&helper());
        harness.run(&mut flow).unwrap();
        let message = harness.seen.last().unwrap().json();
        assert_eq!(message["Msg"]["Signature"], "sig");
        for at in 0..harness.seen.len() {
            if harness.endpoints()[at] == "webwxuploadmediaparallel" {
                let request = request(&harness, at);
                let is_first = request["Chunk"] == 0;
                assert_eq!(request["UploadID"].is_null(), is_first, "{request}");
            }
        }
        resumed += 1;
    }
    assert!(resumed > 6, "{resumed}");
}

/// A chunk whose reply is lost is sent again, as for any upload.
#[test]
fn p98_a_dropped_connection_costs_one_try() {
    let [first, second, third, message] = parts();
    let answers = [unknown(), first, dropped(), second, third, message];
    let mut harness = Harness::new(bytes(), answers).with_session(&helper());
    harness.run(&mut flow(&helper())).unwrap();
    assert_eq!(
        (request(&harness, 2)["Chunk"].clone(), request(&harness, 3)["Chunk"].clone()),
        (1.into(), 1.into())
    );
}
