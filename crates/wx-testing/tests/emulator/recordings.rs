//! webwxgetvideo and webwxgetvoice.

use wx_emulator::{Emulator, Incoming, Profile};

use crate::page::{FIRST, Page};
use wx_testing::raw_client::{Reply, request};
use wx_testing::samples::{TINY_MP4, vector};
use wx_testing::swap::Swap;

const MP3: &[u8] = b"ID3\x04 and frames";

/// Requests a target with this `Range`.
fn get(server: &Emulator, page: &Page, target: &str, range: Option<&str>) -> Reply {
    let mut headers = page.headers("/?lang=zh_CN");
    headers.extend(range.map(|range| ("Range".to_owned(), range.to_owned())));
    let target = format!("/cgi-bin/mmwebwx-bin/{target}");
    request(server.addr(), "GET", &target, &headers, b"").unwrap()
}

#[test]
fn a_video_needs_a_range_and_a_voice_message_does_not() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    server.deliver(Incoming::video(TINY_MP4));
    server.deliver(Incoming::voice(MP3));
    let [video, voice] = &server.incoming()[..] else { panic!("two messages") };
    let raw = page.word("skey");
    let video = format!("webwxgetvideo?msgid={video}&skey={}", raw.replace('@', "%40"));
    let voice = format!("webwxgetvoice?msgid={voice}&skey={raw}");
    for (target, bytes, mime) in [(&video, TINY_MP4, "video/mp4"), (&voice, MP3, "audio/mp3")] {
        let whole = get(&server, &page, target, Some("bytes=0-"));
        assert_eq!((whole.status, &whole.body[..]), (206, bytes));
        let range = format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len());
        assert_eq!(whole.header("content-range"), Some(&*range));
        assert_eq!(whole.header("content-type"), Some(mime));
    }
    assert_eq!(server.violations(), [""; 0]);

    let rest = get(&server, &page, &video, Some("bytes=8-"));
    assert_eq!((rest.status, &rest.body[..]), (206, &TINY_MP4[8..]));
    let without = [&video, &voice].map(|target| get(&server, &page, target, None));
    assert_eq!((without[0].status, &without[0].body[..]), (200, &b""[..]));
    assert_eq!((without[1].status, &without[1].body[..]), (200, MP3));
    let what = "Range is not that of a media element";
    let expected = [format!("webwxgetvideo: {what}"), format!("webwxgetvoice: {what}")];
    assert_eq!(server.violations(), expected);
    // Neither call gives what belongs to the other.
    let crossed = video.replace("webwxgetvideo", "webwxgetvoice");
    assert!(get(&server, &page, &crossed, Some("bytes=0-")).body.is_empty());
}

/// The type of the message decides, not the bytes.
#[test]
fn only_recordings_are_given_and_files_have_no_address_by_msg_id() {
    let server = Emulator::start().unwrap();
    let page = Page::new(&server);
    let skey = page.word("skey");
    let id = server.deliver(Incoming::image(MP3));
    let voice = format!("webwxgetvoice?msgid={id}&skey={skey}");
    assert!(get(&server, &page, &voice, Some("bytes=0-")).body.is_empty());
    let id = server.deliver(Incoming::video(MP3));
    let video = format!("webwxgetvideo?msgid={id}&skey={}", skey.replace('@', "%40"));
    assert_eq!(get(&server, &page, &video, Some("bytes=0-")).body, MP3);

    let uploaded = page.upload("a.mp4", "video/mp4", TINY_MP4, FIRST).json();
    let media_id = uploaded["MediaId"].as_str().unwrap();
    let mut message = page.message(6, media_id, "15114939427950364");
    message["Msg"]["Content"] = format!(
        "<appmsg><title>a.mp4</title><type>6</type><appattach><totallen>{}</totallen>\
         <attachid>{media_id}</attachid></appattach></appmsg>",
        TINY_MP4.len()
    )
    .into();
    let sent = page.post_json("webwxsendappmsg?fun=async&f=json", &message).unwrap().json();
    let id = sent["MsgID"].as_str().unwrap();
    assert!(server.messages()[0].media == TINY_MP4);
    assert!(page.fetch(id, "").body.is_empty());
    let video = format!("webwxgetvideo?msgid={id}&skey={}", skey.replace('@', "%40"));
    assert!(get(&server, &page, &video, Some("bytes=0-")).body.is_empty());
}

#[test]
fn the_helper_takes_one_spelling_of_msgid() {
    let server = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    let page = Page::new(&server);
    server.deliver(Incoming::video(TINY_MP4));
    let id = server.incoming().remove(0);
    for (name, expected) in [("msgid", TINY_MP4), ("MsgID", b"")] {
        let target = format!("webwxgetvideo?{name}={id}&skey={}", page.word("skey"));
        assert_eq!(get(&server, &page, &target, Some("bytes=0-")).body, expected, "{name}");
    }
}

/// The requests of the vectors that are those of a page. The last one was inferred from the other
/// downloads of its page.
const OFFICIAL: [(&str, &str); 4] = [
    ("getvideo", "official page"),
    ("getvideo", "helper page (2026 client)"),
    ("getvoice", "official page"),
    ("getvoice", "helper page (inferred)"),
];

#[test]
fn requests_of_all_clients_of_the_vectors() {
    for (name, bytes) in [("getvideo", TINY_MP4), ("getvoice", MP3)] {
        let vector = vector(name);
        for case in vector["requests"].as_array().unwrap() {
            let word = |key: &str| case[key].as_str().unwrap();
            let is_helper = word("query_text").contains("mmweb_appid");
            let profile = if is_helper { Profile::FileHelper } else { Profile::Web };
            let server = Emulator::builder().profile(profile).start().unwrap();
            let page = Page::new(&server);
            let message = match name {
                "getvideo" => Incoming::video(bytes),
                _ => Incoming::voice(bytes),
            };
            let mut swap = Swap::default();
            swap.add(case["query"][0][1].as_str().unwrap(), &server.deliver(message));
            swap.add(case["query"][1][1].as_str().unwrap(), &page.word("skey"));
            let target = swap.text(&format!("{}?{}", word("path"), word("query_text")));
            let mut headers = page.headers(if is_helper { "/" } else { "/?lang=zh_CN" });
            let is_official = OFFICIAL.contains(&(name, word("client")));
            // The browser adds it to the requests of the page.
            let range = case["headers"]["Range"].as_str().or(is_official.then_some("bytes=0-"));
            headers.extend(range.map(|range| ("Range".to_owned(), range.to_owned())));
            let get = |headers: &[_]| {
                request(server.addr(), word("method"), &target, headers, b"").unwrap().body
            };
            let is_given = name == "getvoice" || range.is_some();
            assert_eq!(get(&headers), if is_given { bytes } else { b"" }, "{case}");
            let found = server.violations();
            assert_eq!(found.is_empty(), is_official, "{case}: {found:?}");
            assert_eq!(get(&[]), b"", "without cookies: {case}");
        }
        assert_eq!(vector["cookies_required"], true);
    }
}
