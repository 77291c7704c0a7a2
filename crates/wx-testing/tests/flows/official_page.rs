//! Compares our requests with the requests of the official page's own script in a browser: host,
//! path, query, headers and JSON text. `docs/conformance.md` lists what is not compared, and why.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::check_upload::CheckUpload;
use wx_proto::endpoint::get_contact::GetContact;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::js_login::{JsLogin, LoginCode};
use wx_proto::endpoint::login::PollLogin;
use wx_proto::endpoint::logout::LogoutCall;
use wx_proto::endpoint::new_login_page::NewLoginPage;
use wx_proto::endpoint::preflight::Preflight;
use wx_proto::endpoint::report::Report;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::status_notify::StatusNotify;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::endpoint::upload_media::UploadMedia;
use wx_proto::http::Response;
use wx_proto::{
    ApiRequest, ImageVariant, Media, MediaId, MsgId, Profile, Recipient, Seed, Session, Site,
    UnixMs,
};
use wx_testing::harness::SOI;
use wx_testing::samples::{TINY_PNG, capture};

/// Headers that the browser adds and that the server is not known to read, and cookies, which have
/// their own tests.
const NOT_COMPARED: [&str; 10] = [
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "cookie",
    "host",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "upgrade-insecure-requests",
    "user-agent",
];

/// A time, in milliseconds, at which both captures were running.
const CAPTURED_AT: i64 = 1_795_635_230_000;

struct Capture {
    requests: Vec<Value>,
    host: &'static str,
}

/// A captured request.
struct Captured<'a>(&'a Value);

impl Capture {
    fn web() -> Self {
        Self::read("official-page-2022", "wx.qq.com")
    }

    fn helper() -> Self {
        Self::read("filehelper-browser", "szfilehelper.weixin.qq.com")
    }

    fn read(name: &str, host: &'static str) -> Self {
        let mut capture = capture(name);
        let Value::Array(requests) = capture["requests"].take() else { panic!("no requests") };
        Self { requests, host }
    }

    /// Returns the `n`th request to this call, counted from 0.
    fn get(&self, name: &str, n: usize) -> Captured<'_> {
        let of_name = |request: &&Value| {
            let target = request["target"].as_str().unwrap();
            target.split('?').next().unwrap().ends_with(&format!("/{name}"))
        };
        Captured(self.requests.iter().filter(of_name).nth(n).unwrap())
    }

    /// Returns the session that `captured` was sent in: its DeviceID and, for webwxsync, its
    /// position.
    fn session(&self, captured: &Captured<'_>) -> Session {
        let init = self.get("webwxinit", 0);
        let (base_request, query) = (init.json()["BaseRequest"].take(), init.query());
        let ticket = query["pass_ticket"].replace("%25", "%");
        let uin: u32 = base_request["Uin"].to_string().trim_matches('"').parse().unwrap();
        let body = captured.json();
        let device_id = match captured.query().get("deviceid") {
            Some(id) => json!(id),
            None => [&body, &captured.upload_request()]
                .into_iter()
                .find_map(|json| json.pointer("/BaseRequest/DeviceID").cloned())
                .unwrap_or_default(),
        };
        let sync_key = captured.query().get("synckey").map_or_else(
            || body["SyncKey"].clone(),
            |key| {
                let pair = |pair: &str| {
                    let (key, val) = pair.split_once('_').unwrap();
                    json!({
                        "Key": key.parse::<u64>().unwrap(),
                        "Val": val.parse::<u64>().unwrap(),
                    })
                };
                let list: Vec<_> = key.split("%7C").map(pair).collect();
                json!({ "Count": list.len(), "List": list })
            },
        );
        let profile = if self.host.contains("filehelper") { "filehelper" } else { "web" };
        Session::from_json(
            json!({
                "version": 1, "profile": profile, "base": format!("https://{}", self.host),
                "lang": "zh_CN", "uin": uin,
                "sid": base_request["Sid"], "skey": base_request["Skey"], "pass_ticket": ticket,
                "device_id": device_id, "user_name": self.own_name(), "sync_key": sync_key,
                "synced_at": null,
                "cookies": [{ "name": "webwx_data_ticket", "value": "t", "domain": "qq.com",
                "host_only": false,
                              "path": "/", "secure": true, "expires": null }],
            })
            .to_string(),
        )
        .unwrap()
    }

    fn own_name(&self) -> String {
        self.get("webwxsendmsgimg", 0).msg("FromUserName")
    }
}

