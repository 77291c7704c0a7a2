//! Violations of JSON bodies: each test case differs from the official page in one detail.

use image::ImageFormat::Jpeg;
use serde_json::{Value, json};
use wx_emulator::Emulator;

use crate::page::{FIRST, Page};
use wx_testing::images::small;

#[test]
fn messages() {
    let cases: [(fn(&mut Value), &str); 5] = [
        (|m| m["Msg"]["Content"] = Value::Null, "Content is absent or null"),
        (|m| m["Msg"]["Content"] = "x".into(), "Content is not empty"),
        (
            |m| m["Msg"]["More"] = "x".into(),
            "Msg has other keys than the page's, or in another order",
        ),
        (|m| m["Scene"] = 1.into(), "Scene is neither 0 nor 2"),
        (
            |m| m["Msg"]["ClientMsgId"] = "15114939427950365".into(),
            "LocalID is not the ClientMsgId",
        ),
    ];
    for (alter, violation) in cases {
        let server = Emulator::start().unwrap();
        let page = Page::new(&server);
        let media_id =
            page.upload("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), FIRST).json()["MediaId"]
                .take();
        let mut message = page.message(3, media_id.as_str().unwrap(), "15114939427950364");
        alter(&mut message);
        assert_eq!(page.post_json("webwxsendmsgimg?fun=async&f=json", &message).unwrap().ret(), 0);
        assert_eq!(server.violations(), [format!("webwxsendmsgimg: {violation}")]);
    }
}

/// The bodies of the page's calls, first complete and then with one key missing.
#[test]
fn bodies_of_other_calls() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let base = page.base_request();
    let to = || page.to.clone();
    let message = |keys: &[(&str, Value)]| {
        let mut msg = serde_json::Map::new();
        for (key, value) in keys {
            msg.insert((*key).to_owned(), value.clone());
        }
        let own = [("FromUserName", page.word("user_name")), ("ToUserName", to())];
        let ids = ["LocalID", "ClientMsgId"].map(|key| (key, "15114939427950364".to_owned()));
        for (key, value) in own.into_iter().chain(ids) {
            msg.insert(key.to_owned(), value.into());
        }
        json!({ "BaseRequest": base, "Msg": msg, "Scene": 0 })
    };
    let telemetry = json!({ "Uin": base["Uin"], "Sid": base["Sid"], "DeviceID": base["DeviceID"] });
    let cases: [(&str, Value, &str); 7] = [
        ("webwxsendmsg", message(&[("Type", 1.into()), ("Content", "x".into())]), "Scene"),
        (
            "webwxsendvideomsg?fun=async&f=json",
            message(&[("Type", 43.into()), ("MediaId", "x".into()), ("Content", "".into())]),
            "Msg",
        ),
        (
            "webwxsendappmsg?fun=async&f=json",
            message(&[("Signature", "x".into()), ("Type", 6.into()), ("Content", "x".into())]),
            "Msg",
        ),
        (
            "webwxsendemoticon?fun=sys",
            message(&[("Type", 47.into()), ("EmojiFlag", 2.into()), ("EMoticonMd5", "x".into())]),
            "Scene",
        ),
        (
            "webwxbatchgetcontact?type=ex&r=1",
            json!({ "BaseRequest": base, "Count": 0, "List": [] }),
            "Count",
        ),
        (
            "webwxrevokemsg",
            json!({
                "BaseRequest": base, "SvrMsgId": "1", "ToUserName": to(), "ClientMsgId": "1",
            }),
            "SvrMsgId",
        ),
        (
            "webwxstatreport?fun=new",
            json!({ "BaseRequest": telemetry, "Count": 0, "List": [] }),
            "Count",
        ),
    ];
    for (target, mut body, key) in cases {
        let before = server.violations();
        page.post_json(target, &body).unwrap();
        assert_eq!(server.violations(), before, "{target}");
        body.as_object_mut().unwrap().remove(key);
        page.post_json(target, &body).unwrap();
        assert_ne!(server.violations(), before, "{target} without {key}");
    }
}
