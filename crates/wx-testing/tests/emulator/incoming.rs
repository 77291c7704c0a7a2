//! Messages delivered to the client, and the related calls.

use std::time::Duration;

use image::ImageFormat::{Gif, Jpeg};
use serde_json::{Value, json};
use wx_emulator::{Emulator, Incoming};

use crate::page::Page;
use wx_testing::images::{md5, sized, small};
use wx_testing::raw_client::request;

fn init(page: &Page) -> Value {
    page.post_json(
        "webwxinit?r=-23072231&lang=zh_CN",
        &json!({ "BaseRequest": page.base_request() }),
    )
    .unwrap()
    .json()
}

fn sync(page: &Page, sync_key: &Value) -> Value {
    let body =
        json!({ "BaseRequest": page.base_request(), "SyncKey": sync_key, "rr": -23_072_231 });
    let (sid, skey) = (page.word("sid"), page.word("skey"));
    page.post_json(&format!("webwxsync?sid={sid}&skey={skey}&lang=zh_CN"), &body).unwrap().json()
}

fn selector(page: &Page, sync_key: &Value) -> String {
    let pairs: Vec<String> = sync_key["List"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| format!("{}_{}", e["Key"], e["Val"]))
        .collect();
    let (sid, skey, uin) = (encoded(page, "sid"), encoded(page, "skey"), page.word("uin"));
    let rest = format!("deviceid=e426626750347587&synckey={}&_=1546211298791", pairs.join("%7C"));
    let reply =
        page.get(&format!("synccheck?r=1546211298790&skey={skey}&sid={sid}&uin={uin}&{rest}"));
    reply.unwrap().text()
}

fn encoded(page: &Page, key: &str) -> String {
    page.word(key).replace('@', "%40").replace('+', "%2B").replace('/', "%2F")
}

const NOTHING: &str = "window.synccheck={retcode:\"0\",selector:\"0\"}";
const SOMETHING: &str = "window.synccheck={retcode:\"0\",selector:\"2\"}";

#[test]
fn each_image_is_delivered_until_the_client_has_it() {
    let (jpeg, gif) = (sized(Jpeg, 80, 40, 9000), small(Gif, 20, 20));
    let server = Emulator::builder().image(jpeg.clone()).image(gif.clone()).start().unwrap();
    let page = Page::new(&server);
    let key = init(&page)["SyncKey"].take();
    assert_eq!(selector(&page, &key), "window.synccheck={retcode:\"0\",selector:\"2\"}");
    let first = sync(&page, &key);
    // If the reply was lost, the old key returns everything again.
    assert_eq!(first, sync(&page, &key));
    assert_eq!(init(&page)["SyncKey"], key);
    // The entries of the key from webwxinit are the first ones of webwxsync's.
    let keys = |key: &Value| -> Vec<u64> {
        key["List"].as_array().unwrap().iter().map(|entry| entry["Key"].as_u64().unwrap()).collect()
    };
    assert_eq!(keys(&key), [1, 2, 3, 1000]);
    assert_eq!(keys(&first["SyncKey"]), [1, 2, 3, 11, 201, 1000, 1001]);

    let messages = first["AddMsgList"].as_array().unwrap();
    let ids: Vec<&str> = messages.iter().map(|m| m["MsgId"].as_str().unwrap()).collect();
    assert_eq!(ids, server.incoming());
    assert_eq!((&messages[0]["MsgType"], &messages[1]["MsgType"]), (&3.into(), &47.into()));
    assert_eq!((&messages[0]["ImgHeight"], &messages[0]["ImgWidth"]), (&50.into(), &100.into()));
    assert_eq!(
        (&messages[0]["FromUserName"], &messages[0]["ToUserName"]),
        (&server.friend().into(), &page.session["user_name"])
    );
    assert!(messages[0]["Content"].as_str().unwrap().contains(&md5(&jpeg)));
    assert!(page.fetch(ids[0], "").body == jpeg);
    assert!(page.fetch(ids[1], "&type=big").body == gif);

    let key = &first["SyncKey"];
    let second = sync(&page, key);
    assert_eq!(second["AddMsgCount"], 0);
    assert_eq!(selector(&page, &second["SyncCheckKey"]), NOTHING);
    assert_eq!(init(&page)["SyncKey"]["List"][1], key["List"][1]);
    assert_eq!(server.violations(), [""; 0]);
    // Using one key in place of the other is a violation.
    selector(&page, key);
    sync(&page, &second["SyncCheckKey"]);
    assert_eq!(
        server.violations(),
        [
            "synccheck: SyncKey instead of SyncCheckKey",
            "webwxsync: SyncCheckKey instead of SyncKey"
        ]
    );
}

