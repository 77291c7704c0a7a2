//! Replies with bytes that are not valid JSON. In texts of other people they are tolerated, but
//! fields that decide something are parsed strictly.

use proptest::prelude::*;
use serde_json::json;
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::batch_get_contact::BatchGetContact;
use wx_proto::endpoint::check_upload::CheckUpload;
use wx_proto::endpoint::get_contact::GetContact;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::push_login_url::PushLoginUrl;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::endpoint::sync_check::{SyncCheck, SyncStatus};
use wx_proto::endpoint::upload_media::UploadChunk;
use wx_proto::endpoint::{Endpoint, new_login_page::NewLoginPage};
use wx_proto::flow::{ListContacts, NextMessages};
use wx_proto::http::Response;
use wx_proto::{Policy, Profile, ReplyError, Session, Site, UnixMs};

use wx_testing::fuzz::{contact_list, message_list};
use wx_testing::harness::*;

/// Bytes that another person or an intermediary may put into a string.
const ODD: [&[u8]; 8] =
    [b"\xff", b"\xe6\xb1", b"\\ud83d", b"\\ude00\\ud83d", b"\n", b"\x01", b"\\x41", b"\\u12"];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_in_any_string_of_any_element_never_cost_another_element(
        which in any::<u8>(), append in any::<bool>(), bytes in bytes(),
    ) {
        let data = [&[which, append.into()], &bytes[..]].concat();
        message_list::check(&data);
        contact_list::check(&data);
    }
}

/// Arbitrary bytes, and bytes that often break JSON parsers.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let odd = prop::sample::select(&ODD[..]).prop_map(<[u8]>::to_vec);
    let part = prop_oneof![
        odd,
        prop::collection::vec(any::<u8>(), 0..8),
        "[\\\\\"{}\\[\\],:u0-9a-f]{0,6}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
}

/// Returns the template with `bytes` in place of each `%`.
fn with(template: &str, bytes: &[u8]) -> Response<Bytes> {
    let parts: Vec<_> = template.split('%').map(str::as_bytes).collect();
    Response::new(parts.join(bytes).into())
}

