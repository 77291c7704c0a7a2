//! Messages that are forwarded, and saved values of them: either a refusal, or a request of the
//! official page's form that holds what the message held, and nothing is shown.

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::http::Response;
use wx_proto::{Forward, Message};

use crate::harness::{SEED, session, to};

/// MsgType, SubMsgType and AppMsgType of what the page forwards, with the call and the `Type`.
const KINDS: [(i64, i64, i64, &str, i64); 7] = [
    (1, 0, 0, "webwxsendmsg", 1),
    (1, 48, 0, "webwxsendmsg", 48),
    (3, 0, 0, "webwxsendmsgimg", 3),
    (43, 0, 0, "webwxsendvideomsg", 43),
    (62, 0, 0, "webwxsendvideomsg", 62),
    (47, 0, 0, "webwxsendemoticon", 47),
    (49, 0, 6, "webwxsendappmsg", 6),
];

fn received(message: &Value) -> Message {
    let reply = json!({ "BaseResponse": { "Ret": 0 }, "AddMsgList": [message] });
    let reply = SyncMessages::read(&Response::new(Bytes::from(reply.to_string()))).unwrap();
    reply.messages.into_iter().next().expect("a message with ids")
}

/// Returns the body of the request, and its call.
fn request(forward: &Forward) -> (Value, &'static str) {
    let call = SendMsg::forward(forward, to(), SEED);
    let request = call.request(&session()).expect("a forward can be sent");
    let body = serde_json::from_slice(&request.http().body().to_vec()).unwrap();
    (body, request.endpoint())
}

fn check_value(forward: &Forward) -> (Value, &'static str) {
    let saved = serde_json::to_string(forward).unwrap();
    assert!(serde_json::from_str::<Forward>(&saved).unwrap() == *forward, "{saved}");
    assert_eq!(format!("{forward:?}"), format!("Forward({})", forward.name()));
    let (body, call) = request(forward);
    assert_eq!(body["Scene"], 2);
    let msg = &body["Msg"];
    assert!(msg["EmojiFlag"].is_null() && msg["MsgSource"].is_null() && msg["AESKey"].is_null());
    assert_eq!(msg["LocalID"], msg["ClientMsgId"]);
    assert_eq!(msg["EMoticonMd5"].is_null(), forward.name() != "emoticon");
    (body, call)
}

/// The first byte selects a kind, whose fields are the rest, or that the rest is a saved value.
pub fn check(data: &[u8]) {
    let [which, text @ ..] = data else { return };
    let text = String::from_utf8_lossy(text);
    let Some(&(msg_type, sub_type, app_type, call, kind)) = KINDS.get(usize::from(which % 8))
    else {
        if let Ok(forward) = serde_json::from_str::<Forward>(&text) {
            check_value(&forward);
        }
        return;
    };
    let message = received(&json!({
        "MsgId": "7", "FromUserName": if which & 8 == 0 { "@friend" } else { "@@room" },
        "MsgType": msg_type, "SubMsgType": sub_type, "AppMsgType": app_type, "Content": text,
        "OriContent": text, "FileName": text, "FileSize": "1024", "Url": "?coord=1,2",
        "MediaId": if which & 16 == 0 { "@cdcd" } else { &text },
    }));
    let Ok(forward) = message.forward() else { return };
    let (body, used) = check_value(&forward);
    assert_eq!((used, &body["Msg"]["Type"]), (call, &kind.into()));
    let content = body["Msg"]["Content"].as_str();
    match forward.name() {
        "emoticon" => assert_eq!(content, None),
        "file" => {
            let content = content.unwrap();
            assert!(content.contains("<totallen>1024</totallen>"));
            // A name cannot add an element.
            assert_eq!(content.matches("<title>").count(), 1);
            assert_eq!(content.matches("<attachid>").count(), 1);
        }
        "location" => assert_eq!(content, Some(&*text)),
        _ => assert_eq!(content, Some(&*message.content)),
    }
}
