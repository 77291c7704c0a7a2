//! Forwarded messages, and emoticons by MD5, with the requests of the official page and with lies.

use image::ImageFormat::{Gif, Jpeg};
use serde_json::{Value, json};
use wx_emulator::{Emulator, Incoming, Profile};
use wx_testing::images::{md5, noise, small};
use wx_testing::raw_client::request;
use wx_testing::samples::TINY_MP4;

use crate::more_calls::synced;
use crate::page::{FIRST, Page};

const IMAGE: &str = "webwxsendmsgimg?fun=async&f=json&lang=zh_CN";
const VIDEO: &str = "webwxsendvideomsg?fun=async&f=json&lang=zh_CN";
const FILE: &str = "webwxsendappmsg?fun=async&f=json&lang=zh_CN";
const EMOTICON: &str = "webwxsendemoticon?fun=sys&lang=zh_CN";
const TEXT: &str = "webwxsendmsg?lang=zh_CN";

/// A server with messages for the client, and the page that received them.
struct Stage {
    server: Emulator,
    page: Page,
    messages: Vec<Value>,
}

impl Stage {
    fn new(messages: impl IntoIterator<Item = Incoming>) -> Self {
        let server = Emulator::builder().room("The Room", ["Bob"]).start().unwrap();
        let page = Page::new(&server);
        for message in messages {
            server.deliver(message);
        }
        let messages = synced(&page);
        Self { server, page, messages }
    }

    fn word(&self, nth: usize, key: &str) -> &str {
        self.messages[nth][key].as_str().unwrap()
    }

