//! webwxrevokemsg, and the notice that a conversation was read.

use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::json;
use wx_emulator::{Emulator, Profile};

use crate::page::Page;

fn send(page: &Page, to: &str, id: &str) -> String {
    let message = json!({
        "BaseRequest": page.base_request(),
        "Msg": {
            "Type": 1, "Content": "text", "FromUserName": page.word("user_name"),
            "ToUserName": to, "LocalID": id, "ClientMsgId": id,
        },
        "Scene": 0,
    });
    let sent = page.post_json("webwxsendmsg?lang=zh_CN", &message).unwrap().json();
    sent["MsgID"].as_str().unwrap().to_owned()
}

fn revoke(page: &Page, msg_id: &str, to: &str) -> i64 {
    let body = json!({
        "BaseRequest": page.base_request(), "SvrMsgId": msg_id, "ToUserName": to,
        "ClientMsgId": "15114939427950364",
    });
    page.post_json("webwxrevokemsg?lang=zh_CN", &body).unwrap().ret()
}

#[test]
fn a_message_is_reported_once_as_revoked() {
    let (report, reported) = channel();
    let observer = move |message: &wx_emulator::Message| report.send(message.revoked).unwrap();
    let server = Emulator::builder().on_message(observer).start().unwrap();
    let page = Page::new(&server);
    let msg_id = send(&page, &page.to, "15114939427950364");
    for _ in 0..2 {
        assert_eq!(revoke(&page, &msg_id, &page.to), 0);
    }
    assert_eq!(server.violations(), [""; 0]);
    drop(server);
    assert_eq!(reported.iter().collect::<Vec<_>>(), [false, true]);
}

#[test]
fn p89_the_page_offers_to_revoke_a_message_for_two_minutes() {
    for (builder, is_offered) in
        [(Emulator::builder(), true), (Emulator::builder().revocable_for(Duration::ZERO), false)]
    {
        let server = builder.start().unwrap();
        let page = Page::new(&server);
        let msg_id = send(&page, &page.to, "15114939427950364");
        assert_eq!(revoke(&page, &msg_id, &page.to), 0);
        assert_eq!(server.violations().is_empty(), is_offered, "{:?}", server.violations());
    }
}

#[test]
fn no_message_to_the_file_transfer_helper_is_revoked() {
    let what = "webwxrevokemsg: a message to filehelper, which the page does not revoke";
    for profile in [Profile::Web, Profile::FileHelper] {
        let server = Emulator::builder().profile(profile).start().unwrap();
        let page = Page::new(&server);
        let msg_id = send(&page, "filehelper", "15114939427950364");
        assert_eq!(revoke(&page, &msg_id, "filehelper"), 1);
        assert!(!server.messages()[0].revoked);
        assert!(server.violations().iter().any(|violation| violation == what));
    }
}

#[test]
fn the_conversation_with_nobody_is_not_read() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    for whom in [&page.to, "@nobody"] {
        let body = json!({
            "BaseRequest": page.base_request(), "Code": 1,
            "FromUserName": page.word("user_name"), "ToUserName": whom, "ClientMsgId": 1,
        });
        page.post_json("webwxstatusnotify?lang=zh_CN", &body).unwrap();
    }
    assert_eq!(server.read_conversations(), [page.to]);
    let what = "webwxstatusnotify: ToUserName is not a contact of this account";
    assert_eq!(server.violations(), [what]);
}
