//! Replays a recording against an emulator. All requests are sent in order, with their hosts,
//! headers and spelling, but with current values instead of the recorded ones.

use std::time::Duration;

use image::ImageFormat::Jpeg;
use serde_json::Value;
use wx_emulator::Emulator;

use crate::cookies::Jar;
use crate::files::Files;
use crate::forms::Unrecorded;
use crate::recording::{Recorded, Recording};
use wx_testing::images::{md5, sized};
use wx_testing::raw_client::{Reply, request};
use wx_testing::swap::Swap;

const CHUNK: usize = 524_288;

/// The result of a replay.
pub(crate) struct Outcome {
    pub(crate) server: Emulator,
    /// Replies without the required values: the number of the request, its call, and the reply.
    pub(crate) refused: Vec<String>,
}

/// Replays all requests. The cookies of a browser are compared with the cookies that reach the
/// host.
pub(crate) fn replay(recording: &Recording, is_browser: bool) -> Outcome {
    let pictures = recording.pictures();
    let builder = Emulator::builder().hold(Duration::ZERO);
    let builder = (0..pictures.len())
        .fold(builder, |builder, index| builder.image(sized(Jpeg, 60 + index as u32, 80, 11_235)));
    let server = builder.start().unwrap();
    let mut swap = Swap::default();
    for (recorded, present) in pictures.iter().zip(server.incoming()) {
        swap.add(recorded, &present);
    }
    let mut replay = Replay {
        server: &server,
        recording,
        is_browser,
        swap,
        jar: Jar::default(),
        files: Files::default(),
        sync_key: Value::Null,
        check_key: Value::Null,
        aes_key: String::new(),
        media_id: None,
        msg_id: String::new(),
        codes: 0,
        is_confirmed: false,
    };
    let mut refused = Vec::new();
    for (number, recorded) in recording.requests.iter().enumerate() {
        if let Err(answer) = replay.play(recorded) {
            refused.push(format!("{number} {}: {answer}", recorded.endpoint()));
        }
    }
    Outcome { server, refused }
}

struct Replay<'a> {
    server: &'a Emulator,
    recording: &'a Recording,
    is_browser: bool,
    swap: Swap,
    jar: Jar,
    files: Files,
    /// The values from the last reply that contained them.
    sync_key: Value,
    check_key: Value,
    aes_key: String,
    /// The values of the last upload, until a message has used them.
    media_id: Option<String>,
    msg_id: String,
    /// The number of login codes so far.
    codes: usize,
    is_confirmed: bool,
}

