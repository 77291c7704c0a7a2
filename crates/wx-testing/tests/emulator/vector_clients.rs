//! The requests of other clients in the vectors, with the values of a login of this server. The
//! server accepts all of them.

use image::ImageFormat::{Gif, Jpeg};
use serde_json::{Value, json};
use wx_emulator::{Builder, Emulator, Incoming, Profile};
use wx_testing::images::{md5, noise, sized, small};
use wx_testing::raw_client::{Reply, request};
use wx_testing::samples::vector;
use wx_testing::swap::Swap;

use crate::page::{FIRST, Form, PATH, Page};

/// The values that all vectors have in common.
const UIN: &str = "2272112421";
const SID: &str = "AbCdEfGhIjKlMnOp";
const SKEY: &str = "@crypt_00000000_00000000000000000000000000000000";
const PASS_TICKET: &str = "AbCdEfGhIj%2BKlMnOpQr%2FStUvWxYz%3D";
const DATA_TICKET: &str = "gScAbCdEfGhIjKlMnOpQr+/=";
const OWN: &str = "@0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const FRIEND: &str = "@fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";
const ROOM: &str = "@@00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const MEMBER: &str = "@a1b2c3d4e5f60718a1b2c3d4e5f60718a1b2c3d4e5f60718a1b2c3d4e5f60718";
const MD5: &str = "d41d8cd98f00b204e9800998ecf8427e";

struct Stage {
    server: Emulator,
    page: Page,
    swap: Swap,
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).unwrap().as_str().unwrap()
}