impl Captured<'_> {
    fn target(&self) -> &str {
        self.0["target"].as_str().unwrap()
    }

    fn query(&self) -> BTreeMap<&str, &str> {
        let query = self.target().split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.split_once('=')).collect()
    }

    fn body(&self) -> &str {
        self.0["body"].as_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(self.body()).unwrap_or_default()
    }

    fn msg(&self, key: &str) -> String {
        self.json()["Msg"][key].as_str().unwrap().to_owned()
    }

    fn to(&self) -> Recipient {
        Recipient::new(self.msg("ToUserName")).unwrap()
    }

    fn field(&self, name: &str) -> &str {
        let (_, rest) =
            self.body().split_once(&format!("name=\"{name}\"\r\n\r\n")).unwrap_or_default();
        rest.split("\r\n").next().unwrap()
    }

    fn upload_request(&self) -> Value {
        serde_json::from_str(self.field("uploadmediarequest")).unwrap_or_default()
    }

    /// Returns a seed with the time of the request, which is taken from any value that contains it.
    fn seed(&self) -> Seed {
        let (query, body, upload) = (self.query(), self.json(), self.upload_request());
        let in_query = |name: &str| query.get(name)?.parse::<i64>().ok();
        let shown = body["ClientMsgId"].as_i64().or(upload["ClientMediaId"].as_i64());
        let shown = shown
            .or(in_query("r"))
            .or(body["rr"].as_i64())
            .or(in_query("_"))
            .unwrap_or(CAPTURED_AT);
        // `~now` only contains the low 32 bits.
        let high = CAPTURED_AT >> 32 << 32;
        let unix_ms = if shown < 0 { high | i64::from(!(shown as i32) as u32) } else { shown };
        let unix_ms = UnixMs::new(unix_ms.unsigned_abs());
        Seed { unix_ms, entropy: [1; 16] }
    }

    /// Panics unless `ours` equals this request. Random ids are compared only by their shape.
    #[track_caller]
    fn check(&self, ours: &ApiRequest) {
        let http = ours.http();
        assert_eq!(http.method(), self.0["method"].as_str().unwrap());
        assert_eq!(http.uri().host(), self.0["host"].as_str());
        assert_eq!(
            with_shapes(http.uri().path_and_query().unwrap().as_str()),
            with_shapes(self.target()),
            "the query of {}",
            ours.endpoint()
        );
        let compared = |name: &str| !NOT_COMPARED.contains(&name) && !name.starts_with("sec-");
        let sent =
            http.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let sent: BTreeMap<String, &str> =
            sent.map(|(name, value)| (name.to_owned(), value)).collect();
        let captured = self.0["headers"].as_array().unwrap().iter();
        let captured: BTreeMap<String, &str> = captured
            .map(|pair| (pair[0].as_str().unwrap().to_ascii_lowercase(), pair[1].as_str().unwrap()))
            .collect();
        let is_form = ours.http().method() == "POST" && ours.endpoint() == "webwxuploadmedia";
        let shown = |headers: &BTreeMap<String, &str>| -> Vec<String> {
            let headers = headers.iter().filter(|(name, _)| compared(name));
            // The tests of `endpoint::upload_media` compare the forms byte for byte.
            let headers = headers.filter(|(name, _)| !is_form || *name != "content-length");
            headers
                .map(|(name, value)| {
                    format!("{name}: {}", value.split("; boundary=").next().unwrap())
                })
                .collect()
        };
        assert_eq!(shown(&sent), shown(&captured), "the headers of {}", ours.endpoint());
        if !is_form {
            assert_eq!(
                with_local_ids(&http.body().to_vec()),
                with_local_ids(self.body().as_bytes())
            );
        }
    }
}