impl Replay<'_> {
    fn play(&mut self, recorded: &Recorded) -> Result<(), String> {
        if recorded.endpoint() == "webwxnewloginpage" {
            self.poll_until_confirmed();
        }
        self.prepare(recorded);
        let mut body = self.text(recorded).into_bytes();
        if recorded.field("uploadmediarequest").is_some() {
            let chunk = self.chunk(recorded);
            let recorded_len = recorded.body.len() - FILE.len() + chunk.len();
            // The address of the client is not part of the recording.
            let is_whole = !recorded.body.contains("DIR/");
            assert!(
                !is_whole || recorded_len == recorded.body_len,
                "the form is built as recorded"
            );
            let at = body.windows(FILE.len()).position(|window| window == FILE).unwrap();
            body.splice(at..at + FILE.len(), chunk);
        }
        let target = self.target(recorded);
        let headers = self.headers(recorded, body.len());
        let answer = request(self.server.addr(), &recorded.method, &target, &headers, &body);
        let answer = answer
            .unwrap_or_else(|_| panic!("{} {target} {headers:?}: no reply", recorded.endpoint()));
        assert!(answer.is_complete, "{}", recorded.endpoint());
        // The recorder replaced the server; the real server redirects a browser to the page.
        let status = if recorded.endpoint() == "webwxlogout" { 301 } else { recorded.status };
        assert_eq!(answer.status, status, "{}", recorded.endpoint());
        for (_, cookie) in
            answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        {
            self.jar.set(cookie);
        }
        self.follow(recorded, &answer)
    }

    /// Derives values that no reply contains: digests, and the ids of the preceding upload.
    fn prepare(&mut self, recorded: &Recorded) {
        if recorded.field("uploadmediarequest").is_some() {
            let (name, size) = (recorded.field("name").unwrap(), recorded.field("size").unwrap());
            self.learn_digest(name, size.parse().unwrap(), &recorded.upload_request()["FileMd5"]);
        }
        let Some(body) = recorded.json() else { return };
        if recorded.endpoint() == "webwxcheckupload" {
            let size = body["FileSize"].as_u64().unwrap() as usize;
            self.learn_digest(body["FileName"].as_str().unwrap(), size, &body["FileMd5"]);
        }
        if let Some(media_id) = media_id(&body) {
            if self.media_id.is_none() {
                self.upload_unrecorded(&body);
            }
            self.swap.add(&media_id, &self.media_id.take().unwrap());
        }
        if let Some(msg_id) = body["SvrMsgId"].as_str() {
            self.swap.add(msg_id, &self.msg_id);
        }
    }

    /// Repeats the last recorded poll, because a recording holds only three.
    fn poll_until_confirmed(&mut self) {
        for _ in 0..3 {
            if self.is_confirmed {
                return;
            }
            let poll = self.recording.to("login").last().unwrap();
            self.play(poll).unwrap();
        }
        assert!(self.is_confirmed, "the login is confirmed after three more polls");
    }

    fn learn_digest(&mut self, name: &str, size: usize, recorded: &Value) {
        // Some clients upload without this header.
        if let Some(recorded) = recorded.as_str().filter(|digest| !digest.is_empty()) {
            self.swap.add(recorded, &md5(self.files.get(name, size)));
        }
    }

    /// Only six uploads of a recording were kept. Other uploads are made from them.
    fn upload_unrecorded(&mut self, message: &Value) {
        let content = message["Msg"]["Content"].as_str().unwrap_or_default();
        let element =
            |name: &str| content.split(['<', '>']).skip_while(|part| *part != name).nth(1);
        let name = element("title").unwrap_or("clip.mp4");
        let size: usize = element("totallen").map_or(40_000, |length| length.parse().unwrap());
        let checked = self.recording.to("webwxcheckupload").filter_map(Recorded::json);
        let checked = checked.filter(|asked| asked["FileSize"] == size).last();
        let aes_key = self.aes_key.clone();
        let file = Unrecorded { name, size, message, checked: checked.as_ref(), aes_key: &aes_key };
        for form in file.forms(self.recording) {
            self.play(&form).unwrap();
        }
    }

    /// Returns the body with current values, but without the file.
    fn text(&self, recorded: &Recorded) -> String {
        let text = self.swap.text(&recorded.body);
        let Some(json) = recorded.json() else { return text };
        if !json["SyncKey"].is_object() {
            return text;
        }
        let has_blanks = text.contains("\": ");
        let spelled = |key: &Value| {
            let compact = key.to_string();
            if has_blanks { compact.replace(':', ": ").replace(',', ", ") } else { compact }
        };
        let key = spelled(&json["SyncKey"]);
        assert!(text.contains(&key), "{text}");
        text.replace(&key, &spelled(&self.sync_key))
    }

    fn target(&self, recorded: &Recorded) -> String {
        let target = self.swap.text(&recorded.target);
        // One client spells the name wrongly.
        match recorded.query("synckey").filter(|key| key.starts_with("1_")) {
            Some(key) => target.replace(&key.replace('|', "%7C"), &self.spelled_check_key()),
            None => target,
        }
    }

    fn spelled_check_key(&self) -> String {
        let entries = self.check_key["List"].as_array().unwrap().iter();
        entries
            .map(|entry| format!("{}_{}", entry["Key"], entry["Val"]))
            .collect::<Vec<_>>()
            .join("%7C")
    }

    /// Returns the part of the file that an upload contains.
    fn chunk(&mut self, recorded: &Recorded) -> Vec<u8> {
        let number = |name: &str| recorded.field(name).map(|text| text.parse::<usize>().unwrap());
        let file = self.files.get(recorded.field("name").unwrap(), number("size").unwrap());
        let start = number("chunk").unwrap_or(0) * CHUNK;
        let end =
            if number("chunks").is_some() { file.len().min(start + CHUNK) } else { file.len() };
        file[start..end].to_vec()
    }

    fn headers(&self, recorded: &Recorded, length: usize) -> Vec<(String, String)> {
        self.check_cookies(recorded);
        let pair = |(name, value): &(String, String)| {
            let value = match name.to_ascii_lowercase().as_str() {
                "content-length" => length.to_string(),
                "cookie" => {
                    value.split("; ").map(|pair| self.cookie(pair)).collect::<Vec<_>>().join("; ")
                }
                _ => value.clone(),
            };
            (name.clone(), value)
        };
        recorded.headers.iter().map(pair).collect()
    }

    fn cookie(&self, pair: &str) -> String {
        let (name, value) = pair.split_once('=').unwrap();
        let value = self.jar.value(name).map_or_else(|| self.swap.text(value), str::to_owned);
        format!("{name}={value}")
    }

    /// Sends a request that was recorded under a real domain to the emulator's domain.
    fn check_cookies(&self, recorded: &Recorded) {
        let sent = recorded.header("cookie").unwrap_or_default().split("; ");
        let names = sent.filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
        let mut names: Vec<&str> = names.filter(|name| self.jar.value(name).is_some()).collect();
        names.sort_unstable();
        let reaching = self.jar.reaching(&recorded.host);
        if self.is_browser && recorded.method != "OPTIONS" {
            assert_eq!(names, reaching, "{} {}", recorded.host, recorded.endpoint());
        }
        assert!(names.iter().all(|name| reaching.contains(name)), "{} {names:?}", recorded.host);
    }

    /// Stores values of a reply that later requests need. Returns an error if they are missing.
    fn follow(&mut self, recorded: &Recorded, answer: &Reply) -> Result<(), String> {
        match recorded.endpoint() {
            "jslogin" => {
                let uuid = between(answer, "uuid = \"", "\"")?;
                self.swap.add(&self.recording.uuids()[self.codes], &uuid);
                self.codes += 1;
            }
            "login" => self.follow_poll(answer)?,
            "webwxnewloginpage" => self.follow_login(answer)?,
            "synccheck" => match between(answer, "retcode:\"", "\"")?.as_str() {
                "0" => {}
                retcode => return Err(format!("retcode {retcode}")),
            },
            "qrcode" | "webwxgeticon" | "webwxgetmsgimg" | "webwxgetmedia"
                if answer.body.is_empty() =>
            {
                return Err("nothing".to_owned());
            }
            "webwxuploadmedia" if recorded.method == "OPTIONS" => {
                for (asked, allowed) in [
                    ("origin", "access-control-allow-origin"),
                    ("access-control-request-headers", "access-control-allow-headers"),
                ] {
                    assert_eq!(recorded.header(asked), answer.header(allowed));
                }
            }
            "qrcode" | "webwxgeticon" | "webwxgetmsgimg" | "webwxgetmedia" | "reportforweb"
            | "webwxlogout" => {}
            _ => self.follow_json(recorded, &answer.json())?,
        }
        Ok(())
    }

    fn follow_poll(&mut self, answer: &Reply) -> Result<(), String> {
        match between(answer, "window.code=", ";")?.as_str() {
            "200" => {
                let page = self.recording.to("webwxnewloginpage").next().unwrap();
                let address =
                    format!("https://{}/cgi-bin/mmwebwx-bin/webwxnewloginpage", page.host);
                assert_eq!(between(answer, "redirect_uri=\"", "?")?, address);
                let ticket = between(answer, "ticket=", "&uuid")?;
                self.swap.add(&page.query("ticket").unwrap(), &ticket);
                self.is_confirmed = true;
                Ok(())
            }
            "201" | "408" => Ok(()),
            code => Err(format!("code {code}")),
        }
    }

    fn follow_login(&mut self, answer: &Reply) -> Result<(), String> {
        for (tag, key) in [("skey", "Skey"), ("wxsid", "Sid"), ("wxuin", "Uin")] {
            let present = between(answer, &format!("<{tag}>"), "<")?;
            let recorded = self.recording.credential(key);
            // One client sends an empty skey.
            if !recorded.is_empty() {
                self.swap.add(&recorded, &present);
            }
        }
        let friends = [self.server.friend(), self.server.second_friend()];
        for (recorded, friend) in self.recording.other_names().iter().zip(friends) {
            self.swap.add(recorded, &self.server.name_in_login(friend));
        }
        let recorded = self.recording.pass_ticket();
        // All clients except one encode the value from the login again.
        let recorded =
            if recorded.contains('%') { wx_testing::swap::decoded(&recorded) } else { recorded };
        let present = wx_testing::swap::decoded(&between(answer, "<pass_ticket>", "<")?);
        self.swap.add(&recorded, &present);
        let ticket = self.recording.cookie("webwx_data_ticket");
        self.swap.add(&ticket, self.jar.value("webwx_data_ticket").unwrap());
        Ok(())
    }

    fn follow_json(&mut self, recorded: &Recorded, answer: &Value) -> Result<(), String> {
        if answer["BaseResponse"]["Ret"] != 0 {
            return Err(format!("Ret {}", answer["BaseResponse"]["Ret"]));
        }
        if let Some(own_name) = answer["User"]["UserName"].as_str() {
            self.swap.add(&self.recording.own_name(), own_name);
        }
        if answer["SyncKey"].is_object() {
            self.sync_key = answer["SyncKey"].clone();
            let check_key = &answer["SyncCheckKey"];
            self.check_key = if check_key.is_object() { check_key } else { &self.sync_key }.clone();
        }
        if recorded.endpoint() == "webwxuploadmedia" {
            let is_last = recorded.field("chunks").is_none_or(|chunks| {
                chunks.parse::<usize>().unwrap()
                    == recorded.field("chunk").unwrap().parse::<usize>().unwrap() + 1
            });
            let media_id = answer["MediaId"].as_str().unwrap();
            assert_eq!(media_id.is_empty(), !is_last, "the last reply has the MediaId");
            self.media_id = is_last.then(|| media_id.to_owned());
        }
        if let Some(aes_key) = answer["AESKey"].as_str() {
            self.aes_key = aes_key.to_owned();
            let mut messages = self.recording.requests.iter().filter_map(Recorded::json);
            let signature =
                messages.find_map(|body| Some(body["Msg"]["Signature"].as_str()?.to_owned()));
            self.swap.add(&signature.unwrap(), answer["Signature"].as_str().unwrap());
        }
        if let Some(msg_id) = answer["MsgID"].as_str() {
            assert!(!msg_id.is_empty());
            self.msg_id = msg_id.to_owned();
        }
        Ok(())
    }
}

const FILE: &[u8] = b"<file>";

/// Returns the MediaId of a message, or the one in its XML.
fn media_id(body: &Value) -> Option<String> {
    let message = &body["Msg"];
    let own = message["MediaId"].as_str().filter(|id| !id.is_empty());
    let attached = || message["Content"].as_str()?.split_once("<attachid>")?.1.split('<').next();
    own.or_else(attached).map(str::to_owned)
}

/// Returns the text between two other texts.
fn between(answer: &Reply, before: &str, after: &str) -> Result<String, String> {
    let text = answer.text();
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.map(|(found, _)| found.to_owned()).ok_or_else(|| format!("no {before}"))
}
