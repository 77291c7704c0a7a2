//! Replays the sessions of other clients from login to logout: all requests in order, with their
//! headers, spellings, part headers and JSON types.

use std::collections::{BTreeMap, HashMap};

use image::ImageFormat::{Jpeg, Png};
use serde_json::Value;
use wx_emulator::Emulator;

use crate::capture::{Capture, form_body, json_text};
use crate::page::{FIRST, PATH, Page};
use wx_testing::images::{dimensions, md5, sized, tiny_jpeg};
use wx_testing::raw_client::{Reply, request};
use wx_testing::swap::Swap;

/// The recorded values.
const UIN: &str = "3141592653";
const SID: &str = "Zr+8tUo1/cN5aBQx";
const SKEY: &str = "@crypt_4be1c0d5_9a7f3c1e5b7d2f8064a1c3e5f7091b2d";
const PASS_TICKET: &str =
    "Tn5%2BpQ8wXk2Zr0LhVd9yBsMfGjA%2FcEuKoI4tN7vP6qW1mS3xJbYzRgDlHaCeU5nFw%3D";
const DATA_TICKET: &str = "gSfTq0Hn3m+eXz9Lk2VbRw==";
const OWN_NAME: &str = "@5c2d8e10b7f94a63d1e05f8a7c94b2360f1d7a8e5b3c6924d0e7f1a2b3c4d5e6";
const FRIEND: &str = "@9f0e1d2c3b4a59687786a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";
const UUID: &str = "oec4ca4238==";
const TICKET: &str = "AQ8cXm2vLr5nT0kYd1WbZs9H@qrticket_0";
const INCOMING: &str = "6284175098332648511";

#[test]
fn itchat() {
    let server = replay("itchat");
    assert_violation(&server, "webwxuploadmedia: Uin is not a number");
}

#[test]
fn itchat_uos() {
    let server = replay("itchat-uos");
    assert_violation(&server, "webwxgetmsgimg: an empty skey in the query");
}

#[test]
fn wechat4u() {
    let server = replay("wechat4u");
    assert_violation(&server, "webwxuploadmedia: FileMd5 is not 32 lowercase hexadecimal digits");
}

#[test]
fn openwechat() {
    let server = replay("openwechat");
    assert_violation(&server, "webwxuploadmedia: the same ClientMediaId for two files");
}

#[test]
fn the_browser_has_no_violations() {
    let server = replay("browser-webuploader");
    assert_eq!(server.violations(), [""; 0]);
    let upload = server
        .requests()
        .into_iter()
        .find(|r| r.header("content-type").is_some_and(|t| t.contains("multipart")));
    let names: Vec<String> = upload.unwrap().headers.into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names[..4],
        ["Host", "Connection", "Content-Length", "sec-ch-ua-platform"],
        "names as spelled, in order"
    );
}

/// puppet-wechat was never recorded, but its form is known: all fields are in alphabetical order
/// with the file in the middle, and even a file of one chunk has `chunk` and `chunks`.
#[test]
fn puppet_wechat() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let bytes = sized(Jpeg, 40, 30, 5000);
    let form = page.form("a.jpg", "image/jpeg", &bytes, FIRST, 0);
    let mut fields: BTreeMap<String, String> = form.fields.iter().cloned().collect();
    fields.insert("chunk".to_owned(), "0".to_owned());
    fields.insert("chunks".to_owned(), "1".to_owned());
    fields.insert("pass_ticket".to_owned(), String::new());
    let request: BTreeMap<String, Value> =
        serde_json::from_str(&fields["uploadmediarequest"]).unwrap();
    fields.insert("uploadmediarequest".to_owned(), serde_json::to_string(&request).unwrap());
    fields.insert("filename".to_owned(), String::new());
    let mut body = Vec::new();
    for (name, value) in &fields {
        body.extend(b"--X\r\n");
        match name.as_str() {
            "filename" => {
                body.extend(form.file_head.bytes().chain(*b"\r\n").chain(form.file.iter().copied()))
            }
            _ => body.extend(
                format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}").bytes(),
            ),
        }
        body.extend(b"\r\n");
    }
    body.extend(b"--X--\r\n");
    let headers = page.post_headers("/", "multipart/form-data; boundary=X");
    let reply = request_to(&page, "webwxuploadmedia?f=json", &headers, &body);
    assert_eq!(page.send(reply.json()["MediaId"].as_str().unwrap(), "15114939427950364").ret(), 0);
    assert!(server.messages()[0].media == bytes);
    let heads: Vec<String> =
        server.requests()[0].parts.iter().map(|part| part.head.clone()).collect();
    assert_eq!(heads[2], form.file_head);
    assert_violation(&server, "webwxuploadmedia: chunks and chunk for a file of one chunk");
}

fn request_to(page: &Page, target: &str, headers: &[(String, String)], body: &[u8]) -> Reply {
    request(page.addr, "POST", &format!("{PATH}/{target}"), headers, body).unwrap()
}

