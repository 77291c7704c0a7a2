//! Compares our requests on the File Transfer Helper with the vector of its clients, which differ
//! from each other and from a browser. Every difference from them is listed.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::js_login::{JsLogin, LoginCode};
use wx_proto::endpoint::login::PollLogin;
use wx_proto::endpoint::logout::LogoutCall;
use wx_proto::endpoint::new_login_page::NewLoginPage;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::endpoint::upload_media::UploadMedia;
use wx_proto::flow::{NextMessages, SendMessage};
use wx_proto::http::Response;
use wx_proto::{
    ApiRequest, HostRole, ImageVariant, Md5, Media, MediaId, MsgId, Policy, Profile, Recipient,
    Seed, Session, Site, Text, UnixMs,
};
use wx_testing::harness::{Harness, ok};
use wx_testing::samples::vector;
use wx_testing::swap::decoded;

use crate::messages::batch;

const SEED: Seed = Seed { unix_ms: UnixMs::new(1_770_000_000_000), entropy: [1; 16] };

/// The differences from the vector: the pairs of the query that only one side has, values with
/// another spelling, and another order. Where a browser's request is known, ours is like that one.
const DIFFERENCES: &[(&str, &[&str])] = &[
    // The official page's script, which the helper's page is built like, leaves them raw.
    ("poll", &["another spelling of uuid"]),
    // The pairs that the server gave come first.
    ("newloginpage", &["another spelling of ticket", "another spelling of uuid", "another order"]),
    // As on the official page.
    ("synccheck", &["only here: _"]),
    ("sync", &["another spelling of skey", "only here: lang"]),
    ("picture", &["only here: lang"]),
    // A browser was recorded with this order.
    ("thumbnail", &["another order"]),
];

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).unwrap().as_str().unwrap()
}

fn site() -> Site {
    Site::from_base(Profile::FileHelper, "https://filehelper.weixin.qq.com").unwrap()
}

/// Returns the session of the vector.
fn session(vector: &Value) -> Session {
    let sync = request_of(vector, "sync");
    let base = &sync["body"]["BaseRequest"];
    let from = text(request_of(vector, "text"), "/body/Msg/FromUserName");
    let uin = u32::try_from(base["Uin"].as_u64().unwrap()).unwrap();
    let session = Session::builder("https://filehelper.weixin.qq.com").uin(uin);
    let session = session.sid(text(base, "/Sid")).skey(text(base, "/Skey")).user_name(from);
    let ticket = text(request_of(vector, "upload, wx-filehelper-api"), "/form/6/1");
    let session = session.pass_ticket(text(sync, "/query/2/1")).data_ticket(ticket);
    let json = session.build().unwrap().to_json();
    let mut json: Value = serde_json::from_str(json.expose()).unwrap();
    json["sync_key"] = sync["body"]["SyncKey"].clone();
    Session::from_json(json.to_string()).unwrap()
}

fn request_of<'a>(vector: &'a Value, name: &str) -> &'a Value {
    let mut requests = vector["requests"].as_array().unwrap().iter();
    requests.find(|request| request["name"] == name).unwrap()
}

/// Returns our request for a name of the vector, or `None` for a call that this library does not
/// make.
fn ours(name: &str, theirs: &Value, session: &Session) -> Option<ApiRequest> {
    let in_query = |key: &str| {
        let pairs = theirs["query"].as_array().unwrap().iter();
        pairs.clone().find(|pair| pair[0] == key).unwrap()[1].as_str().unwrap().to_owned()
    };
    let msg = || &theirs["body"]["Msg"];
    let request = match name {
        "jslogin" => JsLogin::new(SEED.unix_ms).request(&Session::new(site())),
        "poll" => {
            let uuid = in_query("uuid");
            let reply = format!("window.QRLogin.code = 200; window.QRLogin.uuid = \"{uuid}\";");
            let code: LoginCode = JsLogin::read(&Response::new(Bytes::from(reply))).unwrap();
            PollLogin::new(code, true, SEED.unix_ms).request(&Session::new(site()))
        }
        "newloginpage" => {
            let pair = |key: &str| format!("{key}={}", in_query(key));
            let pairs = ["ticket", "uuid", "lang", "scan"].map(pair).join("&");
            let address =
                format!("https://{}{}?{pairs}", text(theirs, "/host"), text(theirs, "/path"));
            let (call, _) = NewLoginPage::from_redirect(&address.into(), &site()).unwrap();
            call.pair("fun", "new").pair("version", "v2").request(&Session::new(site()))
        }
        "init" => Init::new(SEED).request(session),
        "synccheck" => SyncCheck::new(SEED).request(session),
        "sync" => SyncMessages::new(SEED).request(session),
        "text" => {
            let text = Text::new(text(msg(), "/Content"));
            SendMsg::text(&text, Recipient::file_helper(), SEED).request(session)
        }
        "picture" | "picture, as the browser of 2022" => {
            let id = MediaId::new(text(msg(), "/MediaId")).unwrap();
            SendMsg::image(id, Recipient::file_helper(), SEED).request(session)
        }
        "file" => {
            let inside = |name: &str| {
                let (_, rest) = text(msg(), "/Content").split_once(&format!("<{name}>")).unwrap();
                rest.split('<').next().unwrap()
            };
            let (id, len) = (MediaId::new(inside("attachid")).unwrap(), inside("totallen"));
            let to = Recipient::file_helper();
            let len = len.parse().unwrap();
            SendMsg::file(id, inside("title"), len, to, SEED).request(session)
        }
        "upload, wx-filehelper-api" | "upload, field order of the browser of 2022" => {
            let media = Media::new("a.zip", 1024, b"PK\x03\x04").unwrap();
            let upload = UploadMedia::new(media, Md5::digest(b""), Recipient::file_helper(), SEED);
            upload.chunk(0, Bytes::from_static(&[0; 1024])).request(session)
        }
        "picture download" | "thumbnail" => {
            let variant = match name {
                "thumbnail" => ImageVariant::Thumbnail,
                _ => ImageVariant::Original,
            };
            GetMsgImg::new(MsgId::new(in_query("MsgID")).unwrap(), variant, SEED).request(session)
        }
        "logout" => LogoutCall::new(SEED.unix_ms).request(session),
        "jslogin, other clients" | "video download" => return None,
        name => panic!("{name} is new"),
    };
    Some(request.unwrap())
}

