//! Files that cannot be written: which file the message names, and what happened to the work.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use wx_proto::Session;

use crate::life::about;
use crate::support::{Place, Ran, TRANSPORTS, fetch, jpeg, send};

/// A limit of one block, 512 or 1024 bytes, which is too small for the session.
const NO_ROOM: u32 = 0;

/// A directory `ro` that is read-only.
fn read_only(place: &Place) {
    fs::create_dir_all(place.path("ro")).unwrap();
    fs::set_permissions(place.path("ro"), fs::Permissions::from_mode(0o500)).unwrap();
}

fn told(ran: &Ran, words: &str) {
    let said = ran.one_line();
    assert!(said.contains(words) && !said.contains(".wx-") && !said.contains("./."), "{said}");
}

#[test]
fn a_logout_that_cannot_save_says_so_and_leaves_no_secret() {
    for transport in TRANSPORTS {
        for (session, words) in [
            ("session.json", "session.json: File too large; the file was emptied"),
            ("ro/session.json", "the directory ro cannot be written: Permission denied; the file"),
        ] {
            let place = Place::new();
            fs::create_dir(place.path("ro")).unwrap();
            fs::copy(place.path("session.json"), place.path("ro/session.json")).unwrap();
            read_only(&place);
            let args = ["logout", "--session", session, "--transport", transport, "--json"];
            let ran = match session {
                "session.json" => place.wx_with_room(NO_ROOM, &args),
                _ => place.wx_without_rights(&args),
            };
            assert_eq!((ran.code, ran.kinds()), (0, vec!["logged_out".to_owned()]), "{}", ran.err);
            told(&ran, words);
            assert!(!place.emulator.is_logged_in());
            assert_eq!(fs::read(place.path(session)).unwrap(), b"");
            let ran = place.wx(&["whoami", "--session", session, "--transport", transport]);
            assert_eq!(ran.code, 3);
            assert!(ran.one_line().contains("nobody is logged in; run `wx login`"), "{}", ran.err);
        }
    }
}

#[test]
fn a_logout_touches_no_login_that_came_meanwhile() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=500@webwxlogout"]);
        let child = place.spawn(&about("logout", transport, &["--json"]));
        place.wait_for("webwxlogout", 1);
        fs::remove_file(place.path("session.json")).unwrap();
        let other = Session::builder("https://wx.qq.com").uin(7).user_name("@me").build().unwrap();
        let other = place.file("session.json", other.to_json().expose().as_bytes());
        let before = fs::read(&other).unwrap();
        let ran = place.wait(child);
        assert_eq!(
            (ran.code, ran.kinds()),
            (1, vec!["logged_out".to_owned(), "failed".to_owned()])
        );
        assert!(fs::read(&other).unwrap() == before);
        told(&ran, "the login has ended, but the file was left as it is (the file was replaced");
    }
}

#[test]
fn a_picture_that_finds_no_room_is_blamed_on_its_place() {
    for transport in TRANSPORTS {
        let place = Place::build(&[], &[&jpeg(300_000, 1)]);
        let id = place.emulator.incoming().remove(0);
        let ran = place
            .wx_with_room(100, &about("watch", transport, &["--json", "--save-images", "kept"]));
        assert_eq!((ran.code, ran.kinds()), (1, vec!["message".to_owned(), "failed".to_owned()]));
        told(
            &ran,
            &format!("wx: {id}: kept: the download failed: File too large; check the output"),
        );
        assert_eq!(ran.events()[1]["msg_id"], id);
        assert_eq!(ran.events()[1]["advice"], "check_output");
        for force in [&[][..], &["--force"]] {
            let ran = place
                .wx_with_room(100, &fetch(transport, &[force, &["--out", "a.jpg", &id]].concat()));
            assert_eq!(ran.code, 1);
            told(&ran, "a.jpg: the download failed: File too large; check the output");
        }
        assert_eq!(fs::read_dir(place.path("kept")).unwrap().count(), 0);
    }
}

