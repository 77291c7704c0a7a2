//! Requests for texts, files and names that contain a lie. Each lie is refused or is a violation.

use image::ImageFormat::Jpeg;
use serde_json::{Value, json};
use wx_emulator::Emulator;
use wx_testing::images::{md5, noise, small};

use crate::page::{FIRST, Form, Page};

const ID: &str = "15114939427950364";

/// The Ret of a reply, and the violations, without the name of the call.
pub(crate) type Verdict = (i64, Vec<String>);

pub(crate) fn verdict(server: &Emulator, ret: i64) -> Verdict {
    let words = |what: &String| what.split_once(": ").unwrap().1.to_owned();
    (ret, server.violations().iter().map(words).collect())
}

#[track_caller]
pub(crate) fn assert_verdict((ret, violations): Verdict, expected_ret: i64, expected: &[&str]) {
    assert_eq!(
        (ret, violations),
        (expected_ret, expected.iter().map(ToString::to_string).collect())
    );
}

/// Returns a message with these keys before the keys of all messages.
fn message(page: &Page, to: &str, mut own: Value) -> Value {
    let every = json!({
        "FromUserName": page.word("user_name"), "ToUserName": to,
        "LocalID": ID, "ClientMsgId": ID,
    });
    own.as_object_mut().unwrap().extend(every.as_object().unwrap().clone());
    json!({ "BaseRequest": page.base_request(), "Msg": own, "Scene": 0 })
}

fn text_with(spoil: impl FnOnce(&mut Value)) -> Verdict {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let mut body = message(&page, &page.to, json!({ "Type": 1, "Content": "hi" }));
    spoil(&mut body);
    let ret = page.post_json("webwxsendmsg?lang=zh_CN", &body).unwrap().ret();
    assert_eq!(server.messages().len(), usize::from(ret == 0));
    verdict(&server, ret)
}

#[test]
fn texts() {
    assert_verdict(text_with(|_| {}), 0, &[]);
    let msg = |key: &'static str, value: Value| text_with(move |body| body["Msg"][key] = value);
    assert_verdict(msg("Content", "".into()), 0, &["Content is empty"]);
    assert_verdict(msg("Content", 7.into()), 1, &[]);
    assert_verdict(msg("Type", 3.into()), 1, &["Type is not the call's"]);
    assert_verdict(msg("Type", 48.into()), 0, &["a Type that only forwarded messages have"]);
    let forwarded = text_with(|body| {
        body["Msg"]["Type"] = 48.into();
        body["Scene"] = 2.into();
    });
    assert_verdict(forwarded, 0, &["a forwarded Content that is that of no message"]);
    assert_verdict(msg("FromUserName", "@x".into()), 0, &["FromUserName is not this account's"]);
    assert_verdict(msg("ToUserName", "@@gone".into()), 1204, &[]);
    let shape = "LocalID is not a string of 13 digits and 0ddd or 1000";
    let odd_id = ["LocalID is not the ClientMsgId", shape];
    assert_verdict(msg("LocalID", "1".into()), 0, &odd_id);
    let scene = text_with(|body| body["Scene"] = 1.into());
    assert_verdict(scene, 0, &["Scene is neither 0 nor 2"]);
}

#[test]
fn members_to_notify() {
    let lie = ["MsgSource does not name members of the room that it is sent to"];
    let notified = |make: &dyn Fn(&str, &str, &str) -> (String, Value)| {
        let builder = Emulator::builder().room("The Room", ["Bob", "Carol"]);
        let server = builder.room("Other", ["Dora"]).start().unwrap();
        let (page, room) = (Page::new(&server), server.room("The Room").unwrap());
        let other = &server.room("Other").unwrap().user_name;
        let names = room.members.join(",");
        let (to, source) = make(&room.user_name, &names, other);
        let to = if to.is_empty() { &page.to } else { &to };
        let own = json!({ "Type": 1, "Content": "@Bob\u{2005}hi", "MsgSource": source });
        let ret = page.post_json("webwxsendmsg?lang=zh_CN", &message(&page, to, own)).unwrap();
        verdict(&server, ret.ret())
    };
    let xml = |names: &str, room: &str| -> Value {
        let room = format!("<atchatroomname>{room}</atchatroomname>");
        format!("<msgsource><atusername>{names}</atusername>{room}</msgsource>").into()
    };
    let good = notified(&|room, names, _| (room.to_owned(), xml(names, room)));
    assert_verdict(good, 0, &[]);
    assert_verdict(notified(&|room, names, _| (String::new(), xml(names, room))), 0, &lie);
    assert_verdict(notified(&|room, _, _| (room.to_owned(), xml("@x", room))), 0, &lie);
    assert_verdict(notified(&|room, _, _| (room.to_owned(), xml("", room))), 0, &lie);
    let elsewhere = notified(&|room, names, other| (room.to_owned(), xml(names, other)));
    assert_verdict(elsewhere, 0, &lie);
    let foreign = notified(&|_, names, other| (other.to_owned(), xml(names, other)));
    assert_verdict(foreign, 0, &lie);
    assert_verdict(notified(&|room, names, _| (room.to_owned(), names.into())), 0, &lie);
    assert_verdict(notified(&|room, _, _| (room.to_owned(), 7.into())), 0, &lie);
}