fn media_id() -> String {
    format!("@crypt_00000000_{}", "ab".repeat(320))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

impl Stage {
    fn new(builder: Builder) -> Self {
        let server = builder.room("The Room", ["Bob"]).start().unwrap();
        let page = Page::new(&server);
        let room = server.room("The Room").unwrap();
        let mut swap = Swap::default();
        swap.add_pass_ticket(PASS_TICKET, &page.word("pass_ticket"));
        for (recorded, current) in [
            (SKEY, page.word("skey").as_str()),
            (UIN, &page.word("uin")),
            (DATA_TICKET, &page.cookie("webwx_data_ticket")),
            (OWN, &page.word("user_name")),
            (FRIEND, server.friend()),
            (ROOM, &room.user_name),
            (MEMBER, &room.members[0]),
        ] {
            swap.add(recorded, current);
        }
        Stage { server, page, swap }
    }

    fn helper() -> Self {
        let builder = Emulator::builder().profile(Profile::FileHelper).checked_above(2000);
        Self::new(builder.image(small(Jpeg, 40, 30)))
    }

    /// Returns a body with the values of this login.
    fn body(&self, recorded: &str) -> String {
        self.swap.text(recorded).replace(SID, &self.page.word("sid"))
    }

    /// Returns a target with the values of this login. The recorded sid is the same in every
    /// encoding, unlike this one.
    fn target(&self, recorded: &str) -> String {
        let sid = self.page.word("sid").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        self.swap.text(recorded).replace(SID, &sid)
    }

    fn send(&self, method: &str, target: &str, content_type: &str, body: &[u8]) -> Reply {
        // Another host gets no more than the origin.
        let is_web = self.page.word("profile") == "web" && !target.contains("webwxgetmedia");
        let referer = if is_web { "/?lang=zh_CN" } else { "/" };
        let headers = match method {
            "POST" => self.page.post_headers(referer, content_type),
            _ => self.page.headers(referer),
        };
        request(self.page.addr, method, &self.target(target), &headers, body).unwrap()
    }

    /// Sends a request of a vector, which has a `path` and may have a `query_text` and a
    /// `body_text`.
    fn play(&self, recorded: &Value) -> Reply {
        let query = recorded["query_text"].as_str().unwrap_or_default();
        let target = format!("{}?{query}", text(recorded, "/path"));
        let body = self.body(recorded["body_text"].as_str().unwrap_or_default());
        let json = "application/json;charset=UTF-8";
        self.send(text(recorded, "/method"), &target, json, body.as_bytes())
    }

    /// Sends a message of a vector with another id than the messages before it.
    fn play_message(&self, recorded: &Value, nth: usize) {
        let mut recorded = recorded.clone();
        let id = format!("1511493942795{nth:04}");
        let body = text(&recorded, "/body_text").replace("15114939427950364", &id);
        recorded["body_text"] = body.into();
        let before = self.server.messages().len();
        let reply = self.play(&recorded);
        assert_eq!(reply.ret(), 0, "{recorded}");
        assert_eq!(self.server.messages().len(), before + 1, "{recorded}");
    }

    /// Uploads a file with the page's form, and replaces the MediaId of the vectors by its MediaId.
    fn upload(&mut self, name: &str, mime: &str, bytes: &[u8]) {
        let reply = self.page.upload(name, mime, bytes, FIRST).json();
        assert_eq!(reply["BaseResponse"]["Ret"], 0);
        self.swap.add(&media_id(), text(&reply, "/MediaId"));
    }
}

#[test]
fn texts() {
    let stage = Stage::new(Emulator::builder());
    let vector = vector("text_send");
    // One of the texts is forwarded.
    stage.server.deliver(Incoming::text("hello"));
    for (nth, case) in list(&vector, "cases").iter().enumerate() {
        stage.play_message(case, nth);
        let sent = stage.server.messages().pop().unwrap();
        assert_eq!(sent.text, text(case, "/body/Msg/Content"), "{case}");
    }
    // Without lang and pass_ticket, and forwarded, as the page sends them.
    assert_eq!(stage.server.violations(), [""; 0]);
    assert_eq!(list(&vector, "page_rules").len(), 2);
}

#[test]
fn emoticons() {
    let mut stage = Stage::new(Emulator::builder());
    let gif = small(Gif, 9, 9);
    stage.upload("a.gif", "image/gif", &gif);
    // An MD5 is that of an emoticon that the account has seen.
    stage.server.deliver(Incoming::image(gif.clone()));
    let vector = vector("emoticon");
    let of_the_page = text(&vector, "/md5_or_media_id/0/text");
    for recorded in [of_the_page, MD5] {
        stage.swap.add(recorded, &md5(&gif));
    }
    for (nth, case) in list(&vector, "cases").iter().enumerate() {
        stage.play_message(case, nth);
        assert!(stage.server.messages().pop().unwrap().media == gif, "{case}");
    }
    // An emoticon is named by one of the two, and by neither it is refused.
    for (at, case) in list(&vector, "md5_or_media_id").iter().enumerate() {
        let name = text(case, "/text");
        let key = if name.starts_with('@') { "MediaId" } else { "EMoticonMd5" };
        let mut recorded = list(&vector, "cases")[0].clone();
        let body = text(&recorded, "/body_text").replace("15114939427950364", "15114939427951000");
        let body = body.replace(
            &format!("\"EMoticonMd5\":\"{of_the_page}\""),
            &format!("\"{key}\":\"{name}\""),
        );
        recorded["body_text"] = body.into();
        let ret = if case["is"] == "refused" { 1 } else { 0 };
        assert_eq!(stage.play(&recorded).ret(), ret, "{at}");
    }
}

#[test]
fn files() {
    for profile in [Profile::Web, Profile::FileHelper] {
        let mut stage = Stage::new(Emulator::builder().profile(profile));
        stage.upload("a.zip", "application/zip", &noise(1024));
        let vector = vector("appmsg_file");
        let cases = list(&vector, "send").iter();
        for (nth, case) in
            cases.filter(|case| case["body"]["Msg"]["Signature"].is_null()).enumerate()
        {
            let case = with_body(case, |body| to_helper(body, profile));
            stage.play_message(&case, nth);
        }
        // The XML of another client, in the message of the page.
        for variant in list(&vector, "xml_variants") {
            assert_eq!(variant["works"], true);
            let case = with_body(&vector["send"][0], |body| {
                let mut json: Value = serde_json::from_str(&body).unwrap();
                json["Msg"]["Content"] = variant["content"].clone();
                to_helper(json.to_string(), profile)
            });
            stage.play_message(&case, 100);
            let sent = stage.server.messages().pop().unwrap();
            assert_eq!(sent.media, noise(1024));
        }
    }
}

fn with_body(case: &Value, change: impl FnOnce(String) -> String) -> Value {
    let mut case = case.clone();
    case["body_text"] = change(text(&case, "/body_text").to_owned()).into();
    case
}

fn to_helper(body: String, profile: Profile) -> String {
    match profile {
        Profile::Web => body,
        Profile::FileHelper => body.replace(FRIEND, "filehelper"),
    }
}

#[test]
fn announcements_of_large_files() {
    let mut stage = Stage::new(Emulator::builder());
    let file = noise(1000);
    stage.swap.add(MD5, &md5(&file));
    let vector = vector("appmsg_file");
    let call = &vector["checkupload"];
    let mut tickets = Vec::new();
    for asked in list(call, "requests") {
        let mut recorded = call.clone();
        recorded["body_text"] = asked["body_text"].clone();
        let reply = stage.play(&recorded).json();
        assert_eq!((&reply["BaseResponse"]["Ret"], &reply["MediaId"]), (&json!(0), &json!("")));
        tickets.push((reply["AESKey"].clone(), reply["Signature"].clone()));
        // Each key of the vector's answers is one of the reply.
        for answer in list(call, "answers") {
            let keys = answer["body"].as_object().unwrap().keys();
            keys.for_each(|key| assert!(reply.get(key).is_some(), "{key}"));
        }
    }
    assert_eq!(tickets[0], tickets[1], "one content has one ticket");
}

#[test]
fn downloads_of_files() {
    let vector = vector("getmedia_request");
    let input = text(&vector, "/inputs/message/MediaId");
    for recorded in list(&vector, "requests") {
        let client = text(recorded, "/client");
        let is_helper = text(recorded, "/query_text").contains("mmweb_appid");
        let profile = if is_helper { Profile::FileHelper } else { Profile::Web };
        let mut stage = Stage::new(Emulator::builder().profile(profile));
        let file = match client {
            "recommended, EncryFileName empty" => {
                Incoming::file("file name.zip", &b"bytes"[..]).with("EncryFileName", "")
            }
            _ => Incoming::file("fileName.zip", &b"bytes"[..]),
        };
        stage.server.deliver(file);
        let message = crate::more_calls::synced(&stage.page).pop().unwrap();
        stage.swap.add(input, text(&message, "/MediaId"));
        let sender = text(&message, "/FromUserName").to_owned();
        stage.swap.add(&stage.server.room("The Room").unwrap().user_name.clone(), &sender);
        let reply = stage.play(recorded);
        assert_eq!(reply.body, b"bytes", "{client}");
        let mut found = stage.server.violations();
        found.retain(|what| what.starts_with("webwxgetmedia"));
        // The page's and the recommended requests differ from each other only in the spelling of @.
        let is_official = client.starts_with("recommended") || client == "official page";
        assert_eq!(found.is_empty(), is_official, "{client}: {found:?}");
        // Without the login, there is nothing.
        let stranger = request(stage.page.addr, "GET", text(recorded, "/path"), &[], b"").unwrap();
        assert_eq!((stranger.status, stranger.body.len()), (200, 0));
    }
    assert_eq!(vector["cookies_required"], true);
}

fn helper_request<'a>(vector: &'a Value, name: &str) -> &'a Value {
    list(vector, "requests").iter().find(|request| request["name"] == name).unwrap()
}

