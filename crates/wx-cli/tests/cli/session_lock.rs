//! The session file under unusual names, used by two processes, and after a kill.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Child, Command};

use serde_json::Value;

use crate::support::{Place, TRANSPORTS, fetch, jpeg, png, send, signal, wait_until};

/// The temporary file that a killed process leaves next to the file that it was about to replace.
const LEFT: &str = ".wx-0123456789ab.tmp";

fn watch(place: &Place, session: &str) -> Child {
    let child = place.spawn(&["watch", "--session", session, "--json"]);
    place.wait_for("synccheck", place.emulator.requests_to("synccheck") + 1);
    child
}

fn position(place: &Place, session: &str) -> Value {
    let session: Value = serde_json::from_slice(&fs::read(place.path(session)).unwrap()).unwrap();
    session["sync_key"].clone()
}

fn mode(place: &Place, name: &str) -> u32 {
    fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn one_session_by_any_name_has_one_writer() {
    let place = Place::new();
    fs::hard_link(place.path("session.json"), place.path("hard.json")).unwrap();
    symlink("session.json", place.path("link.json")).unwrap();
    symlink("link.json", place.path("second.json")).unwrap();
    let child = watch(&place, "link.json");
    // The lock is not a file that somebody could delete.
    assert_eq!(place.names(), ["hard.json", "link.json", "second.json"]);
    let holder = format!("the file is in use by `wx watch` (process {})", child.id());
    for name in ["session.json", "link.json", "second.json", "hard.json"] {
        for command in ["watch", "logout", "login"] {
            let ran = place.wx(&[command, "--session", name]);
            assert_eq!(ran.code, 1, "{command} {name}: {}", ran.err);
            assert!(
                ran.one_line().contains(&format!("{name}: {holder}; wait until")),
                "{}",
                ran.err
            );
        }
        // Reading needs no lock.
        assert_eq!(place.wx(&["whoami", "--session", name]).code, 0);
    }
    signal(&child, "TERM");
    place.wait(child);
}

#[test]
fn a_session_that_somebody_else_has_replaced_is_not_written_any_more() {
    for transport in TRANSPORTS {
        let place = Place::new();
        let mut child =
            place.spawn(&["watch", "--session", "session.json", "--transport", transport]);
        place.wait_for("synccheck", 1);
        fs::remove_file(place.path("session.json")).unwrap();
        place.file("session.json", b"another login");
        place.emulator.deliver(png());
        wait_until(|| child.try_wait().unwrap().is_some());
        let ran = place.wait(child);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains("replaced or removed by another program"), "{}", ran.err);
        assert_eq!(fs::read(place.path("session.json")).unwrap(), b"another login");
        assert_eq!(place.names(), [""; 0]);
    }
}