/// Returns the form of a file, which is not an image.
fn file_form(page: &Page, name: &str, bytes: &[u8]) -> Form {
    let mut form = page.form(name, "application/zip", bytes, FIRST, 0);
    form.set("mediatype", "doc");
    form
}

/// The XML of the page, with the name as it is.
fn xml(name: &str, len: usize, media_id: &str, extension: &str) -> String {
    format!(
        "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>{name}</title><des></des><action>\
         </action><type>6</type><content></content><url></url><lowurl></lowurl><appattach>\
         <totallen>{len}</totallen><attachid>{media_id}</attachid><fileext>{extension}</fileext>\
         </appattach><extinfo></extinfo></appmsg>"
    )
}

const SEND_FILE: &str = "webwxsendappmsg?fun=async&f=json&lang=zh_CN";

/// Uploads a file of 1000 bytes, and sends the XML that `make` writes for its MediaId.
fn file_with(name: &str, make: impl FnOnce(&str) -> Value) -> Verdict {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let reply = page.send_form(&file_form(&page, name, &noise(1000))).unwrap().json();
    let own = make(reply["MediaId"].as_str().unwrap());
    let ret = page.post_json(SEND_FILE, &message(&page, &page.to, own)).unwrap().ret();
    verdict(&server, ret)
}

/// Uploads an image with a `mediatype`, and sends it as an image and as a file.
fn image_as(mediatype: &str) -> [Verdict; 2] {
    ["webwxsendmsgimg?fun=async&f=json", SEND_FILE].map(|call| {
        let server = Emulator::start().unwrap();
        let (page, image) = (Page::new(&server), small(Jpeg, 40, 30));
        let mut form = page.form("a.jpg", "image/jpeg", &image, FIRST, 0);
        form.set("mediatype", mediatype);
        let reply = page.send_form(&form).unwrap().json();
        let media_id = reply["MediaId"].as_str().unwrap();
        let own = match call {
            SEND_FILE => {
                json!({ "Type": 6, "Content": xml("a.jpg", image.len(), media_id, "jpg") })
            }
            _ => json!({ "Type": 3, "MediaId": media_id, "Content": "" }),
        };
        let ret = page.post_json(call, &message(&page, &page.to, own)).unwrap().ret();
        verdict(&server, ret)
    })
}

#[test]
fn an_image_is_uploaded_as_what_it_is_sent_as() {
    let [image, file] = image_as("pic");
    assert_verdict(image, 0, &[]);
    assert_verdict(file, 0, &["a file whose mediatype is not doc"]);
    let [image, file] = image_as("doc");
    assert_verdict(image, 0, &["a file whose mediatype is not pic"]);
    assert_verdict(file, 0, &[]);
}

