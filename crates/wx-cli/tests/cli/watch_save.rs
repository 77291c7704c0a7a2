//! What `watch --save` keeps, under which names, and within which limits.

use std::fs;
use std::time::Duration;

use wx_emulator::{Emulator, Incoming, Profile};

use crate::life::{about, kept};
use crate::odd_bytes::watch;
use crate::support::{Place, Ran, TRANSPORTS, gif, jpeg};

const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42 and so on";
const MP3: &[u8] = b"ID3\x04\0\0\0\0\0\0 and so on";
const PAGE: &[u8] = b"<html>a page that somebody has sent</html>";

fn place(profile: Profile) -> Place {
    Place::with_emulator(Emulator::builder().hold(Duration::from_millis(50)).profile(profile))
}

/// Runs `watch` until everything that has arrived is handled.
fn save(place: &Place, transport: &str, more: &[&str]) -> Ran {
    let args = ["--json", "--once", "--save", "kept"];
    place.wx(&about("watch", transport, &[&args, more].concat()))
}

fn read(place: &Place, name: &str) -> Vec<u8> {
    fs::read(place.path("kept").join(name)).unwrap()
}

#[test]
fn each_kind_of_attachment_is_kept_once() {
    for (transport, profile) in TRANSPORTS.into_iter().zip([Profile::Web, Profile::FileHelper]) {
        let place = place(profile);
        let deliver = |message: Incoming| place.emulator.deliver(message);
        let picture = deliver(Incoming::image(jpeg(3000, 1)));
        let emoticon = deliver(Incoming::image(gif()));
        let video = deliver(Incoming::video(MP4));
        let voice = deliver(Incoming::voice(MP3));
        let file = deliver(Incoming::file("a & b.html", PAGE));
        deliver(Incoming::text("nothing to keep"));
        let ran = save(&place, transport, &[]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        let pairs: Vec<String> =
            ["message", "fetched"].repeat(5).iter().map(ToString::to_string).collect();
        assert_eq!(ran.kinds(), [&pairs[..], &["message".to_owned()]].concat());
        for (name, bytes) in [
            (format!("{picture}.jpg"), jpeg(3000, 1)),
            (format!("{emoticon}.gif"), gif()),
            (format!("{video}.mp4"), MP4.to_vec()),
            (format!("{voice}.mp3"), MP3.to_vec()),
            (format!("{file}-a & b.html"), PAGE.to_vec()),
        ] {
            assert!(read(&place, &name) == bytes, "{name}");
        }
        assert_eq!(kept(&place).len(), 5);
        assert_eq!(place.emulator.violations(), [""; 0]);
        // All messages are received again.
        place.session(|_| ());
        let calls = |endpoint: &str| place.emulator.requests_to(endpoint);
        let downloads = ["webwxgetmsgimg", "webwxgetmedia", "webwxgetvideo", "webwxgetvoice"];
        let before = downloads.map(calls);
        let ran = save(&place, transport, &[]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["message".to_owned(); 6]), "{}", ran.err);
        assert_eq!(downloads.map(calls), before);
        assert_eq!(kept(&place).len(), 5);
    }
}

/// A video and its cover have the same MsgID, and either may be in an unknown format.
#[test]
fn a_video_in_an_unknown_format_is_kept_beside_its_cover() {
    // An image, in the container of a video.
    let avif = &b"\0\0\0\x18ftypisom\0\0\0\0isomavif and so on"[..];
    for transport in TRANSPORTS {
        let place = place(Profile::Web);
        let id = place.emulator.deliver(Incoming::video(avif));
        let ran = save(&place, transport, &[]);
        assert_eq!((ran.code, ran.kinds()), (1, vec!["message".to_owned(), "failed".to_owned()]));
        assert!(ran.err.contains("the response is not an mp4; it begins with"), "{}", ran.err);
        assert_eq!(kept(&place), [""; 0]);
        place.file(&format!("kept/{id}.bin"), b"a cover in an unknown format");
        // All messages are received again.
        for events in [&["message", "fetched"][..], &["message"]] {
            place.session(|_| ());
            let ran = save(&place, transport, &["--keep-unknown"]);
            assert_eq!(
                (ran.code, ran.kinds()),
                (0, events.iter().map(|e| e.to_string()).collect())
            );
            assert_eq!(kept(&place), [format!("{id}.bin"), format!("{id}.video.bin")]);
        }
        assert_eq!(read(&place, &format!("{id}.video.bin")), avif);
        assert_eq!(read(&place, &format!("{id}.bin")), b"a cover in an unknown format");
        assert_eq!(place.emulator.requests_to("webwxgetvideo"), 2);
    }
}

