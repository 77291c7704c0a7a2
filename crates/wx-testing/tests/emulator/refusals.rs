//! Which requests the server refuses, with which Ret, and the exact texts of its replies.

use image::ImageFormat::Jpeg;
use serde_json::{Value, json};
use wx_emulator::{Emulator, Profile};

use crate::page::{CHUNK, FIRST, Form, PATH, Page};
use wx_testing::images::{noise, sized, small};
use wx_testing::raw_client::request;
use wx_testing::samples::vector;

const NAME: &str = "IMG_1002.JPG";

fn upload_altered(alter: impl FnOnce(&mut Form)) -> (i64, Emulator) {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let mut form = page.form(NAME, "image/jpeg", &small(Jpeg, 40, 30), FIRST + 1, 0);
    alter(&mut form);
    let reply = page.send_form(&form).unwrap();
    assert_eq!(reply.json()["MediaId"], "");
    (reply.ret(), server)
}

#[test]
fn an_upload_must_carry_the_login() {
    let identity = |key: &'static str, value: Value| {
        move |form: &mut Form| form.change(|request| request["BaseRequest"][key] = value)
    };
    assert_eq!(upload_altered(identity("Sid", "x".into())).0, 1100);
    assert_eq!(upload_altered(identity("Uin", 1.into())).0, 1100);
    assert_eq!(upload_altered(identity("Skey", "@crypt_0_0".into())).0, 1101);
    assert_eq!(upload_altered(identity("Skey", Value::Null)).0, 1);
}

/// The ticket is required in the form or as a cookie. Anything else that is missing is a violation.
#[test]
fn one_right_proof_admits_an_upload() {
    let official: [&str; 0] = [];
    let no_ticket = "webwxuploadmedia: no webwx_data_ticket among the cookies";
    let no_login = "webwxuploadmedia: no wxuin and wxsid among the cookies";
    let other_form = "webwxuploadmedia: webwx_data_ticket of the form is not the cookie's";
    let all = ["wxuin", "wxsid", "webwx_data_ticket"];
    let ticket = ["webwx_data_ticket"];
    for (profile, cookies, in_form, ret, violations) in [
        (Profile::Web, &all[..], true, 0, &official[..]),
        (Profile::Web, &ticket, true, 0, &[no_login]),
        (Profile::Web, &[], true, 0, &[no_ticket, no_login]),
        (Profile::Web, &all, false, 0, &[other_form]),
        (Profile::Web, &[], false, 1100, &[]),
        (Profile::Web, &all[..2], false, 1100, &[]),
        (Profile::FileHelper, &ticket, true, 0, &[]),
        (Profile::FileHelper, &[], true, 0, &[no_ticket]),
    ] {
        let server = Emulator::builder().profile(profile).start().unwrap();
        let mut page = Page::new(&server);
        let mut form = page.form(NAME, "image/jpeg", &small(Jpeg, 40, 30), FIRST + 1, 0);
        let kept = page.session["cookies"].as_array_mut().unwrap();
        kept.retain(|cookie| cookies.contains(&cookie["name"].as_str().unwrap()));
        if !in_form {
            form.set("webwx_data_ticket", "x");
        }
        assert_eq!(page.send_form(&form).unwrap().ret(), ret, "{cookies:?}");
        let mut found = server.violations();
        found.retain(|violation| violation.contains("cookie"));
        assert_eq!(found, violations, "{cookies:?} {in_form}");
    }
}

#[test]
fn numbers_of_an_upload_may_be_text() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let mut form = page.form(NAME, "image/jpeg", &small(Jpeg, 40, 30), FIRST + 1, 0);
    form.change(|request| {
        for key in ["TotalLen", "DataLen", "StartPos", "UploadType", "MediaType"] {
            request[key] = request[key].to_string().into();
        }
    });
    let reply = page.send_form(&form).unwrap().json();
    assert_ne!(reply["MediaId"], "");
    for key in ["TotalLen", "DataLen", "StartPos", "UploadType", "MediaType"] {
        let violation = format!("webwxuploadmedia: {key} is not the page's");
        assert!(server.violations().contains(&violation), "{key}");
    }
}