#[test]
fn files() {
    let content = |xml: String| json!({ "Type": 6, "Content": xml });
    let odd = "Content is not the page's XML of the file";
    assert_verdict(file_with("a.zip", |id| content(xml("a.zip", 1000, id, "zip"))), 0, &[]);
    for title in ["a & b.zip", "a &amp; b.zip"] {
        let sent = file_with("a & b.zip", |id| content(xml(title, 1000, id, "zip")));
        assert_verdict(sent, 0, &[]);
    }
    for (extension, expected) in [("", &[][..]), ("undefined", &[]), ("zip", &[odd])] {
        let sent = file_with("noext", |id| content(xml("noext", 1000, id, extension)));
        assert_verdict(sent, 0, expected);
    }
    let title = file_with("a.zip", |id| content(xml("b.zip", 1000, id, "zip")));
    assert_verdict(title, 0, &[odd]);
    let extension = file_with("a.zip", |id| content(xml("a.zip", 1000, id, "exe")));
    assert_verdict(extension, 0, &[odd]);
    let quotes =
        file_with("a.zip", |id| content(xml("a.zip", 1000, id, "zip").replace('\'', "\"")));
    assert_verdict(quotes, 0, &[odd]);
    let len = file_with("a.zip", |id| content(xml("a.zip", 1001, id, "zip")));
    assert_verdict(len, 0, &["totallen is not the file's length", odd]);
    let kind = "an appmsg without type 6 or without a title";
    let of_type_5 = |id: &str| xml("a.zip", 1000, id, "zip").replace("<type>6<", "<type>5<");
    assert_verdict(file_with("a.zip", |id| content(of_type_5(id))), 0, &[kind, odd]);
    assert_verdict(file_with("a.zip", |_| content(xml("a.zip", 1000, "@crypt_0", "zip"))), 1, &[]);
    assert_verdict(file_with("a.zip", |_| content(String::new())), 1, &[]);
    let ticket = |key: &'static str| {
        file_with(
            "a.zip",
            move |id| json!({ key: "x", "Type": 6, "Content": xml("a.zip", 1000, id, "zip") }),
        )
    };
    let needless = "a ticket for a file that is small enough to be sent without one";
    assert_verdict(ticket("Signature"), 0, &[needless]);
    assert_verdict(ticket("AESKey"), 0, &["AESKey in a message, which the page does not send"]);
}

/// A server that wants files above ten bytes to be announced.
pub(crate) fn checking() -> (Emulator, Page) {
    let server = Emulator::builder().checked_above(10).start().unwrap();
    let page = Page::new(&server);
    (server, page)
}

pub(crate) fn question(page: &Page, name: &str, bytes: &[u8]) -> Value {
    json!({
        "FromUserName": page.word("user_name"), "ToUserName": page.to, "FileSize": bytes.len(),
        "FileMd5": md5(bytes), "FileName": name, "FileType": 7, "BaseRequest": page.base_request(),
    })
}

#[test]
fn announcements() {
    let asked = |key: &str, value: Value| {
        let (server, page) = checking();
        let mut question = question(&page, "a.zip", &noise(1000));
        question[key] = value;
        let ret = page.post_json("webwxcheckupload?lang=zh_CN", &question).unwrap().ret();
        verdict(&server, ret)
    };
    assert_verdict(asked("FileName", "b.zip".into()), 0, &[]);
    assert_verdict(asked("FromUserName", "@x".into()), 0, &["FromUserName is not this account's"]);
    let stranger = ["ToUserName is not a contact of this account"];
    assert_verdict(asked("ToUserName", "@x".into()), 0, &stranger);
    let capitals = asked("FileMd5", md5(&noise(1000)).to_uppercase().into());
    assert_verdict(capitals, 0, &["FileMd5 is not 32 lowercase hexadecimal digits"]);
    let short = asked("FileMd5", "00".into());
    assert_verdict(short, 1, &["FileMd5 is not 32 lowercase hexadecimal digits"]);
    let small = ["a file that is small enough to be uploaded without this call"];
    assert_verdict(asked("FileSize", 10.into()), 0, &small);
    assert_verdict(asked("FileSize", "1000".into()), 1, &[]);
    assert_verdict(asked("FileType", 5.into()), 1, &[]);
    assert_verdict(asked("FileName", Value::Null), 1, &[]);
}

/// Announces a file with one name and length, and uploads and sends it with an altered ticket.
fn large_file(
    announce: impl FnOnce(&mut Value),
    upload: impl FnOnce(&mut Value),
    send: impl FnOnce(&mut Value),
) -> (i64, Verdict) {
    let (server, page) = checking();
    let bytes = noise(1000);
    let mut question = question(&page, "a.zip", &bytes);
    announce(&mut question);
    let ticket = page.post_json("webwxcheckupload?lang=zh_CN", &question).unwrap().json();
    let mut form = file_form(&page, "a.zip", &bytes);
    form.change(|request| {
        request["AESKey"] = ticket["AESKey"].clone();
        request["Signature"] = ticket["Signature"].clone();
        upload(request);
    });
    let uploaded = page.send_form(&form).unwrap();
    let ret = uploaded.ret();
    if ret != 0 {
        return (ret, verdict(&server, ret));
    }
    let media_id = uploaded.json()["MediaId"].as_str().unwrap().to_owned();
    let mut own = json!({
        "Signature": ticket["Signature"], "Type": 6,
        "Content": xml("a.zip", 1000, &media_id, "zip"),
    });
    send(&mut own);
    let ret_of_message = page.post_json(SEND_FILE, &message(&page, &page.to, own)).unwrap().ret();
    (ret, verdict(&server, ret_of_message))
}