#[test]
fn a_directory_that_is_missing_or_cannot_be_written_is_blamed_by_the_name_of_the_target() {
    let place = Place::build(&[], &[&jpeg(1000, 1)]);
    let id = place.emulator.incoming().remove(0);
    place.file("a.jpg", &jpeg(1000, 1));
    read_only(&place);
    let base = place.emulator.base();
    let at = |dir: &str, name: &str| format!("{dir}/{name}");
    for (dir, words) in [
        ("ro", "the directory ro cannot be written: Permission denied"),
        ("none", "the directory none does not exist"),
        ("a.jpg", "a.jpg is not a directory"),
    ] {
        for transport in TRANSPORTS {
            let out = at(dir, "b.jpg");
            // The login below has replaced the one of the session file.
            place.session(|_| ());
            // If several things are wrong, the first one is reported.
            if dir != "a.jpg" {
                let ran = place.wx_without_rights(&fetch(transport, &["--out", &out, &id]));
                assert_eq!(ran.code, 1, "{}", ran.err);
                told(&ran, &format!("{out}: {words}"));
            }
            let trace = at(dir, "trace");
            let ran = place.wx_without_rights(&send(transport, &["--trace", &trace, "a.jpg"]));
            assert_eq!(ran.code, 1, "{}", ran.err);
            told(&ran, &format!("wx: {trace}: {words}; choose another file for the trace"));
            let session = at(dir, "s.json");
            let ran = place.wx_without_rights(&["login", "--session", &session, "--base", &base]);
            assert_eq!(ran.code, 1, "{}", ran.err);
            told(
                &ran,
                &format!("wx: {session}: {words}; check the session file and its directory"),
            );
        }
        for option in ["--port-file", "--session-file"] {
            let file = at(dir, "file");
            let ran = place.wx_without_rights(&["emulate", option, &file]);
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "it does not listen: {}", ran.err);
            told(&ran, &format!("wx: {file}: {words}"));
        }
        let code = at(dir, "code.png");
        let ran = place.wx_without_rights(&[
            "login",
            "--session",
            "new.json",
            "--base",
            &base,
            "--qr",
            &code,
        ]);
        assert_eq!(ran.code, 0, "the code is drawn as well: {}", ran.err);
        let line = ran.err.lines().find(|line| line.contains(&code)).unwrap();
        assert!(line.starts_with(&format!("wx: {code}: {words}; check the output")), "{line}");
    }
    place.session(|_| ());
    let ran = place.wx_without_rights(&about("watch", "ureq", &["--save-images", "ro/kept"]));
    assert_eq!(
        ran.one_line(),
        "wx: ro/kept: the directory ro cannot be written: Permission denied; check the output"
    );
    let ran = place.wx_without_rights(&about("watch", "ureq", &["--save-images", "ro"]));
    told(&ran, &format!("wx: {id}: ro: Permission denied; check the output"));
    let ran = place.wx_without_rights(&send("ureq", &["--resume-dir", "ro/job", "a.jpg"]));
    told(&ran, "wx: ro/job: the directory ro cannot be written: Permission denied");
    for (command, option) in [("watch", "--save"), ("watch", "--save-images")] {
        let ran = place.wx(&about(command, "ureq", &[option, "a.jpg"]));
        told(&ran, "wx: a.jpg: is not a directory; check the output");
    }
    let ran = place.wx(&send("ureq", &["--resume-dir", "a.jpg", "a.jpg"]));
    told(&ran, "wx: a.jpg: is not a directory");
}

#[test]
fn what_is_read_once_and_has_no_room_is_blamed_on_the_temporary_directory() {
    let place = Place::new();
    let picture = jpeg(5 * 1024 * 1024, 1);
    for transport in TRANSPORTS {
        let run = |temporary: &str, before: &[&str]| {
            let args = [before, &[env!("CARGO_BIN_EXE_wx")], &send(transport, &["-"])].concat();
            let mut command = Command::new(args[0]);
            command.args(&args[1..]).current_dir(place.path("")).env("TMPDIR", temporary);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            // The reader stops reading.
            let _ = child.stdin.take().unwrap().write_all(&picture);
            place.wait(child)
        };
        let ran = run("/none", &["env"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let words = "wx: -: the temporary file in /none cannot be written: \
                     No such file or directory; check the file";
        assert_eq!(ran.one_line(), words);
        let here = place.path("");
        let here = here.to_str().unwrap();
        let ran = run(here, &["sh", "-c", "trap '' XFSZ; ulimit -f 2000; exec \"$@\"", "sh"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        told(
            &ran,
            &format!(
                "the temporary file in {here} cannot be written: File too large; check the file"
            ),
        );
    }
    place.assert_silence();
}

#[test]
fn a_home_in_which_no_directory_can_be_made() {
    let place = Place::new();
    place.file("home", b"");
    let mut command = place.command(&["login", "--base", &place.emulator.base()]);
    command.env("XDG_STATE_HOME", place.path("home"));
    let ran = place.ran(command.output().unwrap());
    assert_eq!(ran.code, 1);
    told(&ran, "home/wx is not a directory; check the session file and its directory");
    place.assert_silence();
}