#[test]
fn an_upload_must_match_its_announcement() {
    assert_eq!(upload_altered(|form| form.remove("uploadmediarequest")).0, 1);
    assert_eq!(upload_altered(|form| form.set("uploadmediarequest", "{")).0, 1);
    assert_eq!(upload_altered(|form| form.set("size", "7")).0, 1);
    assert_eq!(upload_altered(|form| form.change(|request| request["TotalLen"] = 7.into())).0, 1);
    assert_eq!(
        upload_altered(|form| form.file_head = form.file_head.replace("\"filename\"", "\"file\""))
            .0,
        1
    );
    assert_eq!(upload_altered(|form| form.fields.push(("chunk".into(), "0".into()))).0, 1);
    assert_eq!(upload_altered(|form| form.file.push(0)).0, 1);
    let (ret, server) = upload_altered(|form| form.file.truncate(700));
    assert_eq!(
        (ret, server.violations()),
        (1, vec!["webwxuploadmedia: fewer bytes than announced".to_owned()])
    );
    let (ret, server) = upload_altered(|form| form.file[700] ^= 1);
    assert_eq!(
        (ret, server.violations()),
        (1, vec!["webwxuploadmedia: FileMd5 is not the file's".to_owned()])
    );
}

#[test]
fn a_body_that_is_not_a_form_is_refused() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let form = page.form(NAME, "image/jpeg", &small(Jpeg, 40, 30), FIRST + 1, 0);
    let target = format!("{PATH}/webwxuploadmedia?f=json");
    let mut body = form.body();
    body.truncate(body.len() - 10);
    let headers = page.post_headers("/", Form::TYPE);
    assert_eq!(request(server.addr(), "POST", &target, &headers, &body).unwrap().ret(), 1);
    let headers = page.post_headers("/", "multipart/form-data");
    assert_eq!(request(server.addr(), "POST", &target, &headers, &form.body()).unwrap().ret(), 1);
}

#[test]
fn cookies_are_needed_everywhere() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let bytes = small(Jpeg, 40, 30);
    let media_id = page.upload(NAME, "image/jpeg", &bytes, FIRST + 1).json()["MediaId"]
        .as_str()
        .unwrap()
        .to_owned();
    let msg_id =
        page.send(&media_id, "15114939427950364").json()["MsgID"].as_str().unwrap().to_owned();
    for missing in ["wxsid", "wxuin", "webwx_data_ticket"] {
        let mut page = Page::new(&server);
        let cookies = page.session["cookies"].as_array_mut().unwrap();
        cookies.retain(|cookie| cookie["name"] != missing);
        assert_eq!(page.send(&media_id, "15114939427950365").ret(), 1100, "{missing}");
        let empty = page.fetch(&msg_id, "");
        assert_eq!((empty.status, empty.body.len()), (200, 0), "{missing}");
    }
    assert_eq!(server.messages().len(), 1);
}

#[test]
fn chunks_come_in_order() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let bytes = sized(Jpeg, 40, 30, 2 * CHUNK + 5);
    let forms = page.forms(NAME, "image/jpeg", &bytes, FIRST + 1);
    assert_eq!(page.send_form(&forms[1]).unwrap().ret(), 1);
    assert_eq!(page.send_form(&forms[0]).unwrap().ret(), 0);
    assert_eq!(page.send_form(&forms[2]).unwrap().ret(), 1);
    assert_eq!(page.send_form(&forms[1]).unwrap().ret(), 0);
    assert_eq!(page.send_form(&forms[2]).unwrap().json()["StartPos"], bytes.len());
    let violation = "webwxuploadmedia: a chunk out of order".to_owned();
    assert!(server.violations().contains(&violation));
}

#[test]
fn a_chunk_holds_no_more_than_is_left() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let mut form = page.form(NAME, "image/jpeg", &sized(Jpeg, 40, 30, CHUNK + 5), FIRST, 0);
    form.file.extend([0; 6]);
    assert_eq!(page.send_form(&form).unwrap().ret(), 1);
    assert!(
        server.violations().contains(&"webwxuploadmedia: more bytes than announced".to_owned())
    );
}

#[test]
fn a_message_needs_a_known_media_id_and_a_recipient() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let reply = page.send("@crypt_0_0", "15114939427950364");
    assert_eq!(
        reply.json(),
        json!({ "BaseResponse": { "Ret": 1, "ErrMsg": "" }, "MsgID": "", "LocalID": "" })
    );
    let media_id =
        page.upload(NAME, "image/jpeg", &small(Jpeg, 40, 30), FIRST + 1).json()["MediaId"].take();
    let to_oneself = Page { to: page.word("user_name"), ..Page::new(&server) };
    assert_eq!(to_oneself.send(media_id.as_str().unwrap(), "15114939427950364").ret(), 1204);
    let mut wrong = page.message(3, media_id.as_str().unwrap(), "15114939427950364");
    wrong["BaseRequest"]["Skey"] = "x".into();
    assert_eq!(page.post_json("webwxsendmsgimg?fun=async&f=json", &wrong).unwrap().ret(), 1101);
    assert_eq!(server.messages().len(), 0);
}

