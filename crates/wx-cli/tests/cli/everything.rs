//! Everything that can be sent and received, under the host names of the real server: with both
//! transports and on both pages, each byte arrives, once.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use image::{ImageFormat, Rgb, RgbImage};
use serde_json::Value;
use wx_emulator::{Emulator, Incoming, Message, Profile};

use crate::killed::checked_file;
use crate::real_names::{Place, SESSION};
use crate::support::{CHUNK, TRANSPORTS, gif, jpeg, png, signal, wait_until};

/// The pages, with the recipient of the sent messages.
const PAGES: [(&str, Profile, &str); 2] =
    [("web", Profile::Web, "name:Anna"), ("filehelper", Profile::FileHelper, "filehelper")];

fn bmp() -> Vec<u8> {
    let picture = RgbImage::from_fn(16, 12, |x, y| Rgb([x as u8, y as u8, 7]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Bmp).unwrap();
    bytes.into_inner()
}

fn mp4() -> Vec<u8> {
    [&b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"[..], &[0xff, 0, b'\r', b'\n', b'-'].repeat(3000)]
        .concat()
}

/// Returns the names and bytes of the files, and the types of their messages.
fn files() -> Vec<(&'static str, Vec<u8>, u32)> {
    vec![
        ("one chunk.jpg", jpeg(20_000, 1), 3),
        ("two chunks.jpg", jpeg(CHUNK + 9, 2), 3),
        ("a.png", png(), 3),
        ("a.bmp", bmp(), 3),
        ("a.gif", gif(), 47),
        ("a & b <c>.pdf", b"%PDF-1.7\r\n\0\xff\r\n--".to_vec(), 6),
        ("README", b"no extension".to_vec(), 6),
        ("an empty extension.", b"x".to_vec(), 6),
        ("图片 😄.docx", b"PK\x03\x04".to_vec(), 6),
        ("clip.mp4", mp4(), 43),
        ("memo.bin", mp4(), 6),
        ("checked.zip", checked_file(), 6),
    ]
}

/// Returns a text of two parts.
fn text() -> [String; 2] {
    let first = format!("好 <b> & \"c\" 'd' &amp; %41\n\n😄 [微笑] {}", "x".repeat(1900));
    [first, format!("second{}", "\u{4e2d}".repeat(300))]
}

fn log_in(builder: wx_emulator::Builder, transport: &'static str, page: &str) -> Place {
    let place = Place::new(builder.contact("Anna", ""), transport);
    place.bed.emulator().log_out();
    place.wx(&[&["login", "--profile", page], &SESSION[..]].concat());
    place
}

fn check_sent(messages: &[Message], files: &[(&str, Vec<u8>, u32)]) {
    let parts = text();
    let (texts, media) = messages.split_at(parts.len());
    assert!(texts.iter().all(|text| text.kind == 1 && text.repeats == 0));
    assert!(texts.iter().map(|text| &text.text).eq(&parts), "another text");
    assert_eq!(media.len(), files.len());
    for (message, (name, bytes, kind)) in media.iter().zip(files) {
        assert_eq!((message.kind, message.repeats), (*kind, 0), "{name}");
        assert!(message.media == *bytes, "{name}: other bytes");
        if *kind == 6 {
            let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let title = format!("<title>{escaped}</title>");
            assert!(message.text.contains(&title), "{name}: {}", message.text);
        }
    }
}

#[test]
fn all_that_is_sent_arrives_byte_for_byte_and_once() {
    let files = files();
    std::thread::scope(|scope| {
        for (page, profile, to) in PAGES {
            let files = &files;
            scope.spawn(move || {
                for transport in TRANSPORTS {
                    let place = log_in(Emulator::builder().profile(profile), transport, page);
                    let names = files.iter().map(|(name, bytes, _)| {
                        fs::write(place.path(name), bytes).unwrap();
                        *name
                    });
                    let names: Vec<_> = names.collect();
                    let text = text().join("\n");
                    let send = ["send", "--to", to, "--pace", "0", "--text", &text, "--split"];
                    place.wx(&[&send[..], &SESSION, &names].concat());
                    let server = place.bed.emulator();
                    check_sent(&server.messages(), files);
                    // The chunks of the file that is checked.
                    let parallel = server.requests_to("webwxuploadmediaparallel");
                    assert_eq!(parallel, if profile == Profile::FileHelper { 51 } else { 0 });
                    assert_eq!(server.violations(), [""; 0], "{transport} {page}");
                    assert_eq!(place.bed.refused(), [""; 0]);
                }
            });
        }
    });
}

/// Returns the delivered messages, and the bytes of their attachments.
fn delivered() -> Vec<(Incoming, Vec<u8>)> {
    let file = |name: &str, bytes: &[u8]| (Incoming::file(name, bytes.to_vec()), bytes.to_vec());
    let sound = [b"ID3\x04", &[0xff; 3000][..]].concat();
    vec![
        (Incoming::image(jpeg(CHUNK + 9, 1)), jpeg(CHUNK + 9, 1)),
        (Incoming::image(png()), png()),
        (Incoming::image(gif()), gif()),
        (Incoming::video(mp4()), mp4()),
        file("../图 & <b>.pdf", b"%PDF-1.7\r\n\0\xff"),
        file("README", &jpeg(CHUNK + 5, 3)),
        file("clip.mp4", &mp4()),
        (Incoming::voice(sound.clone()), sound),
    ]
}

/// Returns the names and bytes of the whole files in a directory.
fn kept(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(place.path("kept")).into_iter().flatten().map(Result::unwrap);
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let names = names.filter(|name| !name.starts_with(".wx-"));
    names.map(|name| (name.clone(), fs::read(place.path("kept").join(name)).unwrap())).collect()
}

/// Runs `watch` with these arguments until it has handled the messages. Returns their lines.
fn watch(place: &Place, args: &[&str]) -> Vec<Value> {
    let syncs = place.bed.emulator().requests_to("synccheck");
    let child = place.spawn(&[&["watch"], args, &SESSION[..]].concat());
    // A second synccheck follows only after the messages were handled.
    wait_until(|| place.bed.emulator().requests_to("synccheck") >= syncs + 2);
    signal(&child, "TERM");
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let events = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == "message").collect()
}

/// `watch` is restarted in between, and saves nothing twice.
#[test]
fn all_that_is_delivered_is_kept_byte_for_byte_and_once() {
    std::thread::scope(|scope| {
        for (page, profile, _) in PAGES {
            scope.spawn(move || {
                for transport in TRANSPORTS {
                    let builder = Emulator::builder().profile(profile);
                    let builder = builder.hold(Duration::from_millis(50));
                    check_kept(&log_in(builder, transport, page));
                }
            });
        }
    });
}

fn check_kept(place: &Place) {
    let server = place.bed.emulator();
    let mut expected = BTreeMap::new();
    let mut lines = Vec::new();
    let delivered = delivered();
    for half in delivered.chunks(delivered.len() / 2) {
        for (message, bytes) in half {
            expected.insert(server.deliver(message.clone()), bytes.clone());
        }
        lines.extend(watch(place, &["--save", "kept"]));
    }
    let ids: Vec<_> = lines.iter().map(|line| line["msg_id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), expected.len(), "{ids:?}");
    let kept = kept(place);
    for (id, bytes) in &expected {
        let named: Vec<_> = kept.iter().filter(|(name, _)| name.starts_with(&**id)).collect();
        let is_once = matches!(&named[..], [(_, once)] if *once == bytes);
        assert!(is_once, "{id}: other bytes, or not one file of {:?}", kept.keys());
    }
    assert_eq!(kept.len(), expected.len());
    assert_eq!(server.violations(), [""; 0]);
}