    /// Returns the decoded `Content` of a message.
    fn content(&self, nth: usize) -> String {
        let content = self.word(nth, "Content");
        let text = content.split_once(":<br/>").map_or(content, |(_, text)| text);
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    /// Sends a message with these keys before the keys of all messages. Returns the Ret.
    fn send(&self, scene: u8, call: &str, mut own: Value) -> i64 {
        let id = format!("1511493942795{:04}", self.server.messages().len());
        let every = json!({
            "FromUserName": self.page.word("user_name"), "ToUserName": self.page.to,
            "LocalID": id, "ClientMsgId": id,
        });
        own.as_object_mut().unwrap().extend(every.as_object().unwrap().clone());
        let base = self.page.base_request();
        let body = json!({ "BaseRequest": base, "Msg": own, "Scene": scene });
        self.page.post_json(call, &body).unwrap().ret()
    }

    /// Returns the violations except those of the sync. Each is recorded once.
    fn violations(&self) -> Vec<String> {
        let mut violations = self.server.violations();
        violations.retain(|what| !what.starts_with("webwxsync"));
        violations
    }

    #[track_caller]
    fn assert_forwarded(&self, call: &str, own: Value, ret: i64, violations: &[&str]) {
        let ret_of_reply = self.send(2, call, own);
        let name = call.split_once('?').unwrap().0;
        let expected: Vec<_> = violations.iter().map(|what| format!("{name}: {what}")).collect();
        assert_eq!((ret_of_reply, self.violations()), (ret, expected));
    }
}

fn xml(name: &str, len: usize, media_id: &str) -> String {
    let extension = name.rsplit_once('.').unwrap().1;
    format!(
        "<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>{name}</title><des></des><action>\
         </action><type>6</type><content></content><url></url><lowurl></lowurl><appattach>\
         <totallen>{len}</totallen><attachid>{media_id}</attachid><fileext>{extension}</fileext>\
         </appattach><extinfo></extinfo></appmsg>"
    )
}

#[test]
fn each_kind_is_forwarded_as_by_the_page() {
    let (jpeg, gif, file) = (small(Jpeg, 40, 30), small(Gif, 9, 9), noise(1000));
    let stage = Stage::new([
        Incoming::plain_text("a <b>\nc & d"),
        Incoming::location("39.908722", "116.397496", "Made-up \"Street\" 1"),
        Incoming::image(jpeg.clone()),
        Incoming::video(TINY_MP4),
        Incoming::video(TINY_MP4).with("MsgType", 62),
        Incoming::image(gif.clone()),
        Incoming::file("a & b.zip", file.clone()),
        Incoming::text("in a room &lt;1&gt;").sender("@0a").room("@@0b"),
    ]);
    let id = stage.word(6, "MediaId");
    let media = |kind: u8, nth: usize| -> Value {
        json!({ "Type": kind, "MediaId": "", "Content": stage.content(nth) })
    };
    let ori = stage.word(1, "OriContent");
    assert!(ori.contains("x=\"39.908722\"") && ori.contains("Made-up &quot;Street&quot; 1"));
    let cases = [
        (TEXT, json!({ "Type": 1, "Content": "a <b>\nc & d" }), 1, &b""[..]),
        (TEXT, json!({ "Type": 48, "Content": ori }), 48, b""),
        (IMAGE, media(3, 2), 3, &jpeg),
        (VIDEO, media(43, 3), 43, TINY_MP4),
        (EMOTICON, json!({ "Type": 47, "EMoticonMd5": md5(&gif) }), 47, &gif),
        (FILE, json!({ "Type": 6, "Content": xml("a &amp; b.zip", 1000, id) }), 6, &file),
        (TEXT, json!({ "Type": 1, "Content": "in a room <1>" }), 1, b""),
    ];
    for (call, own, kind, bytes) in cases {
        stage.assert_forwarded(call, own, 0, &[]);
        let sent = stage.server.messages().pop().unwrap();
        assert_eq!((sent.kind, sent.forwarded), (kind, true));
        assert!(sent.media == bytes, "{kind}");
    }
    // Without Scene 2, most of these are not messages of the page.
    assert_eq!(stage.send(0, IMAGE, media(3, 2)), 1);
    assert!(stage.violations()[0].contains("Content is not empty"));
}

#[test]
fn a_short_video_is_forwarded_as_one() {
    let short = || Incoming::video(TINY_MP4).with("MsgType", 62);
    let stage = Stage::new([short().with("Content", "@opaque")]);
    let video = |kind: u8| json!({ "Type": kind, "MediaId": "", "Content": "@opaque" });
    stage.assert_forwarded(VIDEO, video(62), 0, &[]);
    assert_eq!(stage.server.messages()[0].kind, 62);
    let other = ["Type is not that of the forwarded message"];
    stage.assert_forwarded(VIDEO, video(43), 0, &other);
}

/// Forwards what `make` returns. Each violation is recorded once per server.
#[track_caller]
fn lie(call: &str, ret: i64, violations: &[&str], make: impl FnOnce(&Stage) -> Value) {
    let stage = Stage::new([
        Incoming::image(small(Jpeg, 40, 30)),
        Incoming::image(small(Gif, 9, 9)),
        Incoming::file("a.zip", noise(9)),
    ]);
    let own = make(&stage);
    stage.assert_forwarded(call, own, ret, violations);
}

#[test]
fn forwarded_lies() {
    let image = |content: &str, media_id: &str| -> Value {
        json!({ "Type": 3, "MediaId": media_id, "Content": content })
    };
    for unknown in ["", "<msg></msg>", "@opaque"] {
        lie(IMAGE, 1, &[], |_| image(unknown, ""));
    }
    let other_id = "MediaId is not that of the forwarded message";
    lie(IMAGE, 0, &[other_id], |stage| image(&stage.content(0), "@crypt_0"));
    let other_keys = "Msg has other keys than the page's, or in another order";
    let no_id = |stage: &Stage| json!({ "Type": 3, "Content": stage.content(0) });
    lie(IMAGE, 0, &[other_keys, other_id], no_id);
    let unknown = ["a forwarded Content that is that of no message"];
    lie(TEXT, 0, &unknown, |_| json!({ "Type": 1, "Content": "never sent" }));
    lie(TEXT, 0, &unknown, |_| json!({ "Type": 48, "Content": "<msg/>" }));
    let md5 = md5(&small(Gif, 9, 9));
    lie(
        EMOTICON,
        0,
        &["EmojiFlag in a forwarded emoticon"],
        |_| json!({ "Type": 47, "EmojiFlag": 2, "EMoticonMd5": md5 }),
    );
    lie(
        EMOTICON,
        0,
        &["MediaId in a forwarded emoticon"],
        |_| json!({ "Type": 47, "MediaId": "", "EMoticonMd5": md5 }),
    );
    let file = |name: &'static str, id: &str| json!({ "Type": 6, "Content": xml(name, 9, id) });
    lie(FILE, 0, &["Content is not the page's XML of the file"], |stage| {
        file("b.zip", stage.word(2, "MediaId"))
    });
    lie(FILE, 1, &[], |_| file("a.zip", "@cdcd"));
}

const UNKNOWN: &str = "a forwarded Content that is that of no message";

#[test]
fn emoji_in_a_message_make_no_other_message_known() {
    let emoji = "<span class=\"emoji emoji1f604\"></span>";
    let (jpeg, mp4) = (small(Jpeg, 40, 30), TINY_MP4);
    let stage = Stage::new([
        Incoming::text(format!("a{emoji}b &lt;{emoji}")),
        Incoming::image(jpeg.clone()),
        Incoming::video(mp4),
    ]);
    let text = |content: &str| json!({ "Type": 1, "Content": content });
    stage.assert_forwarded(TEXT, text("a😄b <😄"), 0, &[]);
    // The text does not stand in for messages with media.
    for (call, kind, nth, bytes) in [(IMAGE, 3, 1, &jpeg[..]), (VIDEO, 43, 2, mp4)] {
        let media = json!({ "Type": kind, "MediaId": "", "Content": stage.content(nth) });
        stage.assert_forwarded(call, media, 0, &[]);
        assert!(stage.server.messages().pop().unwrap().media == bytes);
    }
    let image = json!({ "Type": 3, "MediaId": "", "Content": "a😄b <😄" });
    stage.assert_forwarded(IMAGE, image, 1, &[]);
    for invented in ["never sent", "ab <", "a😃b <😄", emoji] {
        let stage = Stage::new([Incoming::text(format!("a{emoji}b &lt;{emoji}"))]);
        stage.assert_forwarded(TEXT, text(invented), 0, &[UNKNOWN]);
    }
}

#[test]
fn a_forwarded_message_is_known_by_its_own_type() {
    type Make = fn(&Stage) -> Value;
    let image: fn(String) -> Value =
        |content| json!({ "Type": 3, "MediaId": "", "Content": content });
    // Each violation is recorded once per server.
    let forward = |call: &str, ret, violations: &[&str], make: Make| {
        let stage = Stage::new([
            Incoming::location("39.9", "116.3", "Street"),
            Incoming::voice(&b"ID3"[..]),
            Incoming::video(TINY_MP4).with("Content", "opaque"),
            Incoming::image(small(Jpeg, 40, 30)).with("Content", "opaque"),
            Incoming::text("opaque").with("OriContent", "no location"),
        ]);
        stage.assert_forwarded(call, make(&stage), ret, violations);
        stage
    };
    forward(TEXT, 0, &[UNKNOWN], |stage| json!({ "Type": 1, "Content": stage.word(0, "Content") }));
    forward(TEXT, 0, &[UNKNOWN], |_| json!({ "Type": 48, "Content": "no location" }));
    // The page does not forward voice messages.
    forward(
        IMAGE,
        1,
        &[],
        |stage| json!({ "Type": 3, "MediaId": "", "Content": stage.content(1) }),
    );
    // Three messages have this text.
    let stage = forward(TEXT, 0, &[], |_| json!({ "Type": 1, "Content": "opaque" }));
    stage.assert_forwarded(IMAGE, image("opaque".to_owned()), 0, &[]);
    assert!(stage.server.messages().pop().unwrap().media == small(Jpeg, 40, 30));
    // What describes a sent image is no text.
    let stage = Stage::new([Incoming::image(small(Jpeg, 40, 30))]);
    stage.assert_forwarded(IMAGE, image(stage.content(0)), 0, &[]);
    let text = json!({ "Type": 1, "Content": stage.content(0) });
    stage.assert_forwarded(TEXT, text, 0, &[UNKNOWN]);
}

#[test]
fn a_forwarded_file_is_that_of_a_message() {
    for (is_sent, violations) in
        [(false, &["a forwarded file that is that of no message"][..]), (true, &[])]
    {
        let stage = Stage::new([]);
        let gif = small(Gif, 9, 9);
        let media_id = stage.page.upload("a.gif", "image/gif", &gif, FIRST).json();
        let content = xml("a.gif", gif.len(), media_id["MediaId"].as_str().unwrap());
        let own = json!({ "Type": 6, "Content": content });
        if is_sent {
            assert_eq!(stage.send(0, FILE, own.clone()), 0);
        }
        stage.assert_forwarded(FILE, own, 0, violations);
    }
}

#[test]
fn a_file_above_the_limit_is_not_forwarded_without_its_signature() {
    let server = Emulator::builder().checked_above(10).start().unwrap();
    let page = Page::new(&server);
    server.deliver(Incoming::file("a.zip", noise(1000)));
    let stage = Stage { messages: synced(&page), server, page };
    let content = xml("a.zip", 1000, stage.word(0, "MediaId"));
    stage.assert_forwarded(FILE, json!({ "Type": 6, "Content": content }), 1, &[]);
    // Somebody who has uploaded the file knows its signature.
    let question = crate::lies::question(&stage.page, "a.zip", &noise(1000));
    let asked = stage.page.post_json("webwxcheckupload?lang=zh_CN", &question).unwrap().json();
    let signed = json!({ "Signature": asked["Signature"], "Type": 6, "Content": content });
    stage.assert_forwarded(FILE, signed, 0, &[]);
}

#[test]
fn emoticons_by_md5_are_those_that_the_server_knows() {
    let (known, outside, of_store) = (small(Gif, 9, 9), small(Gif, 8, 9), small(Gif, 7, 9));
    let stage = Stage::new([
        Incoming::image(known.clone()),
        Incoming::outside_emoticon(outside.clone()),
        Incoming::store_emoticon(of_store.clone()),
    ]);
    let built_in = "44682e637b75a3f5d6747d61dbd23a15".to_owned();
    for (md5, ret) in [
        (md5(&known), 0),
        (md5(&outside), 0),
        (built_in, 0),
        (md5(&of_store), 1),
        (md5(b"never seen"), 1),
        ("x".to_owned(), 1),
    ] {
        let own = json!({ "Type": 47, "EmojiFlag": 2, "EMoticonMd5": md5 });
        assert_eq!(stage.send(0, EMOTICON, own), ret, "{md5}");
    }
    assert_eq!(stage.violations(), [""; 0]);
    assert_eq!(stage.messages[2]["HasProductId"], 1);
    assert!(stage.content(2).contains("productid=\"com."));
}

#[test]
fn a_gif_is_an_emoticon_once_it_was_sent_or_received_as_one() {
    let (uploaded, as_file, as_image) = (small(Gif, 9, 9), small(Gif, 8, 9), small(Gif, 7, 9));
    let stage = Stage::new([
        Incoming::file("a.gif", as_file.clone()),
        Incoming::image(as_image.clone()).with("MsgType", 3),
    ]);
    let media_id = stage.page.upload("b.gif", "image/gif", &uploaded, FIRST).json();
    let by_md5 = |gif: &[u8]| {
        let own = json!({ "Type": 47, "EmojiFlag": 2, "EMoticonMd5": md5(gif) });
        stage.send(0, EMOTICON, own)
    };
    let agent = [("User-Agent".to_owned(), "Mozilla/5.0".to_owned())];
    let outside = |gif: &[u8]| {
        let path = format!("/wx_emoji/{}/", md5(gif));
        request(stage.page.addr, "GET", &path, &agent, b"").unwrap().status
    };
    for gif in [&uploaded, &as_file, &as_image] {
        assert_eq!((by_md5(gif), outside(gif)), (1, 404));
    }
    let own = json!({ "Type": 47, "EmojiFlag": 2, "MediaId": media_id["MediaId"] });
    assert_eq!(stage.send(0, EMOTICON, own), 0);
    assert_eq!((by_md5(&uploaded), outside(&uploaded)), (0, 200));
    assert_eq!(stage.violations(), [""; 0]);
}

#[test]
fn images_of_emoticons_and_where_they_are() {
    let (known, outside, of_store) = (small(Gif, 9, 9), small(Gif, 8, 9), small(Gif, 7, 9));
    let stage = Stage::new([
        Incoming::image(known.clone()),
        Incoming::outside_emoticon(outside.clone()),
        Incoming::store_emoticon(of_store.clone()),
    ]);
    for (nth, bytes) in [&known[..], b"", b""].into_iter().enumerate() {
        for form in ["", "&type=big"] {
            let reply = stage.page.fetch(stage.word(nth, "MsgId"), form);
            assert_eq!((reply.status, &reply.body[..]), (200, bytes), "{nth}{form}");
        }
    }
    let agent = ("User-Agent".to_owned(), "Mozilla/5.0".to_owned());
    let get = |nth: usize, headers: &[(String, String)]| {
        let (_, rest) = stage.word(nth, "Content").split_once("cdnurl=\"").unwrap();
        let url = rest.split_once('"').unwrap().0;
        let path = url.strip_prefix("http://emoji.qpic.cn").unwrap_or("/wx_emoji/");
        request(stage.page.addr, "GET", path, headers, b"").unwrap()
    };
    for (nth, bytes) in [&known, &outside].into_iter().enumerate() {
        let reply = get(nth, std::slice::from_ref(&agent));
        assert!(reply.status == 200 && &reply.body == bytes);
        assert_eq!(reply.header("content-type"), Some("image/gif"));
    }
    assert_eq!(get(2, std::slice::from_ref(&agent)).status, 404);
    assert_eq!(stage.violations(), [""; 0]);
    // Whatever belongs to the login does not belong there.
    get(0, &stage.page.headers("/?lang=zh_CN"));
    let expected = ["cookie", "referer", "credentials"]
        .map(|what| format!("wx_emoji: {what} in a request to another site"));
    assert_eq!(stage.violations(), expected);
}

#[test]
fn the_helper_shows_a_text_in_the_place_of_a_store_emoticon() {
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    let page = Page::new(&server);
    server.deliver(Incoming::store_emoticon(small(Gif, 9, 9)));
    let message = synced(&page).remove(0);
    let keys = ["MsgType", "ImgStatus", "HasProductId"].map(|key| message[key].as_u64().unwrap());
    assert_eq!(keys, [1, 2, 1]);
    assert!(!message["Content"].as_str().unwrap().contains("msg"));
}