#[test]
fn contacts_are_the_possible_recipients() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let all = page
        .get(&format!("webwxgetcontact?r=1546211298790&seq=0&skey={}", page.word("skey")))
        .unwrap()
        .json();
    let names: Vec<&str> = all["MemberList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["UserName"].as_str().unwrap())
        .collect();
    assert_eq!(names, [server.friend(), server.second_friend(), "filehelper"]);
    let list = json!([{ "UserName": server.second_friend(), "EncryChatRoomId": "" }]);
    let body = json!({ "BaseRequest": page.base_request(), "Count": 1, "List": list });
    let some = page
        .post_json("webwxbatchgetcontact?type=ex&r=1546211298790&lang=zh_CN", &body)
        .unwrap()
        .json();
    assert_eq!(
        (&some["Count"], &some["ContactList"][0]["UserName"]),
        (&1.into(), &server.second_friend().into())
    );
    assert_eq!(server.violations(), [""; 0]);
}

#[test]
fn a_ping_without_the_login_is_fine() {
    let server = Emulator::start().unwrap();
    let headers = [("User-Agent".to_owned(), "Mozilla/5.0".to_owned())];
    let target = "/cgi-bin/mmsupport-bin/reportforweb?rid=69373&rkey=9&rvalue=1";
    assert_eq!(request(server.addr(), "GET", target, &headers, b"").unwrap().status, 200);
    assert_eq!(server.violations(), [""; 0]);
}

#[test]
fn a_pushed_login_takes_the_same_steps() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let pushed = page.get(&format!("webwxpushloginurl?uin={}", page.word("uin"))).unwrap().json();
    assert_eq!(pushed["ret"], "0");
    let poll = format!("login?loginicon=true&uuid={}&tip=1&r=1", pushed["uuid"].as_str().unwrap());
    assert_eq!(page.get(&poll).unwrap().text(), "window.code=408;");
    assert_eq!(
        page.get("login?loginicon=true&uuid=x&tip=1&r=1").unwrap().text(),
        "window.code=400;"
    );
}

#[test]
fn a_message_ends_a_synccheck_that_waits() {
    let server = Emulator::builder().hold(Duration::from_secs(60)).start().unwrap();
    let page = Page::new(&server);
    let key = init(&page)["SyncKey"].take();
    std::thread::scope(|scope| {
        let held = scope.spawn(|| selector(&page, &key));
        while server.requests_to("synccheck") == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let id = server.deliver(small(Gif, 20, 20));
        assert_eq!(held.join().unwrap(), SOMETHING);
        assert_eq!(server.incoming(), [id]);
    });
    server.log_out();
    assert_eq!(selector(&page, &key), "window.synccheck={retcode:\"1101\",selector:\"0\"}");
    assert_eq!(sync(&page, &key)["BaseResponse"]["Ret"], 1101);
}

#[test]
fn batches_have_a_size_and_may_repeat_a_message() {
    let server = Emulator::builder().batch(2).duplicates(true).start().unwrap();
    let page = Page::new(&server);
    let message =
        |n: u32| Incoming::text(n.to_string()).with("MsgType", 51).with("FromUserName", "@@room");
    let ids: Vec<_> = (0..3).map(|n| server.deliver(message(n))).collect();
    let first = sync(&page, &init(&page)["SyncKey"]);
    let second = sync(&page, &first["SyncKey"]);
    let shown = |batch: &Value| -> Vec<String> {
        let messages = batch["AddMsgList"].as_array().unwrap();
        messages.iter().map(|message| message["MsgId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((shown(&first), &first["ContinueFlag"]), (ids[..2].to_vec(), &1.into()));
    assert_eq!((shown(&second), &second["ContinueFlag"]), (ids[1..].to_vec(), &0.into()));
    assert_eq!(second["AddMsgList"][1]["FromUserName"], "@@room");
}

#[test]
fn contacts_come_in_pages_with_any_names() {
    let hostile = "a\u{1b}[2J<b>&../../x";
    let server = Emulator::builder()
        .contact(hostile, "")
        .contact("Nick", "Remark")
        .contacts_per_page(2)
        .start()
        .unwrap();
    let page = Page::new(&server);
    let (mut seq, mut names) = (0, Vec::new());
    for _ in 0..5 {
        let target =
            format!("webwxgetcontact?r=1546211298790&seq={seq}&skey={}", page.word("skey"));
        let some = page.get(&target).unwrap().json();
        names.extend(
            some["MemberList"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["NickName"].as_str().unwrap().to_owned()),
        );
        seq = some["Seq"].as_u64().unwrap();
        if seq == 0 {
            break;
        }
    }
    assert_eq!(
        names,
        ["Friend", "Second friend", "File Transfer", "a\u{1b}[2J&lt;b&gt;&amp;../../x", "Nick"]
    );
    assert!(
        server.contact(hostile).is_some_and(|name| name.starts_with('@'))
            && server.contact("Remark").is_none()
    );
}