/// Returns the target with only the lengths of two values: `_`, which jQuery counts up from the
/// time when the page was loaded, and `random`.
fn with_shapes(target: &str) -> String {
    let shape = |pair: &str| match pair.split_once('=') {
        Some((name @ ("_" | "random"), value)) => format!("{name}={}", "x".repeat(value.len())),
        _ => pair.to_owned(),
    };
    target.split('&').map(shape).collect::<Vec<_>>().join("&")
}

/// Returns the body with only the lengths of its random message ids.
fn with_local_ids(body: &[u8]) -> String {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let Some((_, rest)) = text.split_once("\"LocalID\":\"") else { return text };
    let id = rest.split('"').next().unwrap().to_owned();
    assert_eq!(text.matches(&id).count(), 2, "LocalID and ClientMsgId are one");
    text.replace(&id, &"9".repeat(id.len()))
}

fn uuid(captured: &Captured<'_>) -> LoginCode {
    let text = format!(
        "window.QRLogin.code = 200; window.QRLogin.uuid = \"{}\";",
        captured.query()["uuid"]
    );
    JsLogin::read(&Response::new(Bytes::from(text))).unwrap()
}

fn media(name: &str, len: u64) -> Media {
    let start: &[u8] = if name.ends_with(".png") { TINY_PNG } else { &SOI };
    Media::new(name, len, start).unwrap()
}

/// Returns our request for the first chunk of an upload, without its content.
fn upload(captured: &Captured<'_>, session: &Session) -> ApiRequest {
    let request = captured.upload_request();
    let text = |key: &str| request[key].as_str().unwrap();
    let image = media(captured.field("name"), request["TotalLen"].as_u64().unwrap());
    let to = Recipient::new(text("ToUserName")).unwrap();
    let media = UploadMedia::new(image, text("FileMd5").parse().ok(), to, captured.seed());
    let request = media.chunk(0, Bytes::new()).request(session).unwrap();
    let form = String::from_utf8(request.http().body().to_vec()).unwrap();
    assert!(
        form.contains(&format!("\r\n\r\n{}\r\n", captured.field("uploadmediarequest"))),
        "{form}"
    );
    request
}

#[test]
fn p13_p53_the_login_is_the_pages() {
    let (page, site) = (Capture::web(), Site::new(Profile::Web));
    let captured = page.get("jslogin", 0);
    captured.check(
        &JsLogin::new(captured.seed().unix_ms).request(&Session::new(site.clone())).unwrap(),
    );
    for n in 0..3 {
        let captured = page.get("login", n);
        captured.check(
            &PollLogin::new(uuid(&captured), n > 0, captured.seed().unix_ms)
                .request(&Session::new(site.clone()))
                .unwrap(),
        );
    }
    let captured = page.get("webwxnewloginpage", 0);
    let redirect_uri = captured.target().strip_suffix("&fun=new&version=v2&lang=zh_CN").unwrap();
    let redirect_uri = format!("https://wx.qq.com{redirect_uri}");
    let (call, site) = NewLoginPage::from_redirect(&redirect_uri.as_str().into(), &site).unwrap();
    captured.check(&call.request(&Session::new(site.clone())).unwrap());
}

#[test]
fn p12_p13_p16_p55_p56_receiving_is_the_pages() {
    let page = Capture::web();
    let captured = page.get("webwxinit", 0);
    captured.check(&Init::new(captured.seed()).request(&page.session(&captured)).unwrap());
    let captured = page.get("webwxstatusnotify", 0);
    captured.check(&StatusNotify::new(captured.seed()).request(&page.session(&captured)).unwrap());
    let captured = page.get("webwxgetcontact", 0);
    captured.check(
        &GetContact::new(0, captured.seed().unix_ms).request(&page.session(&captured)).unwrap(),
    );
    let captured = page.get("synccheck", 0);
    captured.check(&SyncCheck::new(captured.seed()).request(&page.session(&captured)).unwrap());
    let captured = page.get("webwxsync", 0);
    captured.check(&SyncMessages::new(captured.seed()).request(&page.session(&captured)).unwrap());
    for (n, size) in [(0, ImageVariant::Thumbnail), (2, ImageVariant::Original)] {
        let captured = page.get("webwxgetmsgimg", n);
        let id = MsgId::new(captured.query()["MsgID"]).unwrap();
        let call = GetMsgImg::new(id, size, captured.seed());
        captured.check(&call.request(&page.session(&captured)).unwrap());
    }
    let captured = page.get("webwxlogout", 0);
    captured.check(
        &LogoutCall::new(captured.seed().unix_ms).request(&page.session(&captured)).unwrap(),
    );
}

