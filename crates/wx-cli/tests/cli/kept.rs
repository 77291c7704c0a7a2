//! What must not be lost: pictures while the network or the server fails, the sync position in the
//! file, and the login of another account.

use std::fs;
use std::process::Child;

use serde_json::Value;
use wx_emulator::Emulator;

use crate::support::{Place, TRANSPORTS, jpeg, png, signal, wait_until};

fn watch(place: &Place, transport: &str, more: &[&str]) -> Child {
    let args =
        ["watch", "--session", "session.json", "--transport", transport, "--save-images", "kept"];
    place.spawn(&[&args, more].concat())
}

fn session(place: &Place) -> Value {
    serde_json::from_slice(&fs::read(place.path("session.json")).unwrap()).unwrap()
}

fn kept(place: &Place, id: &str) -> bool {
    place.path(&format!("kept/{id}.jpg")).exists() || place.path(&format!("kept/{id}.png")).exists()
}

#[test]
fn a_picture_is_retried_for_longer_than_a_single_fetch() {
    for transport in TRANSPORTS {
        // One more failure than a single fetch tolerates.
        let faults = (1..=4).map(|n| format!("status=503@webwxgetmsgimg#{n}").parse().unwrap());
        let place = Place::with_emulator(
            faults.fold(Emulator::builder().image(png()), |all, one| all.fault(one)),
        );
        let id = place.emulator.incoming().remove(0);
        let child = watch(&place, transport, &["--json"]);
        wait_until(|| kept(&place, &id));
        signal(&child, "INT");
        let ran = place.wait(child);
        assert_eq!(
            (ran.code, &ran.kinds()[..2]),
            (130, &["message".to_owned(), "fetched".to_owned()][..])
        );
        let told: Vec<_> = ran.err.lines().filter(|line| line.contains("the server")).collect();
        assert_eq!(told.len(), 2, "{}", ran.err);
    }
}

#[test]
fn what_comes_while_nobody_watches_is_not_lost() {
    for transport in TRANSPORTS {
        let place = Place::new();
        assert!(session(&place)["sync_key"].is_null());
        let mut child = watch(&place, transport, &[]);
        place.wait_for("synccheck", 1);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!session(&place)["sync_key"].is_null(), "saved before the first message");
        let id = place.emulator.deliver(jpeg(2000, 1));
        let child = watch(&place, transport, &[]);
        wait_until(|| kept(&place, &id));
        signal(&child, "TERM");
        assert_eq!(place.wait(child).code, 143);
        // Neither a lock nor a partial file is left.
        assert_eq!(place.names(), ["kept"]);
        assert_eq!(fs::read_dir(place.path("kept")).unwrap().count(), 1);
    }
}

#[test]
fn what_no_picture_can_be_saved_for_ends_the_watch_and_loses_none() {
    for transport in TRANSPORTS {
        let place = Place::new();
        let child = watch(&place, transport, &["--json"]);
        place.wait_for("synccheck", 1);
        fs::remove_dir_all(place.path("kept")).unwrap();
        let id = place.emulator.deliver(jpeg(2000, 1));
        let ran = place.wait(child);
        assert_eq!(
            (ran.code, &ran.column("advice")[1]),
            (1, &"check_output".to_owned()),
            "{}",
            ran.err
        );
        let child = watch(&place, transport, &[]);
        wait_until(|| kept(&place, &id));
        signal(&child, "TERM");
        place.wait(child);
    }
}

#[test]
fn a_file_that_came_meanwhile_is_not_replaced() {
    let place = Place::new();
    let child = watch(&place, "ureq", &[]);
    place.wait_for("synccheck", 1);
    place.emulator.add_fault("delay=1000@webwxgetmsgimg#1".parse().unwrap());
    let id = place.emulator.deliver(jpeg(2000, 1));
    place.wait_for("webwxgetmsgimg", 1);
    place.file(&format!("kept/{id}.jpg"), b"mine");
    let next = place.emulator.deliver(png());
    wait_until(|| kept(&place, &next));
    signal(&child, "TERM");
    place.wait(child);
    assert_eq!(fs::read(place.path(&format!("kept/{id}.jpg"))).unwrap(), b"mine");
}