fn assert_violation(server: &Emulator, violation: &str) {
    assert!(server.violations().iter().any(|n| n == violation), "{:#?}", server.violations());
}

/// Replays a capture against a server, and checks every reply.
fn replay(name: &str) -> Emulator {
    let capture = Capture::read(name);
    let incoming = sized(Jpeg, 60, 80, 11_235);
    let server = Emulator::builder().image(incoming.clone()).start().unwrap();
    let mut replay = Replay::new(&server, &capture, incoming);
    for recorded in capture.requests() {
        replay.replay(recorded);
    }
    let sent = capture
        .requests()
        .iter()
        .filter(|r| r["path"].as_str().unwrap().ends_with("webwxsendmsgimg"))
        .count();
    assert!(sent >= 2);
    let images: Vec<_> = server.messages().into_iter().filter(|m| m.kind == 3).collect();
    assert_eq!(images.len(), sent);
    for message in images {
        assert_eq!(
            Some(&message.media[..]),
            replay.files.get(&message.name).map(|bytes| &bytes[..])
        );
        assert_eq!(
            (message.from, message.to),
            (server.user_name().to_owned(), server.friend().to_owned())
        );
    }
    server
}

struct Replay<'a> {
    server: &'a Emulator,
    page: Page,
    swap: Swap,
    files: HashMap<String, Vec<u8>>,
    incoming: Vec<u8>,
}

impl<'a> Replay<'a> {
    fn new(server: &'a Emulator, capture: &Capture, incoming: Vec<u8>) -> Self {
        let mut swap = Swap::default();
        swap.add(INCOMING, &server.incoming()[0]);
        let mut files = HashMap::new();
        for (name, length, digest) in capture.files() {
            let bytes = match name {
                "large.png" => sized(Png, 300, 249, length),
                _ if length < 1000 => tiny_jpeg(16, 12, length),
                _ => sized(Jpeg, 400, 300, length),
            };
            swap.add(digest, &md5(&bytes));
            files.insert(name.to_owned(), bytes);
        }
        let mut replay = Replay { server, page: Page::new(server), swap, files, incoming };
        replay.learn_login();
        if !capture.requests()[0]["path"].as_str().unwrap().ends_with("jslogin") {
            replay.scan_the_code();
        }
        replay
    }

    /// Replaces the recorded values of the login by those of the current one.
    fn learn_login(&mut self) {
        let page = Page::new(self.server);
        self.swap.add_pass_ticket(PASS_TICKET, &page.word("pass_ticket"));
        self.swap.add(SKEY, &page.word("skey"));
        self.swap.add(SID, &page.word("sid"));
        self.swap.add(UIN, &page.word("uin"));
        self.swap.add(DATA_TICKET, &page.cookie("webwx_data_ticket"));
        self.swap.add(OWN_NAME, &page.word("user_name"));
        self.swap.add(FRIEND, &self.server.name_in_login(self.server.friend()));
        self.page = page;
    }

    /// Logs in by QR code. The browser's recording starts after that, with a made-up ticket.
    fn scan_the_code(&mut self) {
        let get = |target: &str| {
            let headers = [("User-Agent".to_owned(), "Mozilla/5.0".to_owned())];
            request(self.page.addr, "GET", target, &headers, b"").unwrap().text()
        };
        let text = get(
            "/jslogin?appid=wx782c26e4c19acffb&redirect_uri=x&fun=new&lang=zh_CN&_=1546211298739",
        );
        let uuid = between(&text, "uuid = \"", "\"").to_owned();
        let poll =
            format!("{PATH}/login?loginicon=true&uuid={uuid}&tip=1&r=-23072231&_=1546211298740");
        let text = (0..3).fold(String::new(), |_, _| get(&poll));
        let link = between(&text, "ticket=", "&uuid");
        self.swap.add("ticket=A&uuid=B", &format!("ticket={link}&uuid={uuid}"));
    }

    fn replay(&mut self, recorded: &Value) {
        let endpoint = recorded["path"].as_str().unwrap().rsplit('/').next().unwrap();
        let body = &recorded["body"];
        let bytes = match (body.is_null(), body["multipart"].is_null()) {
            (true, _) => Vec::new(),
            (_, false) => form_body(body, &self.swap, |name| self.files[name].clone()),
            _ => self.swap.text(&json_text(body)).into_bytes(),
        };
        let headers = self.headers(recorded, bytes.len());
        let target = self.swap.text(recorded["target"].as_str().unwrap());
        let method = recorded["method"].as_str().unwrap();
        let reply = request(self.page.addr, method, &target, &headers, &bytes).unwrap();
        assert!(reply.is_complete, "{endpoint}");
        self.check(endpoint, &target, recorded, &reply);
    }

