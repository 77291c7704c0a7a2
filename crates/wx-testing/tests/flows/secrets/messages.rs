//! Messages and contacts with secrets in every field: those of the session, which the server knows,
//! and those of other people.

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::batch_get_contact::BatchGetContact;
use wx_proto::endpoint::get_contact::GetContact;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::flow::{Flow, NextMessages, SendMessage};
use wx_proto::http::Response;
use wx_proto::{Forward, InlineContent, Message, MessageKind, Policy};

use super::{CANARY, Shown, session};
use wx_testing::harness::{SEED, to};

/// The keys that determine the kind of a message, and are not replaced.
const KEPT: [&str; 5] = ["MsgType", "SubMsgType", "AppMsgType", "StatusNotifyCode", "HasProductId"];

/// Replaces every value, and every element and attribute of XML, by the secrets. The result can
/// still be parsed.
fn plant(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| plant(value, key)),
        Value::Number(_) if !KEPT.contains(&key) => *value = 424_242_424.into(),
        Value::String(text) if key == "MsgId" || key == "FileSize" => *text = "424242424".into(),
        Value::String(text) => {
            let xml = text.replace("=\"", "=\"canary").replace("&gt;", "&gt;canary");
            *text = if xml.contains(CANARY) {
                // A recall needs an id.
                xml.replace("msgid&gt;canary4", "msgid&gt;4")
            } else if text.starts_with('@') {
                // The result is a room, a person, or a list of them.
                let rooms = text.replace("@@", "\0").replace('@', "@canary424242424");
                rooms.replace('\0', "@@canary424242424")
            } else {
                format!("{text}canary+sid")
            };
        }
        _ => {}
    }
}

fn messages() -> Vec<Value> {
    let samples = include_str!("../../../../wx-proto/tests/vectors/message_samples.json");
    let samples: Value = serde_json::from_str(samples).unwrap();
    let cases = samples["cases"].as_array().unwrap().iter();
    cases.map(|case| case["message"].clone()).collect()
}

fn read(messages: &[Value]) -> Vec<Message> {
    let reply = json!({ "BaseResponse": { "Ret": 0 }, "AddMsgList": messages });
    SyncMessages::read(&Response::new(reply.to_string().into())).unwrap().messages
}

/// Returns the parts of a kind. A kind that is not listed here is not checked.
fn show_parts(shown: &mut Shown, kind: &MessageKind) {
    match kind {
        MessageKind::Quote(quote) => shown.show(quote),
        MessageKind::Location(location) => shown.show(location),
        MessageKind::ContactCard(card) => shown.show(card),
        MessageKind::FriendRequest(request) => shown.show(request),
        MessageKind::MiniProgram(program) => shown.show(program),
        MessageKind::Recall(recall) => shown.show(recall),
        MessageKind::StatusNotice(notice) => shown.show(notice),
        MessageKind::Link(app)
        | MessageKind::ChatHistory(app)
        | MessageKind::Transfer(app)
        | MessageKind::RedPacket(app)
        | MessageKind::App(app) => shown.show(app),
        MessageKind::Text
        | MessageKind::Image { .. }
        | MessageKind::Emoticon { .. }
        | MessageKind::Video { .. }
        | MessageKind::Voice { .. }
        | MessageKind::File(_)
        | MessageKind::System
        | MessageKind::Other { .. } => {}
        other => panic!("{other:?} is not checked"),
    }
}

/// Shows what is forwarded, in the flow that sends it, and in its saved state.
fn show_forward(shown: &mut Shown, forward: Forward) {
    shown.show(&forward);
    let content = InlineContent::Forward(forward);
    shown.show(&content);
    shown.show(&SendMsg::inline(&content, to(), SEED));
    let flow = SendMessage::inline(&session(), content, to(), SEED, Policy::default());
    let mut flow = flow.unwrap();
    shown.show(&flow.snapshot());
    shown.run(&mut flow, &Bytes::new(), Bytes::new);
}

#[test]
fn p15_no_secret_in_messages_of_any_kind() {
    let mut shown = Shown::default();
    let kinds = |messages: &[Message]| messages.iter().map(|it| it.kind.name()).collect::<Vec<_>>();
    let mut sent = messages();
    let clean = read(&sent);
    sent.iter_mut().for_each(|message| plant(message, ""));
    let read = read(&sent);
    assert_eq!(kinds(&read), kinds(&clean), "each kind is checked");
    let mut all = kinds(&read);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 20, "{all:?}");
    let mut forwarded = Vec::new();
    for (message, sent) in read.iter().zip(&sent) {
        shown.show(message);
        shown.show(&message.kind);
        shown.show(&message.raw);
        show_parts(&mut shown, &message.kind);
        if let Ok(forward) = message.forward() {
            forwarded.push(forward.name());
            show_forward(&mut shown, forward);
        }
        // The caller can still get the value.
        assert_eq!(&serde_json::from_str::<Value>(message.raw.expose()).unwrap(), sent);
        assert_eq!(message.raw.expose_content(), sent["Content"].as_str().unwrap());
    }
    forwarded.sort_unstable();
    forwarded.dedup();
    assert_eq!(forwarded, ["file", "image", "location", "text", "video"]);
    // Every state of the flow that receives them is checked too.
    let check = Bytes::from("window.synccheck={retcode:\"0\",selector:\"2\"}");
    let init = Bytes::from(
        r#"{"BaseResponse":{"Ret":0},"User":{"UserName":"@me","NickName":"canary"},"SyncKey":{"Count":1,"List":[{"Key":1,"Val":424242424}]}}"#,
    );
    let ok = Bytes::from(r#"{"BaseResponse":{"Ret":0}}"#);
    let batch = json!({
        "BaseResponse": { "Ret": 0 }, "AddMsgList": sent,
        "SyncKey": { "Count": 1, "List": [{ "Key": 1, "Val": 424_242_424 }] },
    });
    let batch = Bytes::from(batch.to_string());
    let mut answers = [init, ok, check, batch].into_iter();
    let mut flow = NextMessages::new(&session(), SEED, Policy::default()).unwrap();
    shown.run(&mut flow, &Bytes::new(), || answers.next().expect("four calls"));
    assert_eq!(answers.len(), 0, "the batch was received");
    shown.assert_silent();
}

#[test]
fn p15_no_secret_in_contacts() {
    let mut shown = Shown::default();
    let contact = json!({
        "UserName": "@canary", "NickName": "canary 424242424", "RemarkName": "@crypt_canary",
        "HeadImgUrl": "/cgi-bin/mmwebwx-bin/webwxgeticon?skey=@crypt_canary",
    });
    let reply = json!({
        "BaseResponse": { "Ret": 0 }, "MemberList": [contact], "ContactList": [contact],
        "User": { "UserName": "@canary", "NickName": "canary" },
    });
    let reply = Response::new(Bytes::from(reply.to_string()));
    for _ in 0..20 {
        shown.show(&GetContact::read(&reply).unwrap());
        shown.show(&BatchGetContact::read(&reply).unwrap());
        shown.show(&Init::read(&reply).unwrap());
    }
    let contact = GetContact::read(&reply).unwrap().contacts.remove(0);
    assert_eq!(contact.nick_name, "canary 424242424");
    shown.show(&contact.avatar());
    // Names are not secret, but the address is saved without its skey.
    let mut saved = serde_json::to_value(contact.avatar()).unwrap();
    assert_eq!(saved["user_name"].take(), "@canary");
    assert_eq!(saved["head_img_url"], "/cgi-bin/mmwebwx-bin/webwxgeticon?skey={skey}");
    shown.show(&saved.to_string());
    shown.assert_silent();
}