/// Neither the page nor this command sends an empty file, but a message may announce one.
#[test]
fn p76_an_announced_empty_file_is_reported_with_what_to_do() {
    let place = place(Profile::Web);
    let id = place.emulator.deliver(Incoming::file("empty.txt", &b""[..]));
    let ran = save(&place, "ureq", &[]);
    assert_eq!((ran.code, ran.kinds()), (1, vec!["message".to_owned(), "failed".to_owned()]));
    let failed = &ran.events()[1];
    assert_eq!((&failed["msg_id"], &failed["advice"]), (&id.as_str().into(), &"ask_sender".into()));
    let words = "the message announces a file of 0 bytes, and the response is empty; there is \
                 probably nothing to fetch: ask the sender";
    assert!(ran.err.contains(words), "{}", ran.err);
    // The tries of one download: the server is not asked again for 20 s, as for a new message.
    assert_eq!(place.emulator.requests_to("webwxgetmedia"), 3);
    assert_eq!(kept(&place), [""; 0]);
}

#[test]
fn names_of_strangers_stay_in_the_directory_and_replace_nothing() {
    let place = place(Profile::Web);
    let long = format!("{}.pdf", "图".repeat(200));
    let names = [
        "../../x",
        "/etc/passwd",
        "CON",
        "com1.txt",
        &long,
        "a\u{7}\u{1b}[2J\u{202e}fdp.exe",
        "\u{200b}",
        ".bashrc",
        "same.txt",
        "same.txt",
    ];
    let ids: Vec<_> = (0..)
        .zip(names)
        .map(|(at, name)| place.emulator.deliver(Incoming::file(name, vec![b'0' + at, b'!'])))
        .collect();
    place.file("same.txt", b"mine");
    let ran = save(&place, "ureq", &[]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(place.names(), ["kept", "same.txt"]);
    let found = kept(&place);
    assert_eq!(found.len(), names.len(), "{found:?}");
    let rest = [
        "_._x",
        "_etc_passwd",
        "_CON",
        "_com1.txt",
        "",
        "a[2Jfdp.exe",
        "file",
        "bashrc",
        "same.txt",
        "same.txt",
    ];
    for (at, (id, rest)) in (0..).zip(ids.iter().zip(rest)) {
        let name = found.iter().find(|name| name.starts_with(&format!("{id}-"))).unwrap();
        assert_eq!(read(&place, name), [b'0' + at, b'!'], "{name}");
        if rest.is_empty() {
            assert!((250..=255).contains(&name.len()) && name.ends_with("图.pdf"), "{name}");
        } else {
            assert_eq!(*name, format!("{id}-{rest}"));
        }
    }
}

#[test]
fn what_is_larger_than_the_limit_is_reported_and_skipped() {
    for transport in TRANSPORTS {
        let place = place(Profile::Web);
        let picture = place.emulator.deliver(jpeg(3001, 1));
        let file = place.emulator.deliver(Incoming::file("a.bin", vec![1; 3001]));
        // The length in the message is wrong, so only the download shows the real one.
        let unknown = Incoming::file("b.bin", vec![2; 3001]).with("FileSize", "");
        let unknown = place.emulator.deliver(unknown.with("Content", ""));
        let fitting = place.emulator.deliver(Incoming::file("c.bin", vec![3; 3000]));
        let ran = save(&place, transport, &["--max-size", "3000"]);
        let failed: Vec<_> =
            ran.events().into_iter().filter(|event| event["event"] == "failed").collect();
        let ids: Vec<_> = failed.iter().map(|event| event["msg_id"].as_str().unwrap()).collect();
        assert_eq!(ids, [&*picture, &file, &unknown], "{}", ran.err);
        assert!(failed.iter().all(|event| event["advice"] == "raise_limit"), "{failed:?}");
        assert_eq!(ran.err.matches("; a larger --max-size saves such attachments").count(), 3);
        assert_eq!((ran.code, kept(&place)), (1, vec![format!("{fitting}-c.bin")]));
        // The announced length is enough to know.
        assert_eq!(place.emulator.requests_to("webwxgetmedia"), 2);
        place.emulator.deliver(Incoming::text("next"));
        assert_eq!(save(&place, transport, &[]).kinds(), ["message"]);
    }
}

#[test]
fn too_little_space_ends_the_watch_and_loses_nothing() {
    for (transport, option) in TRANSPORTS.into_iter().zip(["--save", "--save-images"]) {
        let place = place(Profile::Web);
        let picture = place.emulator.deliver(jpeg(3000, 1));
        place.emulator.deliver(Incoming::text("next"));
        let most = u64::MAX.to_string();
        let run = |more: &[&str]| {
            let args = ["--json", "--once", option, "kept"];
            place.wx(&about("watch", transport, &[&args, more].concat()))
        };
        let ran = run(&["--keep-free", &most]);
        assert_eq!((ran.code, ran.kinds()), (1, vec!["message".to_owned(), "failed".to_owned()]));
        assert_eq!(ran.events()[1]["advice"], "check_output");
        let words = format!(
            "wx: {picture}: kept: less than {most} bytes of the disk would stay free; \
             free some space, or set a smaller --keep-free"
        );
        assert!(ran.err.lines().any(|line| line == words), "{}", ran.err);
        assert!(kept(&place).is_empty() && place.emulator.requests_to("webwxgetmsgimg") == 0);
        let ran = run(&["--keep-free", "0"]);
        assert_eq!((ran.code, ran.kinds().len()), (0, 3), "{}", ran.err);
        assert!(read(&place, &format!("{picture}.jpg")) == jpeg(3000, 1));
    }
}

#[test]
fn save_images_keeps_no_files() {
    let place = place(Profile::Web);
    let picture = place.emulator.deliver(jpeg(3000, 1));
    place.emulator.deliver(Incoming::file("a.html", PAGE));
    let args = ["--json", "--once", "--save-images", "kept"];
    let ran = place.wx(&about("watch", "ureq", &args));
    assert_eq!((ran.code, ran.kinds()[2].as_str()), (0, "message"), "{}", ran.err);
    assert_eq!(kept(&place), [format!("{picture}.jpg")]);
    assert_eq!(place.emulator.requests_to("webwxgetmedia"), 0);
}

/// Saved files are for whomever the user lets read new files.
#[test]
fn the_umask_decides_who_can_read_what_is_saved() {
    let place = place(Profile::Web);
    let id = place.emulator.deliver(jpeg(2000, 1));
    let run = |args: &[&str]| {
        let wx = place.command(args);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "umask 027; exec \"$@\"", "sh"]).arg(wx.get_program());
        command.args(wx.get_args()).current_dir(place.path(""));
        assert!(command.output().unwrap().status.success());
    };
    run(&about("watch", "ureq", &["--once", "--save", "kept"]));
    run(&crate::support::fetch("ureq", &["--out", "a.jpg", &id]));
    let mode = |name: &str| {
        let found = fs::metadata(place.path(name)).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777
    };
    let modes = [mode("kept"), mode(&format!("kept/{id}.jpg")), mode("a.jpg")];
    assert_eq!(modes, [0o750, 0o640, 0o640], "{modes:?}");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let place = place(Profile::Web);
    for (args, words) in [
        (&["--save", "a", "--save-images", "b"][..], "cannot be used with"),
        (&["--max-size", "1"], "--save"),
        (&["--keep-free", "1"], "--save"),
        (&["--keep-unknown"], "--save"),
        (&["--save", "a", "--max-size", "1 potato"], "such as 20M"),
        (&["--timeout-idle", "0"], "give more than 0 seconds"),
    ] {
        let ran = place.wx(&about("watch", "ureq", args));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.one_line().contains(words), "{}", ran.err);
    }
    place.assert_silence();
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_file_is_not_named_by_a_secret() {
    let place = place(Profile::Web);
    let session: serde_json::Value = serde_json::from_str(&place.emulator.session_json()).unwrap();
    let secret = session["skey"].as_str().unwrap();
    let id = place.emulator.deliver(Incoming::file(format!("{secret}.txt"), PAGE));
    let ran = watch(&place, "ureq", &["--json", "--save", "kept"]);
    assert_eq!(ran.kinds(), ["message", "fetched"], "{}", ran.err);
    assert_eq!(kept(&place), [format!("{id}-….txt")]);
}