    /// Returns the recorded headers with the hosts, cookies and length of this session.
    fn headers(&self, recorded: &Value, length: usize) -> Vec<(String, String)> {
        let ours = self.page.addr.to_string();
        let pair = |pair: &Value| {
            let (name, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            let value = match name.to_ascii_lowercase().as_str() {
                "host" => ours.clone(),
                "content-length" => length.to_string(),
                "cookie" => self.cookies(value),
                "origin" | "referer" if value.starts_with("http://127.0.0.1:") => {
                    let path =
                        value["http://".len()..].find('/').map_or("", |slash| &value[7 + slash..]);
                    format!("http://{ours}{path}")
                }
                _ => value.to_owned(),
            };
            (name.to_owned(), value)
        };
        recorded["headers"].as_array().unwrap().iter().map(pair).collect()
    }

    fn cookies(&self, recorded: &str) -> String {
        let ours = self.page.cookies();
        let ours: HashMap<&str, &str> =
            ours.split("; ").map(|pair| pair.split_once('=').unwrap()).collect();
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap();
            format!("{name}={}", ours.get(name).copied().unwrap_or(value))
        };
        recorded.split("; ").map(pair).collect::<Vec<_>>().join("; ")
    }

    fn check(&mut self, endpoint: &str, target: &str, recorded: &Value, reply: &Reply) {
        let response = &recorded["response"];
        if !response.is_null() {
            assert_eq!(reply.status, response["status"].as_u64().unwrap() as u16, "{endpoint}");
        }
        match endpoint {
            "jslogin" => self.swap.add(UUID, between(&reply.text(), "uuid = \"", "\"")),
            "login" => self.check_poll(response["text"].as_str().unwrap(), &reply.text()),
            "webwxnewloginpage" => {
                self.learn_login();
                self.check_login(reply);
            }
            "webwxgetmsgimg" => self.check_image(target, response, reply),
            "synccheck" => {
                let recorded = response["text"]
                    .as_str()
                    .unwrap_or("window.synccheck={retcode:\"0\",selector:\"0\"}");
                assert_eq!(reply.text(), recorded);
            }
            "webwxsync" => {
                let message = &reply.json()["AddMsgList"][0];
                assert_eq!(message["MsgId"], message["NewMsgId"].to_string());
                assert_eq!(self.swap.text(INCOMING), message["MsgId"].as_str().unwrap());
            }
            "webwxuploadmedia" if recorded["method"] == "OPTIONS" => assert_eq!(reply.ret(), 1),
            _ => {
                assert_eq!(reply.ret(), 0, "{endpoint}");
                self.follow(response, &reply.json());
            }
        }
    }

    /// Replaces the recorded MediaId and MsgID by those of the reply, for all later requests.
    fn follow(&mut self, response: &Value, reply: &Value) {
        let Some(recorded) =
            response["text"].as_str().and_then(|text| serde_json::from_str::<Value>(text).ok())
        else {
            return;
        };
        for key in ["MediaId", "MsgID"] {
            let (Some(recorded), Some(present)) = (recorded[key].as_str(), reply[key].as_str())
            else {
                continue;
            };
            assert_eq!(recorded.is_empty(), present.is_empty(), "{key}");
            if !recorded.is_empty() {
                self.swap.add(recorded, present);
            }
        }
        if recorded["StartPos"] != Value::Null {
            assert_eq!(reply["StartPos"], recorded["StartPos"]);
        }
    }

    fn check_poll(&mut self, recorded: &str, present: &str) {
        assert_eq!(recorded[..15], present[..15]);
        if present.contains("redirect_uri") {
            assert!(present.contains(&format!("\"{}{PATH}/webwxnewloginpage?", self.page.base)));
            self.swap.add(TICKET, between(present, "ticket=", "&uuid"));
        }
    }

    fn check_login(&self, reply: &Reply) {
        assert_eq!(reply.header("location"), None);
        for (tag, key) in
            [("skey", "skey"), ("wxsid", "sid"), ("wxuin", "uin"), ("pass_ticket", "pass_ticket")]
        {
            let text = reply.text();
            assert_eq!(between(&text, &format!("<{tag}>"), "<"), self.page.word(key));
        }
        let set: Vec<&str> = reply
            .headers
            .iter()
            .filter(|(n, _)| n == "Set-Cookie")
            .map(|(_, v)| v.split("; ").next().unwrap())
            .collect();
        assert_eq!(set.join("; "), self.page.cookies());
        assert!(!reply.headers.iter().any(|(_, v)| v.contains("Secure") || v.contains("Domain")));
    }

    fn check_image(&self, target: &str, response: &Value, reply: &Reply) {
        assert_eq!(reply.header("content-type"), Some("image/jpeg"));
        assert_eq!(reply.header("cache-control"), Some("max-age=604800"));
        if target.contains("type=slave") {
            let (width, height) = dimensions(&reply.body);
            assert_eq!(width.max(height), 100);
        } else if let Some(name) = response["is"].as_str() {
            assert!(reply.body == self.files[name], "{name}");
        } else {
            assert!(reply.body == self.incoming);
        }
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}