#[test]
fn p29_p30_p34_p41_p42_p43_p47_sending_is_the_pages() {
    let page = Capture::web();
    for (n, report) in Report::for_upload(4588, 57).into_iter().enumerate() {
        let captured = page.get("reportforweb", n);
        captured.check(&report.request(&page.session(&captured)).unwrap());
    }
    let captured = page.get("webwxcheckupload", 0);
    let body = captured.json();
    let text = |key: &str| body[key].as_str().unwrap();
    let image = media(text("FileName"), body["FileSize"].as_u64().unwrap());
    let to = Recipient::new(text("ToUserName")).unwrap();
    let call = CheckUpload::new(&image, text("FileMd5").parse().unwrap(), to, captured.seed());
    captured.check(&call.request(&page.session(&captured)).unwrap());
    let captured = page.get("webwxuploadmedia", 0);
    captured.check(&Preflight::new(captured.seed()).request(&page.session(&captured)).unwrap());
    // A file of one chunk, and the first of three chunks.
    for n in [1, 2] {
        let captured = page.get("webwxuploadmedia", n);
        captured.check(&upload(&captured, &page.session(&captured)));
    }
    let media_id = |captured: &Captured<'_>| MediaId::new(captured.msg("MediaId")).unwrap();
    let captured = page.get("webwxsendmsgimg", 0);
    let call = SendMsg::image(media_id(&captured), captured.to(), captured.seed());
    captured.check(&call.request(&page.session(&captured)).unwrap());
    let captured = page.get("webwxsendemoticon", 0);
    let call = SendMsg::emoticon(media_id(&captured), captured.to(), captured.seed());
    captured.check(&call.request(&page.session(&captured)).unwrap());
    let captured = page.get("webwxsendappmsg", 0);
    let content = captured.msg("Content");
    let inner = |name: &str| {
        let (_, rest) = content.split_once(&format!("<{name}>")).unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    let id = MediaId::new(inner("attachid")).unwrap();
    let call = SendMsg::file(
        id.clone(),
        &inner("title"),
        inner("totallen").parse().unwrap(),
        captured.to(),
        captured.seed(),
    );
    captured.check(&call.request(&page.session(&captured)).unwrap());
}

#[test]
fn p16_p34_p60_the_file_transfer_helper_sends_what_a_browser_can() {
    let page = Capture::helper();
    let site = Site::from_base(Profile::FileHelper, "https://szfilehelper.weixin.qq.com").unwrap();
    let captured = page.get("jslogin", 0);
    captured.check(
        &JsLogin::new(captured.seed().unix_ms).request(&Session::new(site.clone())).unwrap(),
    );
    let captured = page.get("login", 0);
    captured.check(
        &PollLogin::new(uuid(&captured), false, captured.seed().unix_ms)
            .request(&Session::new(site.clone()))
            .unwrap(),
    );
    for (n, size) in [(0, ImageVariant::Original), (1, ImageVariant::Thumbnail)] {
        let captured = page.get("webwxgetmsgimg", n);
        let id = MsgId::new(captured.query()["MsgID"]).unwrap();
        let call = GetMsgImg::new(id, size, captured.seed());
        captured.check(&call.request(&page.session(&captured)).unwrap());
    }
    // The second upload, which sends the header.
    let captured = page.get("webwxuploadmedia", 4);
    captured.check(&Preflight::new(captured.seed()).request(&page.session(&captured)).unwrap());
    let captured = page.get("webwxuploadmedia", 5);
    captured.check(&upload(&captured, &page.session(&captured)));
}