#[test]
fn what_a_killed_watch_left_half_written_goes_and_files_of_others_stay() {
    let place = Place::with_emulator(Emulator::builder().image(jpeg(2000, 1)).image(jpeg(3000, 2)));
    let ids = place.emulator.incoming();
    fs::create_dir_all(place.path("kept/.wx-0123456789ab.tmp")).unwrap();
    place.file("kept/.wx-0123456789ab.tmp/picture", b"half");
    place.file("kept/notes.txt", b"mine");
    // The extension differs, but it is the picture of the same message.
    place.file(&format!("kept/{}.webp", ids[0]), b"mine");
    let child = watch(&place, "ureq", &[]);
    wait_until(|| kept(&place, &ids[1]));
    let second = place.wx(&["watch", "--session", "other.json", "--save-images", "kept"]);
    assert_eq!(second.code, 1);
    assert!(
        second.one_line().contains("kept: the path is in use by `wx watch` (process "),
        "{}",
        second.err
    );
    signal(&child, "TERM");
    place.wait(child);
    let mut names: Vec<_> = fs::read_dir(place.path("kept"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut expected =
        vec![format!("{}.webp", ids[0]), format!("{}.jpg", ids[1]), "notes.txt".to_owned()];
    expected.sort();
    assert_eq!(names, expected);
    assert_eq!(place.emulator.requests_to("webwxgetmsgimg"), 1);
}

#[test]
fn the_login_of_another_account_is_not_replaced_unasked() {
    let place = Place::new();
    let base = place.emulator.base();
    let login = |more: &[&str]| {
        place
            .wx(&[&["login", "--session", "session.json", "--base", base.as_str()][..], more]
                .concat())
    };
    // A real login is not replaced by a login to an emulator.
    place.session(|session| session["base"] = "https://wx.qq.com".into());
    let before = fs::read(place.path("session.json")).unwrap();
    let ran = login(&[]);
    assert_eq!(ran.code, 1);
    assert!(ran.one_line().contains("holds a real login"), "{}", ran.err);
    place.assert_silence();
    assert_eq!(fs::read(place.path("session.json")).unwrap(), before);
    assert_eq!(login(&["--force"]).code, 0);
    assert_eq!(session(&place)["base"], base);
    place.file("session.json", b"dear diary");
    assert_eq!(login(&[]).code, 1);
    assert_eq!(login(&["--force"]).code, 0);
    assert_eq!(place.wx(&["whoami", "--session", "session.json"]).code, 0);
}

#[test]
fn whoami_keeps_what_the_server_changed_and_nothing_else() {
    let place = Place::new();
    let whoami = || place.wx(&["whoami", "--session", "session.json"]).code;
    assert_eq!(whoami(), 0);
    let once = fs::read(place.path("session.json")).unwrap();
    assert_eq!(whoami(), 0);
    assert_eq!(fs::read(place.path("session.json")).unwrap(), once);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn what_is_not_a_known_picture_is_kept_as_bin_only_on_request() {
    let film: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41 and so on";
    for (more, event) in [(&["--json"][..], "failed"), (&["--json", "--keep-unknown"], "fetched")] {
        let place = Place::build(&[], &[film]);
        let id = place.emulator.incoming().remove(0);
        let child = watch(&place, "ureq", more);
        // The next poll comes after the picture was handled.
        place.wait_for("synccheck", 2);
        signal(&child, "INT");
        assert_eq!(place.wait(child).kinds()[1], event);
        let bin = place.path(&format!("kept/{id}.bin"));
        assert_eq!(bin.exists(), event == "fetched");
        if bin.exists() {
            assert_eq!(fs::read(bin).unwrap(), film);
        }
    }
}

/// `--save-images` saves pictures, so of a video it saves the cover.
#[test]
fn of_a_video_the_cover_is_kept() {
    let place = Place::new();
    let mp4 = &b"\0\0\0\x18ftypmp42\0\0\0\0isommp42 and so on"[..];
    place.emulator.deliver(wx_emulator::Incoming::video(mp4));
    place.emulator.deliver(wx_emulator::Incoming::voice(&b"ID3\x04"[..]));
    let [video, voice] = &place.emulator.incoming()[..] else { panic!("two messages") };
    let child = watch(&place, "ureq", &["--json"]);
    place.wait_for("synccheck", 2);
    signal(&child, "INT");
    let ran = place.wait(child);
    let kinds: Vec<_> = ran.kinds().into_iter().filter(|kind| kind == "fetched").collect();
    assert_eq!(kinds.len(), 1, "{}", ran.err);
    assert!(fs::read(place.path(&format!("kept/{video}.jpg"))).unwrap().starts_with(b"\xff\xd8"));
    assert!(!place.path(&format!("kept/{voice}.mp3")).exists());
    assert_eq!(place.emulator.violations(), [""; 0]);
}