#[test]
fn requests_of_the_file_transfer_helpers_clients() {
    let vector = vector("filehelper_requests");
    let mut stage = Stage::helper();
    let named = |name: &str| helper_request(&vector, name);
    let init = stage.play(named("init")).json();
    assert_eq!(init["BaseResponse"]["Ret"], 0);
    // Positions of this server in the place of the recorded ones.
    let [first, second] = [0, 1].map(|nth| init["SyncKey"]["List"][nth]["Val"].to_string());
    for (recorded, current) in [("698325105", first), ("698325109", second)] {
        stage.swap.add(recorded, &current);
    }
    let polled = stage.play(named("synccheck")).text();
    assert!(polled.contains("retcode:\"0\""), "{polled}");
    assert_eq!(stage.play(named("sync")).ret(), 0);
    stage.play_message(named("text"), 1);

    // Each form with the bytes of the vector, and the messages of what was uploaded.
    let file = noise(1024);
    stage.swap.add(MD5, &md5(&file));
    let recorded = named("upload, wx-filehelper-api");
    let field = |name: &str| {
        let fields = list(recorded, "form").iter();
        fields.clone().find(|field| field[0] == name).unwrap()[1].as_str().unwrap().to_owned()
    };
    let of_the_browser = named("upload, field order of the browser of 2022");
    let orders = [
        list(recorded, "form").iter().map(|field| text(field, "/0")).collect::<Vec<_>>(),
        list(of_the_browser, "form").iter().map(|name| name.as_str().unwrap()).collect(),
    ];
    let mut media_ids = Vec::new();
    for (order, query) in orders.into_iter().zip([recorded, of_the_browser]) {
        let names = order.into_iter().filter(|name| *name != "filename");
        let form = Form {
            fields: names.map(|name| (name.to_owned(), stage.body(&field(name)))).collect(),
            file: file.clone(),
            file_head: "Content-Disposition: form-data; name=\"filename\"; filename=\"a.zip\"\r\n\
                        Content-Type: application/zip\r\n"
                .to_owned(),
        };
        let target = format!("{}?{}", text(query, "/path"), text(query, "/query_text"));
        let reply = stage.send("POST", &target, Form::TYPE, &form.body());
        assert_eq!(reply.ret(), 0);
        media_ids.push(text(&reply.json(), "/MediaId").to_owned());
    }
    assert_eq!(media_ids[0], media_ids[1], "the same upload, written in another order");
    stage.swap.add(&media_id(), &media_ids[0]);
    stage.play_message(named("file"), 2);
    for (nth, name) in ["picture", "picture, as the browser of 2022"].into_iter().enumerate() {
        let mut recorded = named(name).clone();
        recorded["query_text"] = named("picture")["query_text"].clone();
        stage.play_message(&recorded, 3 + nth);
    }
    let incoming = stage.server.incoming().pop().unwrap();
    stage.swap.add("1036723910963469192", &incoming);
    let [picture, thumbnail] =
        ["picture download", "thumbnail"].map(|name| stage.play(named(name)));
    assert!(picture.body == small(Jpeg, 40, 30));
    assert!(!thumbnail.body.is_empty() && thumbnail.body != picture.body);
    // A fork posts the two values of the logout as JSON.
    stage.play(named("logout"));
    assert!(!stage.server.is_logged_in());
}

