//! webwxgetvideo and webwxgetvoice.

use wx_emulator::{Emulator, Incoming, Profile};

use crate::page::Page;
use wx_testing::raw_client::{Reply, request};
use wx_testing::samples::TINY_MP4;

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