#[test]
fn an_image_is_not_sent_without_skey() {
    let server = Emulator::builder().image(small(Jpeg, 40, 30)).start().unwrap();
    let page = Page::new(&server);
    let msg_id = &server.incoming()[0];
    assert!(!page.fetch(msg_id, "").body.is_empty());
    for target in [
        format!("webwxgetmsgimg?MsgID={msg_id}"),
        format!("webwxgetmsgimg?MsgID={msg_id}&skey=%40crypt_0_0"),
        format!("webwxgetmsgimg?MsgID=1&skey={}", page.word("skey")),
    ] {
        let reply = page.get(&target).unwrap();
        assert_eq!((reply.status, reply.body.len(), reply.is_complete), (200, 0, true), "{target}");
    }
}

#[test]
fn a_call_after_the_logout_is_refused() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let headers = page.post_headers("/?lang=zh_CN", "application/x-www-form-urlencoded");
    let target = format!(
        "{PATH}/webwxlogout?redirect=1&type=0&skey={}",
        page.word("skey").replace('@', "%40")
    );
    request(server.addr(), "POST", &target, &headers, b"sid=x&uin=1").unwrap();
    let reply = page
        .post_json("webwxinit?r=1", &json!({ "BaseRequest": page.base_request() }))
        .unwrap()
        .json();
    assert_eq!(
        (&reply["BaseResponse"]["Ret"], &reply["SyncKey"]["Count"]),
        (&1100.into(), &0.into())
    );
    assert_eq!(server.violations(), [""; 0]);
}

#[test]
fn big_files_must_be_checked_before() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let bytes = sized(Jpeg, 40, 30, 26_214_401);
    let first = page.form(NAME, "image/jpeg", &bytes, FIRST + 1, 0);
    assert_eq!(page.send_form(&first).unwrap().ret(), 1);
    let mut question = json!({
        "FromUserName": page.word("user_name"), "ToUserName": page.to, "FileSize": bytes.len(),
        "FileMd5": wx_testing::images::md5(&bytes), "FileName": NAME, "FileType": 7,
        "BaseRequest": page.base_request(),
    });
    let reply = page.post_json("webwxcheckupload", &question).unwrap().json();
    assert_eq!((&reply["BaseResponse"]["Ret"], &reply["MediaId"]), (&0.into(), &"".into()));
    let carry = |form: &mut Form, signature: &Value| {
        form.change(|request| {
            request["AESKey"] = reply["AESKey"].clone();
            request["Signature"] = signature.clone();
        });
    };
    let mut forged = page.form(NAME, "image/jpeg", &bytes, FIRST + 1, 0);
    carry(&mut forged, &"x".into());
    assert_eq!(page.send_form(&forged).unwrap().ret(), 1);
    let mut media_id = Value::Null;
    for mut form in page.forms(NAME, "image/jpeg", &bytes, FIRST + 2) {
        carry(&mut form, &reply["Signature"]);
        let reply = page.send_form(&form).unwrap();
        assert_eq!(reply.ret(), 0);
        media_id = reply.json()["MediaId"].take();
    }
    let short_cut = page.post_json("webwxcheckupload", &question).unwrap().json();
    assert_ne!(short_cut["MediaId"], "");
    for (id, local_id) in
        [(&media_id, "15114939427950001"), (&short_cut["MediaId"], "15114939427950002")]
    {
        assert_eq!(page.send(id.as_str().unwrap(), local_id).ret(), 0);
        assert!(server.messages().pop().unwrap().media == bytes);
    }
    assert_eq!(server.violations(), [""; 0]);
    question.as_object_mut().unwrap().remove("FileType");
    assert_eq!(page.post_json("webwxcheckupload", &question).unwrap().ret(), 1);
}

#[test]
fn noise_is_accepted_and_a_violation() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let last = page.upload("noise.jpg", "image/jpeg", &noise(5000), 1_511_509_303_507).json();
    assert_eq!((&last["CDNThumbImgHeight"], &last["CDNThumbImgWidth"]), (&0.into(), &0.into()));
    let sent = page.send(last["MediaId"].as_str().unwrap(), "15114939427950364").json();
    let msg_id = sent["MsgID"].as_str().unwrap();
    assert_eq!(page.fetch(msg_id, "&type=slave").body, b"");
    assert!(page.fetch(msg_id, "").body == noise(5000));
    let violation =
        "webwxuploadmedia: a file uploaded as an image cannot be decoded: its thumbnail is empty";
    assert_eq!(server.violations(), [violation]);
}