/// The four versions of the only client with the large upload.
#[test]
fn a_large_file_of_the_file_transfer_helper() {
    let vector = vector("upload_parallel");
    let mut stage = Stage::helper();
    let chunk = usize::try_from(vector["sizes"]["chunk"].as_u64().unwrap()).unwrap();
    let file = sized(Jpeg, 40, 30, chunk + 1);
    stage.swap.add(MD5, &md5(&file));
    let len = |body: &str| body.replace("26214401", &file.len().to_string());
    let mut asked = vector["checkupload"].clone();
    asked["body_text"] = len(text(&asked, "/body_text")).into();
    let ticket = stage.play(&asked).json();
    assert_eq!(ticket["BaseResponse"]["Ret"], 0);
    let first = &vector["chunks"][0]["object"];
    for key in ["Signature", "AESKey"] {
        stage.swap.add(text(first, &format!("/{key}")), text(&ticket, &format!("/{key}")));
    }
    let send = |stage: &Stage, step: &Value, request: &str, name: &str, bytes: &[u8]| {
        let request = len(&stage.body(request)).replace("\"Chunks\":51", "\"Chunks\":2");
        let request = request.replace("\"Chunks\": 51", "\"Chunks\": 2");
        let ticket = stage.page.cookie("webwx_data_ticket");
        let value = |field: &str| match field {
            "UploadMediaParallelRequest" => request.clone(),
            _ => ticket.clone(),
        };
        let names = step.as_array().unwrap().iter();
        let names = names.map(|field| field.as_str().unwrap_or_else(|| field[0].as_str().unwrap()));
        let form = Form {
            fields: names
                .filter(|name| *name != "filename")
                .map(|name| (name.to_owned(), value(name)))
                .collect(),
            file: bytes.to_vec(),
            file_head: format!(
                "Content-Disposition: form-data; name=\"filename\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n"
            ),
        };
        let target = format!("{PATH}/webwxuploadmediaparallel?f=json&random=AbC1");
        stage.send("POST", &target, Form::TYPE, &form.body())
    };
    // The older versions know no UploadID, so this server refuses their second chunk.
    let older = &vector["older_request_object"];
    let old_text = text(older, "/text_python_default_spacing");
    let reply = send(&stage, &older["form_order"], old_text, "big.zip", &file[..chunk]);
    assert_eq!(reply.ret(), 0);
    let second = old_text.replace("\"Chunk\": 0", "\"Chunk\": 1");
    let reply = send(&stage, &older["form_order"], &second, "big.zip", &file[chunk..]);
    assert_eq!(reply.ret(), 1);

    let request_of = |step: &Value| text(step, "/form/2/1").to_owned();
    let step = &vector["chunks"][0];
    let reply = send(&stage, &step["form"], &request_of(step), "blob", &file[..chunk]).json();
    assert_eq!(reply["MediaId"], "");
    let step = &vector["chunks"][1];
    stage.swap.add(text(step, "/object/UploadID"), text(&reply, "/UploadID"));
    let last = send(&stage, &step["form"], &request_of(step), "blob", &file[chunk..]).json();
    stage.swap.add(&media_id(), text(&last, "/MediaId"));
    let mut message = vector["send"].clone();
    message["query_text"] = "fun=async&f=json&lang=zh_CN".into();
    message["body_text"] = len(text(&message, "/body_text")).into();
    stage.play_message(&message, 0);
    assert!(stage.server.messages()[0].media == file);
}