/// Values that differ in each request.
const RANDOM: [&str; 8] =
    ["r", "_", "rr", "random", "deviceid", "DeviceID", "LocalID", "ClientMsgId"];

fn pairs(query: &str) -> Vec<(&str, String)> {
    let pair = |pair: &'_ str| -> Option<(usize, String)> {
        let (name, value) = pair.split_once('=')?;
        Some((name.len(), if RANDOM.contains(&name) { "…".to_owned() } else { value.to_owned() }))
    };
    query
        .split('&')
        .filter_map(|text| pair(text).map(|(len, value)| (&text[..len], value)))
        .collect()
}

fn differences(theirs: &str, here: &str) -> Vec<String> {
    let (theirs, here) = (pairs(theirs), pairs(here));
    let names = |of: &[(&str, String)], other: &[(&str, String)]| -> Vec<String> {
        let is_common = |name: &str| other.iter().any(|(n, _)| *n == name);
        of.iter().filter(|(name, _)| is_common(name)).map(|(name, _)| (*name).to_owned()).collect()
    };
    let mut found = Vec::new();
    for (name, value) in &theirs {
        match here.iter().find(|(n, _)| n == name) {
            None => found.push(format!("only there: {name}")),
            Some((_, other)) if other == value => {}
            Some((_, other)) if decoded(other) == decoded(value) => {
                found.push(format!("another spelling of {name}"));
            }
            Some(_) => found.push(format!("another {name}")),
        }
    }
    let is_ours = |name: &str| !theirs.iter().any(|(n, _)| *n == name);
    found.extend(
        here.iter().filter(|(name, _)| is_ours(name)).map(|(name, _)| format!("only here: {name}")),
    );
    if names(&theirs, &here) != names(&here, &theirs) {
        found.push("another order".to_owned());
    }
    found
}

/// Returns JSON without the values that differ in each request. The order of keys does not count.
fn masked(mut json: Value) -> Value {
    if let Some(pairs) = json.as_object_mut() {
        for (key, value) in pairs {
            *value =
                if RANDOM.contains(&key.as_str()) { "…".into() } else { masked(value.take()) };
        }
    }
    json
}

fn body(request: &ApiRequest) -> Value {
    serde_json::from_slice(&request.http().body().to_vec()).unwrap()
}

#[test]
fn p60_p61_p96_each_request_is_that_of_the_vector_or_differs_for_a_reason() {
    let vector = vector("filehelper_requests");
    let session = session(&vector);
    let mut differing = BTreeMap::new();
    for theirs in vector["requests"].as_array().unwrap() {
        let name = text(theirs, "/name");
        let Some(request) = ours(name, theirs, &session) else { continue };
        let http = request.http();
        assert_eq!(http.method(), text(theirs, "/method"), "{name}");
        assert_eq!(http.uri().host(), theirs["host"].as_str(), "{name}");
        assert_eq!(http.uri().path(), text(theirs, "/path"), "{name}");
        let app_id = http.headers().get("mmweb_appid").map(|value| value.to_str().unwrap());
        assert_eq!(app_id, theirs["headers"]["mmweb_appid"].as_str(), "{name}");
        if let Some(query) = theirs["query_text"].as_str() {
            let found = differences(query, http.uri().query().unwrap());
            if !found.is_empty() {
                differing.insert(name, found);
            }
        }
        if theirs["body"].is_object() {
            let (mut ours, theirs) = (masked(body(&request)), masked(theirs["body"].clone()));
            if name == "init" {
                // The official page sends text until the server has returned the number.
                assert_eq!(ours["BaseRequest"]["Uin"], theirs["BaseRequest"]["Uin"].to_string());
                ours["BaseRequest"]["Uin"] = theirs["BaseRequest"]["Uin"].clone();
            }
            assert_eq!(ours, theirs, "{name}");
        }
    }
    let known: BTreeMap<_, Vec<String>> = DIFFERENCES
        .iter()
        .map(|(name, what)| (*name, what.iter().map(ToString::to_string).collect()))
        .collect();
    assert_eq!(differing, known);
}

