//! The XML of an emoticon: whatever a stranger writes, no other address than a plain one under the
//! allowed domains is requested, at most three of them, and nothing of the login is sent there.

use serde_json::json;
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::flow::Fetch;
use wx_proto::http::Response;
use wx_proto::{Attachment, Message, MessageKind, Policy};

use crate::harness::*;

/// The headers that can hold something of the login.
const CREDENTIALS: [&str; 3] = ["cookie", "referer", "origin"];

fn read(content: &str) -> Message {
    let message = json!({
        "MsgId": "7", "FromUserName": "@friend", "MsgType": 47, "HasProductId": 0,
        "Content": content,
    });
    let reply = json!({ "BaseResponse": { "Ret": 0 }, "AddMsgList": [message] });
    let reply = SyncMessages::read(&Response::new(Bytes::from(reply.to_string()))).unwrap();
    reply.messages.into_iter().next().expect("a message with ids")
}

/// The first byte selects where the bytes stand: they are the whole content, or one address in it.
pub fn check(data: &[u8]) {
    let [which, text @ ..] = data else { return };
    let text = String::from_utf8_lossy(text);
    let content = match which % 4 {
        0 => text.into_owned(),
        1 => format!("<msg><emoji cdnurl=\"{text}\" /></msg>"),
        2 => format!("<msg><emoji cdnurl=\"http://{text}.qq.com/\" /></msg>"),
        _ => format!("<msg><emoji externurl=\"http://qpic.cn{text}\" thumburl=\"{text}\" /></msg>"),
    };
    let message = read(&content);
    let MessageKind::Emoticon { of_store: false, md5 } = message.kind else {
        panic!("{:?}", message.kind)
    };
    assert_eq!(message.emoticon().map(|emoticon| emoticon.md5()), md5);
    assert_eq!(message.forward().is_ok(), md5.is_some());
    let attachment = message.attachment().expect("it has an id");
    let saved = serde_json::to_string(&attachment).unwrap();
    assert_eq!(serde_json::from_str::<Attachment>(&saved).unwrap(), attachment);

    let mut policy = Policy::default();
    (policy.outside_hosts, policy.fetch_tries) = (true, 1);
    let mut flow = Fetch::new(&session(), attachment, true, SEED, policy).unwrap();
    let mut harness = Harness::new("", []);
    harness.respond = Box::new(|_| {
        let headers = vec![("content-length", "0".to_owned())];
        Answer::Reply(200, headers, Bytes::new())
    });
    harness.run(&mut flow).unwrap_err();
    let (server, outside) = harness.seen.split_at(2);
    assert!(server.iter().all(|seen| seen.endpoint() == "webwxgetmsgimg"));
    assert!(outside.len() <= 3, "{}", outside.len());
    for seen in outside {
        let url = seen.http().uri();
        let host = url.host().unwrap();
        let is_allowed = |domain: &str| host == domain || host.ends_with(&format!(".{domain}"));
        assert!(["qq.com", "qpic.cn", "qlogo.cn"].into_iter().any(is_allowed), "{host}");
        assert!(url.scheme_str() == Some("https") && url.authority().unwrap() == host, "{url}");
        let headers = seen.http().headers();
        assert!(CREDENTIALS.iter().all(|name| !headers.contains_key(*name)));
    }
}