/// The lengths and texts are those of captured replies.
#[test]
fn replies_are_those_of_the_server_to_the_byte() {
    let vectors = vector("server_bodies");
    let captured = |name: &str| -> (String, String) {
        let item = vectors["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|i| i["name"].as_str().unwrap().starts_with(name));
        let item = item.unwrap_or_else(|| panic!("{name}"));
        (item["text"].as_str().unwrap().to_owned(), item["content_length"].to_string())
    };
    let server =
        Emulator::builder().fault("ret=1205@webwxsendmsgimg#2".parse().unwrap()).start().unwrap();
    let page = Page::new(&server);
    let bytes = sized(Jpeg, 66, 100, 3_213_741);
    let forms = page.forms(NAME, "image/jpeg", &bytes, FIRST + 1);
    assert_eq!(forms.len(), 7);
    let check =
        |reply: wx_testing::raw_client::Reply, name: &str, ours: &[&str], theirs: &[&str]| {
            let (mut text, length) = captured(name);
            for (theirs, ours) in theirs.iter().zip(ours) {
                text = text.replace(theirs, ours);
            }
            assert_eq!(
                (reply.text(), reply.header("content-length")),
                (text, Some(length.as_str())),
                "{name}"
            );
            assert_eq!(reply.header("content-type"), Some("text/plain"));
        };

    let mut headers = page.post_headers("/", Form::TYPE);
    let preflight = request(
        server.addr(),
        "OPTIONS",
        &format!("{PATH}/webwxuploadmedia?f=json"),
        &headers,
        b"",
    );
    check(preflight.unwrap(), "upload, empty answer", &["\"Ret\": 1"], &["\"Ret\": 0"]);
    headers.retain(|(name, _)| name != "Cookie");
    let target = format!("{PATH}/webwxuploadmedia?f=json");
    let mut stranger = page.form(NAME, "image/jpeg", &bytes, FIRST + 1, 0);
    stranger.set("webwx_data_ticket", "x");
    let refused = request(server.addr(), "POST", &target, &headers, &stranger.body());
    check(refused.unwrap(), "upload, refused", &[], &[]);
    page.send_form(&forms[0]).unwrap();
    check(page.send_form(&forms[1]).unwrap(), "upload, chunk 1 of 7", &[], &[]);

    for form in &forms[2..6] {
        page.send_form(form).unwrap();
    }
    let mut headers = page.post_headers("/", Form::TYPE);
    headers.push(("Accept-Encoding".to_owned(), "gzip, deflate".to_owned()));
    let last = request(server.addr(), "POST", &target, &headers, &forms[6].body()).unwrap();
    assert_eq!(last.header("content-encoding"), Some("gzip"));
    assert_eq!(last.header("access-control-allow-origin"), Some(server.base().as_str()));
    let media_id = last.json()["MediaId"].as_str().unwrap().to_owned();
    let theirs = vectors["final_answer_2018"]["text"].as_str().unwrap();
    let zeros = format!("@crypt_{}_{}", "0".repeat(8), "0".repeat(640));
    // The MediaId is replaced last, because it is random and could contain any of these digits.
    let ours =
        theirs.replace("63048", "3213741").replace("1854", "1002").replace(&zeros, &media_id);
    assert_eq!(last.text(), ours);

    let sent = page.send(&media_id, "15114939427950364");
    let json = sent.json();
    let ours = [json["MsgID"].as_str().unwrap(), "15114939427950364"];
    check(sent, "sendmsg, success", &ours, &["3053194738703673101", "15462147414160521"]);
    check(page.send(&media_id, "15114939427950365"), "sendmsgimg, rate limited", &[], &[]);
    let notice = json!({
        "BaseRequest": page.base_request(), "Code": 3, "FromUserName": page.word("user_name"),
        "ToUserName": page.word("user_name"), "ClientMsgId": 1_546_211_298_790_u64,
    });
    let notified = page.post_json("webwxstatusnotify?lang=zh_CN", &notice).unwrap();
    let json = notified.json();
    check(notified, "statusnotify", &[json["MsgID"].as_str().unwrap()], &["8032721323945545465"]);
}