/// The names and values of the form are the same, although each client has its own order.
#[test]
fn p26_p60_the_form_is_that_of_the_vector_in_the_pages_order() {
    let vector = vector("filehelper_requests");
    let session = session(&vector);
    let theirs = request_of(&vector, "upload, wx-filehelper-api");
    let request = ours("upload, wx-filehelper-api", theirs, &session).unwrap();
    let form = String::from_utf8(request.http().body().to_vec()).unwrap();
    let field = |name: &str| {
        let (_, rest) = form.split_once(&format!("name=\"{name}\"\r\n\r\n")).unwrap();
        rest.split("\r\n").next().unwrap()
    };
    let mut names = Vec::new();
    for pair in theirs["form"].as_array().unwrap() {
        let name = text(pair, "/0");
        names.push(name);
        match name {
            "uploadmediarequest" => {
                let theirs: Value = serde_json::from_str(text(pair, "/1")).unwrap();
                let ours: Value = serde_json::from_str(field(name)).unwrap();
                let keys =
                    |json: &Value| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
                assert_eq!(keys(&ours), keys(&theirs));
                let (mut ours, mut theirs) = (masked(ours), masked(theirs));
                // Theirs is text of 16 digits.
                for json in [&mut ours, &mut theirs] {
                    json["ClientMediaId"] = Value::Null;
                }
                assert_eq!(ours, theirs);
            }
            "filename" => {
                let name = text(pair, "/1/file_name");
                let head = format!("name=\"filename\"; filename=\"{name}\"\r\n");
                assert!(form.contains(&(head + "Content-Type: application/octet-stream")));
            }
            // The library knows the types of images only.
            "type" => assert_eq!(field(name), "application/octet-stream"),
            // Theirs is encoded, and of another zone.
            "pass_ticket" => assert_eq!(field(name), decoded(text(pair, "/1"))),
            "lastModifiedDate" => assert!(field(name).starts_with("Mon Feb 02 2026 "), "{form}"),
            name => assert_eq!(field(name), text(pair, "/1"), "{name}"),
        }
    }
    let parts = form.split("; name=\"").skip(1).map(|part| part.split('"').next().unwrap());
    let parts: Vec<_> = parts.filter(|name| *name != "id").collect();
    assert_eq!(parts, names, "the page's other field is id");
    let browser = request_of(&vector, "upload, field order of the browser of 2022");
    let mut sorted: Vec<_> =
        browser["form"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    sorted.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, sorted);
}

#[test]
fn p1_p60_hosts_of_the_vector() {
    for row in vector("filehelper_requests")["hosts"].as_array().unwrap() {
        let base = format!("https://{}", text(row, "/entry"));
        let site = Site::from_base(Profile::FileHelper, &base).unwrap();
        for (role, key) in
            [(HostRole::Base, "/entry"), (HostRole::Login, "/login"), (HostRole::File, "/file")]
        {
            assert_eq!(
                site.hosts().origin(role).to_string(),
                format!("https://{}", text(row, key))
            );
        }
    }
}

#[test]
fn p97_messages_of_the_helper_vector() {
    let vector = vector("filehelper_requests");
    let cases = vector["messages"].as_array().unwrap();
    let own = text(&cases[1], "/sent_here/0");
    assert_eq!(text(&cases[1], "/message/MsgId"), own);
    let session = session(&vector);
    let hello = Text::new("hello");
    let sent = ok(json!({ "BaseResponse": { "Ret": 0 }, "MsgID": own }).to_string());
    let mut harness = Harness::new("", [sent]).with_session(&session);
    let to = Recipient::file_helper();
    let mut flow = SendMessage::inline(&session, hello, to, SEED, Policy::default()).unwrap();
    harness.run(&mut flow).unwrap();
    let messages: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(n, case)| {
            let mut message = case["message"].clone();
            let id = case["message"]["MsgId"].as_str().map_or((n + 1).to_string(), str::to_owned);
            message["MsgId"] = id.into();
            message
        })
        .collect();
    let mut harness =
        Harness::new("", [batch(6, &messages, json!({}))]).with_session(&harness.session);
    let mut flow = NextMessages::new(&harness.session, SEED, Policy::default()).unwrap();
    let new = harness.run(&mut flow).unwrap();
    let ids: Vec<_> = new.messages.iter().map(|new| new.id.clone().unwrap().to_string()).collect();
    // The third is not one of the helper's, and is delivered as it is.
    let words = ["deliver", "drop: own send", "not of the helper: drop or deliver raw"];
    for (case, word) in cases.iter().zip(words) {
        assert!(text(case, "/expect").starts_with(word), "{case}");
    }
    assert_eq!(ids, ["1", "3"]);
}