#[test]
fn names_and_words_stop_no_call() {
    let _policy = Policy::default();
    for odd in ODD {
        let init = with(
            r#"{"BaseResponse":{"Ret":0,"ErrMsg":"%"},"User":{"UserName":"@me","NickName":"a%b"},"ContactList":[{"UserName":"%"}],"SyncKey":{"Count":1,"List":[{"Key":1,"Val":2}]}}"#,
            odd,
        );
        let name = Init::read(&init).unwrap().nick_name;
        assert!(name.starts_with('a') && name.contains('b'), "{name}");
        let answer = r#"{"BaseResponse":{"Ret":0,"ErrMsg":"%"},"MediaId":"@m","EncryFileName":"%","StartPos":"%","CDNThumbImgHeight":[],"CDNThumbImgWidth":1e999}"#;
        assert!(UploadChunk::read(&with(answer, odd)).unwrap().media_id().is_ok());
        let sent =
            with(r#"{"BaseResponse":{"Ret":0,"ErrMsg":{}},"MsgID":"77","LocalID":"%"}"#, odd);
        assert!(SendMsg::read(&sent).is_ok());
        let pushed = with(r#"{"ret":"0","msg":"%","uuid":"abc=="}"#, odd);
        assert!(PushLoginUrl::read(&pushed).is_ok());
        let check = with("window.synccheck={retcode:\"0\",selector:\"2\",word:\"%\"}", odd);
        assert_eq!(SyncCheck::read(&check), Ok(SyncStatus::Something { selector: 2 }));
        let page = "<error><ret>0</ret><message>%</message><skey>k</skey><wxsid>s</wxsid><wxuin>7</\
         wxuin></error>";
        let (_call, _) = NewLoginPage::from_redirect(
            &"https://wx.qq.com/x?ticket=t".into(),
            &Site::new(Profile::Web),
        )
        .unwrap();
        assert!(NewLoginPage::read(&with(page, odd)).is_ok());
        // A refusal keeps its code, and its message up to the invalid bytes.
        let refused = with(r#"{"BaseResponse":{"Ret":1205,"ErrMsg":"slow%"}}"#, odd);
        let mut measured = refused.clone();
        measured.headers_mut().insert("content-length", refused.body().len().into());
        let image = GetMsgImg::read(&measured);
        for error in [image.unwrap_err(), Init::read(&refused).unwrap_err()] {
            let ReplyError::Refused { ret, message } = error else { panic!("{error}") };
            assert!(ret.0 == 1205 && message.starts_with("slow"), "{message}");
        }
    }
}

#[test]
fn marks_and_nuls_around_an_answer_are_passed_over() {
    let init = r#"{"BaseResponse":{"Ret":0},"User":{"UserName":"@me"}}"#;
    for (before, after) in
        [("\u{feff}", ""), ("", "\0"), ("\0\0", "\0\r\n\0"), ("\u{feff}\0 \u{feff}", "\0\u{feff}")]
    {
        let around = |text: &str| Response::new(Bytes::from(format!("{before}{text}{after}")));
        assert!(Init::read(&around(init)).is_ok(), "{before:?} {after:?}");
        assert!(PushLoginUrl::read(&around(r#"{"ret":"0","uuid":"abc"}"#)).is_ok());
        let check = around("window.synccheck={retcode:\"0\",selector:\"0\"}");
        assert_eq!(SyncCheck::read(&check), Ok(SyncStatus::Nothing));
        assert_eq!(Init::read(&around("")).unwrap_err(), ReplyError::Empty);
        assert_eq!(Init::read(&around("<html>")).unwrap_err(), ReplyError::Html);
        assert_eq!(Init::read(&around(&init[..40])).unwrap_err(), ReplyError::TruncatedJson);
        // Anything else around the JSON is an error, and so are these bytes within it.
        assert!(Init::read(&around(&format!("{init}x"))).is_err());
        if !before.is_empty() {
            assert!(Init::read(&around(&init.replace(':', &format!(":{before}")))).is_err());
        }
    }
}

#[test]
fn decisive_fields_are_read_strictly() {
    let read_init = |text: &str| Init::read(&Response::new(Bytes::from(text.to_owned()))).is_ok();
    let init = r#"{"BaseResponse":{"Ret":0},"User":{"UserName":"@me","NickName":"x"},"SKey":"@k","SyncKey":{"Count":1,"List":[{"Key":1,"Val":2}]}}"#;
    assert!(read_init(init));
    for (once, twice) in [
        ("\"Ret\":0", "\"Ret\":0,\"Ret\":0"),
        ("\"Ret\":0", "\"Ret\":1,\"R\\u0065t\":0"),
        ("\"User\"", "\"BaseResponse\":{\"Ret\":0},\"User\""),
        ("\"SyncKey\"", "\"SyncKey\":{},\"SyncKey\""),
        ("\"Val\":2", "\"Val\":2,\"Val\":3"),
        ("\"Val\":2", "\"Val\":\"x\""),
        ("\"UserName\"", "\"UserName\":\"@x\",\"UserName\""),
        ("\"Ret\":0", "\"Ret\":1e999"),
        ("\"SyncKey\":{", "\"SyncKey\":7,\"x\":{"),
    ] {
        assert!(!read_init(&init.replacen(once, twice, 1)), "{twice}");
    }
    let twice =
        r#"{"BaseResponse":{"Ret":0},"MediaId":"@m","MediaId":"@n","MsgID":"7","MsgID":"8"}"#;
    let damaged = r#"{"BaseResponse":{"Ret":0},"MediaId":"@m%","MsgID":"7%"}"#;
    for odd in ODD {
        for answer in [with(twice, b""), with(damaged, odd)] {
            assert!(UploadChunk::read(&answer).and_then(|accepted| accepted.media_id()).is_err());
            assert!(SendMsg::read(&answer).is_err());
            assert!(CheckUpload::read(&answer).is_err());
        }
        let name = with(&init.replace("@me", "@me%"), odd);
        assert!(Init::read(&name).is_err());
        let uuid = with(r#"{"ret":"0","uuid":"abc%"}"#, odd);
        assert!(PushLoginUrl::read(&uuid).is_err());
    }
    let (_call, _) = NewLoginPage::from_redirect(
        &"https://wx.qq.com/x?ticket=t".into(),
        &Site::new(Profile::Web),
    )
    .unwrap();
    let page = "<error><ret>0</ret><skey>k</skey><wxsid>s</wxsid><wxuin>7</wxuin><pass_ticket>t</\
     pass_ticket></error>";
    for whole in ["k</", "s</", "t</"] {
        let damaged = page.replacen(whole, &whole.replace('<', "%<"), 1);
        assert!(NewLoginPage::read(&with(&damaged, b"\xff")).is_err(), "{damaged}");
    }
}

#[test]
fn an_skey_that_was_damaged_is_not_taken_in() {
    let answer = with(
        r#"{"BaseResponse":{"Ret":0},"SKey":"@k%","ContinueFlag":[],"SyncCheckKey":"odd"}"#,
        b"\xff",
    );
    let batch = SyncMessages::read(&answer).unwrap();
    let mut session = session();
    let before = session.skey().unwrap().expose().clone();
    session.apply_sync(batch, UnixMs::from_secs(1));
    assert_eq!(session.skey().unwrap().expose(), &before);
}

/// Returns a webwxsync reply that moves the position to `n`.
fn batch(n: u32, list: &str, odd: &[u8]) -> Answer {
    let key = format!(r#"{{"Count":1,"List":[{{"Key":1,"Val":{n}}}]}}"#);
    let (_, body) = with(
        &format!(r#"{{"BaseResponse":{{"Ret":0}},"AddMsgList":[{list}],"SyncKey":{key}}}"#),
        odd,
    )
    .into_parts();
    ok(body)
}

fn session_with_key() -> Session {
    let mut file: serde_json::Value = serde_json::from_str(session().to_json().expose()).unwrap();
    file["sync_key"] = json!({ "Count": 1, "List": [{ "Key": 1, "Val": 5 }] });
    Session::from_json(file.to_string()).unwrap()
}

#[test]
fn a_message_that_cannot_be_read_is_passed_for_good() {
    let unreadable = r#"{"MsgId":"7%","MsgType":1,"FromUserName":"@a"}"#;
    for odd in ODD {
        let mut harness = Harness::new("", [batch(6, unreadable, odd), batch(7, "{}", odd)])
            .with_session(&session_with_key());
        let mut flow = NextMessages::new(&session_with_key(), SEED, Policy::default()).unwrap();
        let arrived = harness.run(&mut flow).unwrap();
        assert_eq!(
            (arrived.messages.len(), arrived.skipped.unreadable),
            (0, 1),
            "it is counted at once"
        );
        harness.session.acknowledge(arrived.receipt);
        let saved = harness.session.to_json();
        assert!(saved.expose().contains("\"Val\": 6"), "the position is after it");
    }
    // If the position does not move, the same messages are returned again, so the flow waits.
    let known = r#"{"MsgId":"8","MsgType":1,"FromUserName":"@a"}"#;
    let check = || ok("window.synccheck={retcode:\"0\",selector:\"2\"}");
    let mut harness = Harness::new("", [batch(5, "{}", b""), check(), batch(6, known, b"")])
        .with_session(&session_with_key());
    let mut flow = NextMessages::new(&session_with_key(), SEED, Policy::default()).unwrap();
    assert_eq!(harness.run(&mut flow).unwrap().messages.len(), 1);
}

/// Values in place of a list, and the number of elements that each counts for.
const ODD_LISTS: [(&str, u64); 9] = [
    ("null", 0),
    ("[]", 0),
    ("\"\"", 1),
    ("{}", 1),
    ("7", 1),
    ("1e999", 1),
    ("true", 1),
    ("\"[{}]\"", 1),
    ("{\"0\":{\"MsgId\":\"7\"}}", 1),
];

#[test]
fn an_invalid_list_is_counted_and_skipped() {
    let check = || ok("window.synccheck={retcode:\"0\",selector:\"2\"}");
    let synced = |list: &str, n: u32, count: &str| {
        ok(format!(
            r#"{{"BaseResponse":{{"Ret":0}},"AddMsgCount":{list},"AddMsgList":{list},"ContinueFlag":{list},"SKey":{list},"SyncCheckKey":{list},"SyncKey":{{"Count":{count},"List":[{{"Key":1,"Val":{n}}}]}}}}"#
        ))
    };
    for (list, unreadable) in ODD_LISTS {
        let known = batch(7, r#"{"MsgId":"8","MsgType":1,"FromUserName":"@a"}"#, b"");
        let mut harness = Harness::new("", [synced(list, 6, list), check(), known])
            .with_session(&session_with_key());
        let mut flow = NextMessages::new(&session_with_key(), SEED, Policy::default()).unwrap();
        let arrived = harness.run(&mut flow).unwrap();
        let (requests, messages, val) = if unreadable > 0 { (1, 0, 6) } else { (3, 1, 7) };
        let found = (harness.seen.len(), arrived.messages.len(), arrived.skipped.unreadable);
        assert_eq!(found, (requests, messages, unreadable), "{list}");
        harness.session.acknowledge(arrived.receipt);
        assert!(harness.session.to_json().expose().contains(&format!("\"Val\": {val}")), "{list}");

        let answer = |key: &str| {
            let body = format!(
                r#"{{"BaseResponse":{{"Ret":0}},"{key}":{list},"Count":{list},"Seq":[{list}]}}"#
            );
            Answer::Reply(200, vec![], body.into())
        };
        let mut harness = Harness::new("", [answer("MemberList")]);
        let mut flow = ListContacts::new(&session(), SEED, Policy::default()).unwrap();
        let listed = harness.run(&mut flow).unwrap();
        assert_eq!((listed.contacts.len(), listed.skipped.unreadable), (0, unreadable), "{list}");
        let Answer::Reply(_, _, body) = answer("ContactList") else { unreachable!() };
        let found = BatchGetContact::read(&Response::new(body)).unwrap();
        assert_eq!((found.contacts.len(), found.skipped.unreadable), (0, unreadable), "{list}");
    }
}

#[test]
fn contacts_requested_by_name_are_read_or_counted() {
    let list = r#"[{"UserName":"@a"},{},7,{"UserName":"@b%"},{"UserName":"@c"}]"#;
    let answer = with(&format!(r#"{{"BaseResponse":{{"Ret":0}},"ContactList":{list}}}"#), b"\xff");
    let found = BatchGetContact::read(&answer).unwrap();
    let names: Vec<_> = found.contacts.iter().map(|contact| contact.user_name.as_str()).collect();
    assert_eq!((names, found.skipped.unreadable), (vec!["@a", "@c"], 3));
}

#[test]
fn more_than_twenty_thousand_are_counted_and_the_position_moves() {
    let many = [r#"{"MsgId":"0","MsgType":1,"FromUserName":"@a"}"#; 20_005].join(",");
    let mut harness = Harness::new("", [batch(6, &many, b"")]).with_session(&session_with_key());
    let mut flow = NextMessages::new(&session_with_key(), SEED, Policy::default()).unwrap();
    let arrived = harness.run(&mut flow).unwrap();
    assert_eq!((arrived.messages.len(), arrived.skipped.over_limit), (20_000, 5));
    harness.session.acknowledge(arrived.receipt);
    assert!(harness.session.to_json().expose().contains("\"Val\": 6"));
    let contacts = [r#"{"UserName":"@a"}"#; 20_005].join(",");
    let answer = format!(r#"{{"BaseResponse":{{"Ret":0}},"MemberList":[{contacts}]}}"#);
    let listed = GetContact::read(&Response::new(answer.into())).unwrap();
    assert_eq!((listed.contacts.len(), listed.skipped.over_limit), (20_000, 5));
}
