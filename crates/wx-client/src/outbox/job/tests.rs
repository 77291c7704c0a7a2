use std::time::Duration;

use serde_json::json;
use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, Flow, Input};
use wx_proto::{MediaKind, Outcome};

use super::*;

fn session() -> Session {
    let text = json!({
        "version": 1, "base": "https://wx.qq.com", "uin": 1, "sid": "sid", "skey": "skey",
        "pass_ticket": "ticket", "user_name": "@me",
        "cookies": [{ "name": "webwx_data_ticket", "value": "ticket", "domain": "qq.com" }],
    });
    Session::from_json(text.to_string()).unwrap()
}

fn uploaded() -> Uploaded {
    let uploaded = json!({
        "media_id": "@m", "thumbnail": null, "encry_file_name": null, "name": "a.jpg",
        "kind": "image", "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72", "chunks": 1,
        "server_byte_count": null
    });
    serde_json::from_value(uploaded).unwrap()
}

/// Drives a flow until its first request.
fn until_it_leaves<F: Flow>(flow: OutboxFlow<F>, session: &mut Session) -> OutboxFlow<F>
where
    F::Output: std::fmt::Debug,
{
    let OutboxFlow { mut flow, checkpoint } = flow;
    loop {
        let input = match flow.poll(session, Duration::ZERO) {
            Action::Send(..) => return OutboxFlow { flow, checkpoint },
            Action::Save(state) => checkpoint.save(state).map(|()| Input::Saved).unwrap(),
            Action::Read(_) => Input::Read(Bytes::from_static(&[b'x'; 13])),
            other => panic!("{other:?}"),
        };
        flow.handle(input, Duration::ZERO).unwrap();
    }
}

#[test]
fn a_key_is_in_use_for_as_long_as_a_flow_of_its_job_lives() {
    let (outbox, session) = (Outbox::in_memory(), session());
    let to = Recipient::new("@0a").unwrap();
    let policy = Policy::default();
    let media = Media::new("a.gif", 13, b"GIF89a\x01\0\x01\0\0\0\0").unwrap();
    let uploaded = uploaded();
    let job = || outbox.job("key", &to, &session);
    let assert_active = || {
        let error = job().unwrap_err();
        assert!(matches!(error.kind(), OutboxErrorKind::Active(_)), "{error}");
        let error = outbox.give_up("key").unwrap_err();
        assert!(matches!(error.kind(), OutboxErrorKind::Active(_)), "{error}");
        assert!(!outbox.clear().unwrap());
        let error = outbox.begin(Some("key".to_owned()), &to, &session).unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown);
    };
    let upload = job().unwrap().upload(&session, media, &policy).unwrap();
    assert_active();
    drop(upload);
    let first = job().unwrap();
    let flow = first.send(&session, &uploaded, &policy, false).unwrap();
    drop(first);
    assert_active();
    drop(flow);
    job().unwrap();
}

#[test]
fn an_upload_that_was_begun_takes_no_other_kind_and_no_other_name_of_a_file() {
    let gif = |name: &str, kind| {
        let gif = b"GIF89a\x01\0\x01\0\0\0\0";
        Media::new(name, 13, gif).unwrap().sent_as(kind).unwrap()
    };
    let (emoticon, file) = (MediaKind::Emoticon, MediaKind::File);
    for (begun, given, is_same) in [
        (("a.gif", emoticon), ("b.gif", emoticon), true),
        (("a.gif", emoticon), ("a.gif", file), false),
        (("a.gif", file), ("a.gif", file), true),
        (("a.gif", file), ("b.gif", file), false),
    ] {
        let (outbox, mut session) = (Outbox::in_memory(), session());
        let job = outbox.job("key", &Recipient::file_helper(), &session).unwrap();
        let upload = |session: &Session, (name, kind)| {
            job.upload(session, gif(name, kind), &Policy::default())
        };
        let _flow = until_it_leaves(upload(&session, begun).unwrap(), &mut session);
        match upload(&session, given) {
            Ok(_) => assert!(is_same, "{begun:?} {given:?}"),
            Err(error) => {
                assert!(!is_same && error.kind == ErrorKind::OtherMedia, "{error:?}");
                assert_eq!(job.mark_uncertain(error).advice(), Advice::CheckKey);
            }
        }
    }
}

#[test]
fn a_text_that_was_begun_takes_no_media_and_media_no_text() {
    let (outbox, mut session) = (Outbox::in_memory(), session());
    let (to, policy) = (Recipient::file_helper(), Policy::default());
    let (text, uploaded) = (InlineContent::from("hello"), uploaded());
    let text_job = outbox.job("text", &to, &session).unwrap();
    let flow = text_job.send_inline(&session, &text, &policy, false).unwrap();
    let _text_flow = until_it_leaves(flow, &mut session);
    let media_job = outbox.job("image", &to, &session).unwrap();
    let flow = media_job.send(&session, &uploaded, &policy, false).unwrap();
    let _media_flow = until_it_leaves(flow, &mut session);
    let image = "the image \"a.jpg\" of 12 bytes (MD5 900150983cd24fb0d6963f7d28e17f72)";
    for (refused, words) in [
        (
            text_job.send(&session, &uploaded, &policy, false),
            format!("the key \"text\" belongs to the text of 5 bytes; {image}"),
        ),
        (
            media_job.send_inline(&session, &text, &policy, false),
            format!("the key \"image\" belongs to {image}; the text of 5 bytes"),
        ),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.advice(), Advice::CheckKey);
        assert_eq!(error.to_string(), format!("{words} was not sent: use a new key for it"));
        // The message that was begun may have been delivered.
        assert_eq!(text_job.mark_uncertain(error).outcome(), Outcome::Unknown);
    }
    // What was begun continues.
    text_job.send_inline(&session, &text, &policy, false).unwrap();
    media_job.send(&session, &uploaded, &policy, false).unwrap();
}

#[test]
fn an_empty_key_identifies_no_message_and_is_refused() {
    let (outbox, session) = (Outbox::in_memory(), session());
    let to = Recipient::new("@0a").unwrap();
    let is_refused = |error: OutboxError| matches!(error.kind(), OutboxErrorKind::EmptyKey);
    let plan = [("a", ""), ("", "")].map(|(key, upload)| (key.into(), to.clone(), upload.into()));
    assert!(outbox.plan(json!(null), plan).is_err_and(is_refused));
    assert!(outbox.job("", &to, &session).is_err_and(is_refused));
    let error = outbox.begin(Some(String::new()), &to, &session).unwrap_err();
    assert_eq!((error.advice(), error.outcome()), (Advice::CheckKey, Outcome::NotSent));
    assert_eq!(outbox.messages(), []);
    // Without a key, each message gets one.
    outbox.begin(None, &to, &session).unwrap();
}