#[test]
fn tickets() {
    let kept = |_: &mut Value| {};
    let (ret, honest) = large_file(kept, kept, kept);
    assert_eq!(ret, 0);
    assert_verdict(honest, 0, &[]);
    let other = ["another name or length than webwxcheckupload announced"];
    assert_verdict(large_file(|asked| asked["FileName"] = "b.zip".into(), kept, kept).1, 0, &other);
    assert_verdict(large_file(|asked| asked["FileSize"] = 999.into(), kept, kept).1, 0, &other);
    for key in ["AESKey", "Signature"] {
        for value in [json!("x"), Value::Null, json!(7)] {
            let (ret, told) = large_file(kept, |request| request[key] = value.clone(), kept);
            assert_eq!(ret, 1, "{key} {value}");
            assert_eq!(told.1, [""; 0]);
        }
    }
    for value in [json!("x"), Value::Null] {
        let (_, told) = large_file(kept, kept, |own| own["Signature"] = value.clone());
        assert_verdict(told, 1, &[]);
    }
    // The ticket of another content.
    let (ret, told) = large_file(|asked| asked["FileMd5"] = md5(b"x").into(), kept, kept);
    assert_eq!(ret, 1);
    assert_verdict(told, 1, &[]);
}

#[test]
fn names_asked_for() {
    let asked = |list: Value, count: usize| {
        let server = Emulator::builder().room("The Room", ["Bob"]).start().unwrap();
        let page = Page::new(&server);
        let body = json!({ "BaseRequest": page.base_request(), "Count": count, "List": list });
        let target = "webwxbatchgetcontact?type=ex&r=1&lang=zh_CN";
        verdict(&server, page.post_json(target, &body).unwrap().ret())
    };
    let room = json!({ "UserName": "@@a", "ChatRoomId": "" });
    let person = json!({ "UserName": "@a", "EncryChatRoomId": "@@a" });
    assert_verdict(asked(json!([room, person]), 2), 0, &[]);
    assert_verdict(asked(json!([room]), 2), 0, &["Count is not the length of List"]);
    let many = vec![room.clone(); 51];
    assert_verdict(asked(json!(many), 51), 0, &["more than 50 contacts in one call"]);
    assert_verdict(asked(json!({}), 0), 1, &[]);
    let odd = ["an element of List has other keys than the page's, or in another order"];
    for element in [
        json!({ "UserName": "@@a", "EncryChatRoomId": "" }),
        json!({ "UserName": "@@a", "ChatRoomId": "@@a" }),
        json!({ "UserName": "@a", "ChatRoomId": "" }),
        json!({ "EncryChatRoomId": "@@a", "UserName": "@a" }),
        json!({ "UserName": "@a" }),
        json!("@a"),
    ] {
        assert_verdict(asked(json!([element]), 1), 0, &odd);
    }
}

#[test]
fn emoticons() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let gif = wx_testing::images::small(image::ImageFormat::Gif, 9, 9);
    let media_id = page.upload("a.gif", "image/gif", &gif, FIRST).json()["MediaId"].take();
    let sent = |own: Value| {
        let body = message(&page, &page.to, own);
        page.post_json("webwxsendemoticon?fun=sys&lang=zh_CN", &body).unwrap().ret()
    };
    let digest = md5(&gif);
    assert_eq!(sent(json!({ "Type": 47, "EmojiFlag": 2, "EMoticonMd5": md5(b"x") })), 1);
    assert_eq!(server.violations(), [""; 0]);
    let both = json!({ "Type": 47, "EmojiFlag": 2, "MediaId": media_id, "EMoticonMd5": digest });
    assert_verdict(verdict(&server, sent(both)), 0, &["MediaId and EMoticonMd5 in one message"]);
}
