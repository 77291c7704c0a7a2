//! `wx fetch`: what a message holds, by its id or as `wx watch` printed it.

use std::fs;

use serde_json::{Value, json};
use wx_emulator::{Emulator, Incoming};

use crate::odd_bytes::watch;
use crate::support::{Place, Ran, TRANSPORTS, gif, jpeg};

const PAGE: &[u8] = b"<html>a page that somebody has sent</html>";
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42 and so on";
const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0 and so on";

fn place(faults: &[&str]) -> Place {
    let builder = Emulator::builder().hold(std::time::Duration::from_millis(50));
    let fault = |builder: wx_emulator::Builder, fault: &&str| builder.fault(fault.parse().unwrap());
    Place::with_emulator(faults.iter().fold(builder, fault))
}

/// Returns the lines that `watch` prints for the messages that are delivered.
pub(crate) fn messages(place: &Place, transport: &str) -> Vec<Value> {
    let mut events = watch(place, transport, &["--json"]).events();
    events.retain(|event| event["event"] == "message");
    events
}

fn fetch(place: &Place, transport: &str, more: &[&str]) -> Ran {
    let args = ["fetch", "--session", "session.json", "--transport", transport];
    place.wx(&[&args, more].concat())
}

#[test]
fn a_message_of_watch_is_fetched_from_a_file_and_from_standard_input() {
    for transport in TRANSPORTS {
        let place = place(&[]);
        for message in [
            Incoming::file("../a & b.html", PAGE),
            Incoming::image(jpeg(3000, 1)),
            Incoming::image(gif()),
            Incoming::video(MP4),
            Incoming::voice(MP3),
        ] {
            place.emulator.deliver(message);
        }
        place.emulator.deliver(Incoming::text("nothing to fetch"));
        let lines = messages(&place, transport);
        let attachment = &lines[0]["attachment"];
        assert_eq!(lines[0]["kind"], "file");
        assert_eq!((&attachment["kind"], &attachment["len"]), (&"file".into(), &42.into()));
        assert_eq!(
            lines[1]["attachment"],
            json!({
                "msg_id": lines[1]["msg_id"], "kind": "image", "variant": "original",
            })
        );
        assert_eq!(lines[2]["attachment"]["variant"], "emoticon");

        assert_eq!((&lines[3]["kind"], &lines[4]["kind"]), (&"video".into(), &"voice".into()));
        for line in &lines[3..5] {
            let attachment = json!({ "msg_id": line["msg_id"], "kind": line["kind"] });
            assert_eq!(line["attachment"], attachment);
        }
        let expected = [PAGE.to_vec(), jpeg(3000, 1), gif(), MP4.to_vec(), MP3.to_vec()];
        for (line, bytes) in lines.iter().zip(&expected) {
            place.file("line.json", format!("{line}\n").as_bytes());
            let args = ["--json", "--message", "line.json", "--out", "copy"];
            let ran = fetch(&place, transport, &args);
            let [event] = &ran.events()[..] else { panic!("{}", ran.err) };
            assert_eq!((ran.code, &event["msg_id"]), (0, &line["msg_id"]), "{}", ran.err);
            assert_eq!((&event["bytes"], &event["kind"]), (&bytes.len().into(), &line["kind"]));
            assert!(fs::read(place.path("copy")).unwrap() == *bytes, "other bytes");
            fs::remove_file(place.path("copy")).unwrap();

            let args = ["fetch", "--session", "session.json", "--transport", transport];
            let more = ["--message", "-", "--out", "-"];
            let input = line.to_string();
            let ran = place.wx_with_input(&[&args[..], &more].concat(), input.as_bytes());
            assert!(ran.code == 0 && ran.bytes == *bytes, "{}", ran.err);
        }
        let id = lines[1]["msg_id"].as_str().unwrap();
        for (variant, out) in [("original", "a.jpg"), ("thumbnail", "b.jpg"), ("emoticon", "c.jpg")]
        {
            let ran = fetch(&place, transport, &["--variant", variant, "--out", out, id]);
            assert_eq!(ran.code, 0, "{}", ran.err);
        }
        assert!(fs::read(place.path("a.jpg")).unwrap() == jpeg(3000, 1), "other bytes");
        for (line, variant, out) in
            [(3, "video", "d.mp4"), (4, "voice", "e.mp3"), (3, "thumbnail", "f.jpg")]
        {
            let id = lines[line]["msg_id"].as_str().unwrap();
            let ran = fetch(&place, transport, &["--variant", variant, "--out", out, id]);
            assert_eq!(ran.code, 0, "{}", ran.err);
        }
        assert_eq!(fs::read(place.path("d.mp4")).unwrap(), MP4);
        assert_eq!(fs::read(place.path("e.mp3")).unwrap(), MP3);
        assert!(fs::read(place.path("f.jpg")).unwrap().starts_with(b"\xff\xd8"));
        let names = ["a.jpg", "b.jpg", "c.jpg", "d.mp4", "e.mp3", "f.jpg", "line.json"];
        assert_eq!(place.names(), names);
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn a_line_that_holds_nothing_to_fetch_is_refused() {
    let place = place(&[]);
    place.emulator.deliver(Incoming::text("hello"));
    let text = messages(&place, "ureq").remove(0);
    assert_eq!(text["attachment"], Value::Null);
    let calls = place.emulator.requests().len();
    let attachment = json!({ "msg_id": "7", "kind": "image", "variant": "original" });
    let forged =
        json!({ "attachment": { "msg_id": "../7", "kind": "image", "variant": "original" }});
    let two = format!("{0}\n{0}\n", json!({ "attachment": attachment }));
    for (line, words) in [
        (text.to_string(), "holds nothing that can be fetched"),
        ("{}".to_owned(), "holds nothing that can be fetched"),
        (String::new(), "is empty"),
        ("a text".to_owned(), "line 1 is not the event of a message"),
        (forged.to_string(), "line 1 is not the event of a message"),
        (json!({ "event": "sent" }).to_string(), "message: it is the event \"sent\""),
        (two, "holds several lines"),
    ] {
        place.file("line.json", line.as_bytes());
        let ran = fetch(&place, "ureq", &["--message", "line.json", "--out", "copy"]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        let said = ran.one_line();
        assert!(said.contains(words) && said.starts_with("wx: line.json: "), "{said}");
    }
    let ran = fetch(&place, "ureq", &["--message", "none.json", "--out", "copy"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.one_line().starts_with("wx: none.json: "), "{}", ran.err);
    for wrong in [
        &["--out", "copy"][..],
        &["--out", "copy", "--message", "line.json", "7"],
        &["--out", "copy", "--message", "line.json", "--variant", "original"],
        &["--out", "-", "--json", "7"],
    ] {
        let ran = fetch(&place, "ureq", wrong);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{wrong:?}");
        ran.one_line();
    }
    assert_eq!((place.names(), place.emulator.requests().len()), (vec!["line.json".into()], calls));
}

#[test]
fn nothing_is_replaced_unless_forced_and_a_failure_leaves_it() {
    for (fault, words) in [
        ("html", "the server answered with a web page"),
        ("empty", "or a file above 25 MiB; try again later"),
    ] {
        let place = place(&[&format!("{fault}@webwxgetmedia#2+")]);
        place.emulator.deliver(Incoming::file("a.txt", &b"a text"[..]));
        let line = messages(&place, "ureq").remove(0);
        place.file("line.json", line.to_string().as_bytes());
        place.file("copy", b"precious");
        let args = ["--message", "line.json", "--out", "copy"];
        let forced = [&args[..], &["--force"]].concat();
        let ran = fetch(&place, "ureq", &args);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.one_line().contains("copy: exists already; --force replaces it"));
        assert_eq!(fs::read(place.path("copy")).unwrap(), b"precious");
        assert_eq!(fetch(&place, "ureq", &forced).code, 0);
        assert_eq!(fs::read(place.path("copy")).unwrap(), b"a text");
        let ran = fetch(&place, "reqwest", &forced);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.one_line().contains(words), "{}", ran.err);
        assert_eq!(fs::read(place.path("copy")).unwrap(), b"a text");
        assert_eq!(place.names(), ["copy", "line.json"]);
    }
}

#[test]
fn p79_a_large_file_is_warned_of_before_and_another_md5_after() {
    let place = place(&[]);
    let md5 = "&lt;md5&gt;d41d8cd98f00b204e9800998ecf8427e&lt;/md5&gt;";
    let other = format!("&lt;msg&gt;&lt;appmsg&gt;{md5}&lt;/appmsg&gt;&lt;/msg&gt;");
    place.emulator.deliver(Incoming::file("a.txt", &b"a text"[..]).with("Content", &*other));
    place.emulator.deliver(Incoming::file("b.txt", &b"a text"[..]).with("FileSize", "26214401"));
    for (number, line) in messages(&place, "ureq").iter().enumerate() {
        place.file("line.json", line.to_string().as_bytes());
        let out = format!("{number}.txt");
        let ran = fetch(&place, "ureq", &["--message", "line.json", "--out", &out]);
        let warnings: Vec<_> = ran.err.lines().filter(|line| !line.contains("loopback")).collect();
        match number {
            0 => {
                assert_eq!(ran.code, 0, "{}", ran.err);
                assert!(warnings[0].contains("the MD5 is not the one that its sender claims"));
            }
            _ => {
                assert_eq!(ran.code, 1, "{}", ran.err);
                assert!(warnings[0].contains("files above 25 MiB"), "{}", ran.err);
                assert!(warnings[1].contains("6 of 26214401 bytes"), "{}", ran.err);
            }
        }
    }
}

#[test]
fn both_commands_have_the_same_options_and_keep_the_former_ones() {
    let film: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41 and so on";
    let place = Place::build(&[], &[&jpeg(3000, 1), film]);
    let [image, film_id] = &place.emulator.incoming()[..] else { panic!() };
    for (transport, command) in TRANSPORTS.into_iter().zip(["fetch", "fetch-image"]) {
        let fetch = |more: &[&str]| {
            let args = [command, "--session", "session.json", "--transport", transport, "--json"];
            place.wx(&[&args, more].concat())
        };
        let mut md5s = Vec::new();
        for variant in [
            ["--variant", "thumbnail"],
            ["--size", "thumb"],
            ["--size", "thumbnail"],
            ["--variant", "emoticon"],
            ["--variant", "big"],
        ] {
            let out = ["--force", "--out", "copy", image];
            let ran = fetch(&[&variant[..], &out].concat());
            let kind = if variant[1].starts_with("thumb") { "image" } else { "emoticon" };
            assert_eq!((ran.code, ran.column("kind")), (0, vec![kind.to_owned()]), "{}", ran.err);
            md5s.push(ran.column("md5"));
        }
        assert!(md5s[0] == md5s[1] && md5s[1] == md5s[2] && md5s[2] != md5s[3]);
        assert_eq!(md5s[3], md5s[4]);

        let ran = fetch(&["--out", "film", film_id]);
        assert_eq!((ran.code, ran.column("kind")), (1, vec!["image".to_owned()]), "{}", ran.err);
        let ran = fetch(&["--keep-unknown", "--out", "film", film_id]);
        assert_eq!(
            (ran.code, ran.column("format")),
            (0, vec!["unknown".to_owned()]),
            "{}",
            ran.err
        );
        assert!(fs::read(place.path("film")).unwrap() == film, "other bytes");
        fs::remove_file(place.path("film")).unwrap();

        let help = place.wx(&["help", command]).out;
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let values = match command {
            "fetch" => "original, thumbnail, emoticon, video, voice]",
            _ => "original, thumbnail, emoticon]",
        };
        assert!(help.contains(values), "{help}");
        assert!(help.contains("--keep-unknown") && !help.contains("--size"), "{help}");
    }
}
