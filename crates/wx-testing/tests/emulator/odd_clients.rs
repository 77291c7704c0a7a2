//! Violations: each test case differs from the official page in one detail.

use image::ImageFormat::{Gif, Jpeg};
use serde_json::Value;
use wx_emulator::{Emulator, Profile};

use crate::page::{CHUNK, FIRST, Form, PATH, Page};
use wx_testing::images::{sized, small};
use wx_testing::raw_client::request;

/// Returns the violations of an altered upload that is still accepted.
fn upload(name: &str, mime: &str, bytes: &[u8], alter: impl Fn(&mut Form)) -> Vec<String> {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    for mut form in page.forms(name, mime, bytes, FIRST) {
        alter(&mut form);
        assert_eq!(page.send_form(&form).unwrap().ret(), 0);
    }
    server.violations()
}

fn small_upload(alter: impl Fn(&mut Form)) -> Vec<String> {
    upload("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), alter)
}

fn request_key(key: &'static str, value: impl Into<Value>) -> Vec<String> {
    let value = value.into();
    small_upload(|form| form.change(|request| request[key] = value.clone()))
}

#[test]
fn forms() {
    let order = "webwxuploadmedia: other fields than the page's, or in another order: \
                 name,id,type,lastModifiedDate,size,mediatype,\
                 uploadmediarequest,webwx_data_ticket,pass_ticket,filename";
    assert_eq!(small_upload(|form| form.fields.swap(0, 1)), [order]);
    assert_eq!(small_upload(|form| form.remove("type")).len(), 2);
    let head = ["webwxuploadmedia: the head of the file part is not the browser's"];
    assert_eq!(
        small_upload(|form| form.file_head = form.file_head.replace("image/jpeg", "image/png")),
        head
    );
    assert_eq!(
        small_upload(|form| form.file_head = form.file_head.replace("a.jpg", "b.jpg")),
        head
    );
    let star = small_upload(|form| {
        form.file_head = form.file_head.replace("filename=", "filename*=utf-8''")
    });
    assert_eq!(star[0], "webwxuploadmedia: filename* in the file part");
    let cases = [
        ("id", "0", "id is not WU_FILE_ followed by a number"),
        (
            "lastModifiedDate",
            "Mon, 23 Nov 2026 22:23:24 GMT",
            "lastModifiedDate is not a JavaScript date",
        ),
        ("pass_ticket", "", "pass_ticket is not the XML's, decoded once"),
    ];
    for (field, value, violation) in cases {
        assert_eq!(
            small_upload(|form| form.set(field, value)),
            [format!("webwxuploadmedia: {violation}")]
        );
    }
    let gif = upload("a.gif", "image/gif", &small(Gif, 9, 9), |form| form.set("mediatype", "pic"));
    assert_eq!(gif, ["webwxuploadmedia: mediatype of a GIF is not doc"]);
}

#[test]
fn a_name_is_escaped_as_the_browser_does() {
    for (name, escaped) in
        [("图 \"1\" %22;'&.jpg", "图 %221%22 %22;'&.jpg"), ("a\r\nb.jpg", "a%0Ab.jpg")]
    {
        let violations = small_upload(|form| {
            form.set("name", name);
            form.file_head = form.file_head.replace("a.jpg", escaped);
        });
        assert_eq!(violations, [""; 0]);
    }
}

#[test]
fn upload_requests() {
    let cases: [(&str, Value, &str); 8] = [
        ("UploadType", 1.into(), "UploadType is not the page's"),
        ("StartPos", 1.into(), "StartPos is not the page's"),
        ("DataLen", 1.into(), "DataLen is not the page's"),
        ("MediaType", 1.into(), "MediaType is not the page's"),
        ("ClientMediaId", "15114939427950364".into(), "ClientMediaId is not a number of 13 digits"),
        ("FromUserName", "@x".into(), "FromUserName is not this account's"),
        ("ToUserName", "@x".into(), "ToUserName is not a contact of this account"),
        (
            "More",
            "".into(),
            "uploadmediarequest has other keys than the page's, or in another order",
        ),
    ];
    for (key, value, violation) in cases {
        assert_eq!(request_key(key, value), [format!("webwxuploadmedia: {violation}")]);
    }
    let cases: [(&str, fn(&Page) -> Value, &str); 3] = [
        ("Uin", |page| page.word("uin").into(), "Uin is not a number"),
        ("Skey", |_| "".into(), "Skey is empty"),
        ("DeviceID", |_| "e1".into(), "DeviceID is not e followed by 15 digits"),
    ];
    for (key, value, violation) in cases {
        let server = Emulator::start().unwrap();
        let page = Page::new(&server);
        let mut form = page.form("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), FIRST, 0);
        form.change(|request| request["BaseRequest"][key] = value(&page));
        assert_eq!(page.send_form(&form).unwrap().ret(), 0);
        assert_eq!(server.violations(), [format!("webwxuploadmedia: {violation}")]);
    }
}

#[test]
fn chunks() {
    let bytes = sized(Jpeg, 40, 30, CHUNK + 7);
    let changed = upload("a.jpg", "image/jpeg", &bytes, |form| {
        let is_first = form.fields.iter().any(|(name, value)| name == "chunk" && value == "0");
        form.change(|request| {
            request["BaseRequest"]["DeviceID"] = format!("e{:015}", u32::from(is_first)).into()
        });
    });
    assert_eq!(changed, ["webwxuploadmedia: uploadmediarequest is not the same in all chunks"]);

    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let mut unsplit = page.form("a.jpg", "image/jpeg", &bytes, FIRST, 0);
    unsplit.remove("chunks");
    unsplit.remove("chunk");
    unsplit.file_head = unsplit.file_head.replace("application/octet-stream", "image/jpeg");
    unsplit.file.clone_from(&bytes);
    assert_eq!(page.send_form(&unsplit).unwrap().ret(), 0);
    assert_eq!(server.violations(), ["webwxuploadmedia: more than 524288 bytes unsplit"]);
}

#[test]
fn two_files_with_one_id() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    page.upload("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), FIRST);
    assert_eq!(server.violations(), [""; 0]);
    let last = page.upload("a.jpg", "image/jpeg", &small(Jpeg, 30, 40), FIRST);
    assert_eq!(last.ret(), 0);
    assert_eq!(server.violations(), ["webwxuploadmedia: the same ClientMediaId for two files"]);
}

#[test]
fn headers() {
    let cases = [
        ("User-Agent", Some("curl/8"), "User-Agent is not a desktop browser's"),
        ("Origin", None, "no Origin"),
        ("Origin", Some("https://wx.qq.com"), "Origin is not the page's"),
        ("Referer", None, "no Referer"),
        ("Referer", Some("https://wx.qq.com/"), "Referer is not the page's"),
        (
            "Content-Type",
            Some("application/json"),
            "Content-Type is not application/json;charset=UTF-8",
        ),
        ("Content-Type", None, "Content-Type is not application/json;charset=UTF-8"),
    ];
    for (name, value, violation) in cases {
        let server = Emulator::start().unwrap();
        let page = Page::new(&server);
        let mut headers = page.post_headers("/?lang=zh_CN", "application/json;charset=UTF-8");
        headers.retain(|(n, _)| n != name);
        headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        let body = serde_json::json!({ "BaseRequest": page.base_request() }).to_string();
        let target = format!("{PATH}/webwxinit?r=1&lang=zh_CN");
        assert_eq!(
            request(server.addr(), "POST", &target, &headers, body.as_bytes()).unwrap().ret(),
            0
        );
        assert_eq!(server.violations(), [format!("webwxinit: {violation}")]);
    }
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let mut headers = page.headers("/?lang=zh_CN");
    headers.push(("Range".to_owned(), "bytes=0-".to_owned()));
    request(server.addr(), "GET", &format!("{PATH}/webwxgetmsgimg?MsgID=1&skey=x"), &headers, b"")
        .unwrap();
    assert_eq!(server.violations(), ["webwxgetmsgimg: Range for an image"]);
}

#[test]
fn queries() {
    let ticket = |page: &Page| page.word("pass_ticket");
    let cases: [(&str, fn(&str) -> String, &[&str]); 6] = [
        (
            "as the page",
            |ticket| {
                format!("fun=async&f=json&lang=zh_CN&pass_ticket={}", ticket.replace('%', "%25"))
            },
            &[],
        ),
        (
            "raw",
            |ticket| format!("fun=async&f=json&pass_ticket={ticket}"),
            &["pass_ticket is not the XML's, encoded once more"],
        ),
        (
            "other order",
            |_| "f=json&fun=async".to_owned(),
            &["no fun in the query, unlike on the page"],
        ),
        ("more", |_| "fun=async&f=json&x=1".to_owned(), &["x in the query, unlike on the page"]),
        ("other value", |_| "fun=sys&f=json".to_owned(), &["an unknown value of fun in the query"]),
        ("stray", |_| "&fun=async&f=json".to_owned(), &[]),
    ];
    for (name, query, violations) in cases {
        let server = Emulator::start().unwrap();
        let page = Page::new(&server);
        let media_id =
            page.upload("a.jpg", "image/jpeg", &small(Jpeg, 40, 30), FIRST).json()["MediaId"]
                .take();
        let target = format!("webwxsendmsgimg?{}", query(&ticket(&page)));
        let message = page.message(3, media_id.as_str().unwrap(), "15114939427950364");
        assert_eq!(page.post_json(&target, &message).unwrap().ret(), 0);
        let violations: Vec<String> =
            violations.iter().map(|violation| format!("webwxsendmsgimg: {violation}")).collect();
        assert_eq!(server.violations(), violations, "{name}");
    }
}

/// Queries in the spelling of the page, and in every other spelling.
#[test]
fn spellings() {
    let cases: [(&str, &str, &[&str]); 9] = [
        ("GET", "webwxgetcontact?lang=zh_CN&pass_ticket=TICKET&r=1&seq=0&skey=@RAW", &[]),
        ("GET", "webwxgetcontact?r=1&seq=0&skey=@RAW", &[]),
        (
            "GET",
            "webwxgetcontact?r=1&seq=0&skey=%40RAW",
            &["skey percent-encoded, unlike on the page"],
        ),
        (
            "GET",
            "webwxgetcontact?r=1&seq=0&skey=@RAW&lang=zh_CN",
            &["lang in the query, unlike on the page"],
        ),
        (
            "GET",
            "login?loginicon=true&uuid=a%3D%3D&tip=1&r=1",
            &["uuid percent-encoded, unlike on the page"],
        ),
        ("GET", "webwxgetmsgimg?&MsgID=1&skey=%40RAW&type=slave", &[]),
        ("GET", "webwxgetmsgimg?&MsgID=1&skey=@RAW", &["skey not percent-encoded in the query"]),
        (
            "POST",
            "webwxlogout?redirect=1&type=0&skey=%40RAW&lang=zh_CN",
            &["lang in the query, unlike on the page"],
        ),
        (
            "POST",
            "webwxuploadmedia?f=json&random=abcd",
            &["random in the query, unlike on the page", "the body is not a well-formed form"],
        ),
    ];
    for (method, target, violations) in cases {
        let server = Emulator::start().unwrap();
        let page = Page::new(&server);
        let name = target.split('?').next().unwrap();
        let mut headers = page.post_headers("/?lang=zh_CN", "application/x-www-form-urlencoded");
        match method {
            "GET" => headers.truncate(3),
            _ if name == "webwxuploadmedia" => headers = page.post_headers("/", Form::TYPE),
            _ => {}
        }
        let target = target
            .replace("TICKET", &page.word("pass_ticket").replace('%', "%25"))
            .replace("RAW", page.word("skey").trim_start_matches('@'));
        request(server.addr(), method, &format!("{PATH}/{target}"), &headers, b"").unwrap();
        let violations: Vec<String> =
            violations.iter().map(|violation| format!("{name}: {violation}")).collect();
        assert_eq!(server.violations(), violations, "{name}");
    }
}

/// Under the real names, there is a separate host for files.
#[test]
fn the_page_may_call_its_sister_hosts() {
    let file_to = |host: &str, origin: &str, profile: Profile| {
        let server = Emulator::builder().profile(profile).start().unwrap();
        let page = Page::new(&server);
        let mut headers = page.post_headers("/", Form::TYPE);
        headers.retain(|(name, _)| name != "Origin" && name != "Referer");
        for (name, value) in [
            ("Host", host.to_owned()),
            ("Origin", format!("https://{origin}")),
            ("Referer", format!("https://{origin}/")),
            ("Access-Control-Request-Method", "POST".to_owned()),
        ] {
            headers.push((name.to_owned(), value));
        }
        let query = match profile {
            Profile::Web => "f=json",
            _ => "f=json&random=abcd",
        };
        headers.retain(|(name, _)| name != "Content-Type" && name != "Cookie");
        if profile == Profile::FileHelper {
            headers.push(("Access-Control-Request-Headers".to_owned(), "mmweb_appid".to_owned()));
        }
        request(
            server.addr(),
            "OPTIONS",
            &format!("{PATH}/webwxuploadmedia?{query}"),
            &headers,
            b"",
        )
        .unwrap();
        server.violations()
    };
    assert_eq!(file_to("file.wx2.qq.com", "wx2.qq.com", Profile::Web), [""; 0]);
    assert_eq!(
        file_to("file.wx2.qq.com", "szfilehelper.weixin.qq.com", Profile::FileHelper),
        [""; 0]
    );
    for (host, origin) in
        [("file.wx2.qq.com", "wx.qq.com"), ("file.wx.qq.com", "wx.qq.com.example.com")]
    {
        let violations = ["Origin is not the page's", "Referer is not the page's"];
        assert_eq!(
            file_to(host, origin, Profile::Web),
            violations.map(|violation| format!("webwxuploadmedia: {violation}"))
        );
    }
}