#[test]
fn a_link_is_written_through() {
    let place = Place::new();
    fs::create_dir(place.path("real")).unwrap();
    fs::rename(place.path("session.json"), place.path("real/s.json")).unwrap();
    symlink("real/s.json", place.path("session.json")).unwrap();
    let child = watch(&place, "session.json");
    let before = position(&place, "real/s.json");
    place.emulator.deliver(png());
    wait_until(|| position(&place, "real/s.json") != before);
    signal(&child, "TERM");
    place.wait(child);
    let base = place.emulator.base();
    for args in [&["logout"][..], &["login", "--base", &base]] {
        let ran = place.wx(&[args, &["--session", "session.json"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(place.path("session.json").is_symlink());
        assert_eq!(mode(&place, "real/s.json"), 0o600);
    }
    assert_eq!(fs::read_dir(place.path("real")).unwrap().count(), 1);
}

#[test]
fn what_is_not_a_file_is_refused_at_once() {
    let place = Place::new();
    place.file("a.png", &png());
    fs::remove_file(place.path("session.json")).unwrap();
    let made = Command::new("mkfifo").arg(place.path("fifo")).status().unwrap();
    assert!(made.success());
    let _socket = std::os::unix::net::UnixListener::bind(place.path("socket")).unwrap();
    for (link, target) in [("link", "fifo"), ("dangling", "elsewhere.json"), ("loop", "loop")] {
        symlink(target, place.path(link)).unwrap();
    }
    let base = place.emulator.base();
    let names = place.names();
    for (name, what) in [
        ("fifo", "the path leads to a FIFO instead of a regular file"),
        ("link", "the path leads to a FIFO instead of a regular file"),
        ("socket", "the path leads to a socket instead of a regular file"),
        ("/dev/zero", "the path leads to a device instead of a regular file"),
        (".", "the path leads to a directory instead of a regular file"),
        ("dangling", "is a symbolic link to a file that does not exist"),
        ("loop", "Too many levels of symbolic links"),
    ] {
        for command in [
            &["whoami"][..],
            &["contacts"],
            &["logout"],
            &["watch"],
            &["login", "--base", &base],
            &["login", "--base", &base, "--force"],
            &["send-image", "--to", "filehelper", "a.png"],
            &["fetch-image", "--out", "x.png", "1"],
            &["fetch", "--out", "x.png", "1"],
        ] {
            let ran = place.wx(&[command, &["--session", name]].concat());
            assert_eq!(ran.code, 1, "{command:?} {name}: {}", ran.err);
            assert!(ran.one_line().contains(what), "{command:?} {name}: {}", ran.err);
        }
        let ran = place.wx(&["emulate", "--session-file", name]);
        assert!(ran.code == 1 && ran.one_line().contains(what), "{}", ran.err);
    }
    assert_eq!(place.names(), names);
    place.assert_silence();
}

#[test]
fn what_a_killed_process_left_goes_with_the_next_command_of_any_kind() {
    let place = Place::build(&["trickle=1000@webwxgetmsgimg"], &[&jpeg(4_000_000, 1)]);
    let id = place.emulator.incoming().remove(0);
    place.file("a.png", &png());
    fs::create_dir(place.path("out")).unwrap();
    fs::create_dir(place.path("link")).unwrap();
    symlink("../session.json", place.path("link/session.json")).unwrap();
    let base = place.emulator.base();
    let count = |name: &str| fs::read_dir(place.path(name)).unwrap().count();
    for command in [
        &["whoami"][..],
        &["contacts"],
        &["send-image", "--to", "filehelper", "a.png"],
        &["resume", "none"],
        &["login", "--base", &base],
        &["fetch-image", "--out", "none/x", "1"],
        &["fetch", "--out", "none/x", "1"],
        &["logout"],
    ] {
        for session in ["session.json", "link/session.json"] {
            place.file(LEFT, b"the whole session");
            place.wx(&[command, &["--session", session]].concat());
            assert!(!place.path(LEFT).exists(), "{command:?} {session}");
        }
    }
    assert_eq!(place.wx(&["login", "--session", "session.json", "--base", &base]).code, 0);
    // A command that ends before its first request also removes temporary files.
    place.file("out/y.jpg", b"there already");
    for more in [&[][..], &["--force"]] {
        if !more.is_empty() {
            place.file("out/x.jpg", b"old");
        }
        let before = count("out");
        let mut child = place.spawn(&[&fetch("ureq", &["--out", "out/x.jpg", &id]), more].concat());
        // A part of the file is on disk by now.
        wait_until(|| count("out") > before);
        // The temporary file of a running process is kept.
        assert_ne!(place.wx(&fetch("ureq", &["--out", "out/y.jpg", "1"])).code, 0);
        assert_eq!(count("out"), before + 1);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(count("out"), before + 1);
        assert_ne!(place.wx(&fetch("ureq", &["--out", "out/y.jpg", "1"])).code, 0);
        assert_eq!(count("out"), before);
    }
}

/// Whenever the process is killed, the session is complete and no temporary file is left.
#[test]
fn a_login_that_is_killed_leaves_no_copy_of_a_session() {
    let place = Place::new();
    fs::remove_file(place.path("session.json")).unwrap();
    let base = place.emulator.base();
    for round in 0..12 {
        let mut child =
            place.spawn(&["login", "--session", "session.json", "--base", &base, "--force"]);
        place.wait_for("webwxinit", place.emulator.requests_to("webwxinit") + 1);
        std::thread::sleep(std::time::Duration::from_micros(round * 400));
        child.kill().unwrap();
        child.wait().unwrap();
        let ran = place.wx(&["logout", "--session", "session.json"]);
        assert!([0, 3].contains(&ran.code), "{}", ran.err);
        assert_eq!(place.names(), [""; 0], "round {round}");
    }
}

#[test]
fn others_that_can_read_the_session_are_warned_of() {
    let place = Place::new();
    place.file("a.png", &png());
    let warning = "wx: session.json: other users can read this file";
    for (mode, warned) in [(0o600, 0), (0o400, 0), (0o644, 1), (0o640, 1), (0o620, 1)] {
        let permissions = || fs::Permissions::from_mode(mode);
        for args in [send("ureq", &["a.png"]), vec!["contacts", "--session", "session.json"]] {
            // The command before may have replaced the file.
            fs::set_permissions(place.path("session.json"), permissions()).unwrap();
            let ran = place.wx(&args);
            assert_eq!(
                (ran.code, ran.err.matches(warning).count()),
                (0, warned),
                "{mode:o} {}",
                ran.err
            );
        }
    }
    // Only the user can read what is written.
    let ran = place.wx(&["logout", "--session", "session.json"]);
    assert_eq!((ran.code, mode(&place, "session.json")), (0, 0o600), "{}", ran.err);
}

#[test]
fn a_picture_that_is_replaced_keeps_the_mode_of_its_file() {
    for transport in TRANSPORTS {
        let place = Place::build(&[], &[&png()]);
        let id = place.emulator.incoming().remove(0);
        place.file("x.png", b"old");
        let ran = place.wx(&fetch(transport, &["--force", "--out", "x.png", &id]));
        assert_eq!((ran.code, mode(&place, "x.png")), (0, 0o600), "{}", ran.err);
        assert_eq!(fs::read(place.path("x.png")).unwrap(), png());
    }
}

#[test]
fn a_terminal_that_is_closed_ends_commands_as_sigterm_does() {
    for transport in TRANSPORTS {
        let place = Place::build(&["trickle=1000@webwxgetmsgimg"], &[&jpeg(4_000_000, 1)]);
        let id = place.emulator.incoming().remove(0);
        let child = place.spawn(&fetch(transport, &["--json", "--out", "x.jpg", &id]));
        wait_until(|| place.names().len() == 1);
        signal(&child, "HUP");
        let ran = place.wait(child);
        assert_eq!((ran.code, ran.kinds()), (143, vec!["failed".to_owned()]), "{}", ran.err);
        assert_eq!(place.names(), [""; 0]);
    }
    let place = Place::new();
    let child = place.spawn(&["emulate", "--port-file", "port"]);
    wait_until(|| place.path("port").exists());
    signal(&child, "HUP");
    assert_eq!(place.wait(child).code, 0);
    assert_eq!(place.names(), [""; 0]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_was_started_to_outlive_its_terminal_does() {
    let place = Place::new();
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_wx")]);
    shell.args(["watch", "--session", "session.json"]);
    shell
        .current_dir(place.path(""))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = shell.spawn().unwrap();
    place.wait_for("synccheck", 1);
    signal(&child, "HUP");
    let before = position(&place, "session.json");
    place.emulator.deliver(png());
    wait_until(|| position(&place, "session.json") != before);
    signal(&child, "TERM");
    assert_eq!(place.wait(child).code, 143);
}
