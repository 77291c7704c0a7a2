//! The first minutes of a user: help, refused arguments, and the end of a command that is stopped.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use wx_emulator::{Emulator, Profile};

use crate::support::{Place, TRANSPORTS, fetch, jpeg, png, send, signal, wait_until};

#[test]
fn each_command_has_a_help_line_of_its_own() {
    let place = Place::new();
    let help = place.wx(&["--help"]).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed: Vec<_> = listed.take_while(|line| !line.is_empty()).collect();
    let mut about: Vec<_> = listed.iter().filter_map(|line| line.trim().split_once("  ")).collect();
    assert_eq!((listed.len(), about.len()), (18, 18), "{help}");
    assert!(listed.iter().all(|line| line.chars().count() <= 100), "{help}");
    for (command, line) in &about {
        let own =
            if *command == "help" { help.clone() } else { place.wx(&[command, "--help"]).out };
        assert!(own.contains(line.trim()), "{own}");
    }
    about.sort_by_key(|(_, line)| line.trim());
    about.dedup_by_key(|(_, line)| line.trim());
    assert_eq!(about.len(), 18, "{help}");
}

#[test]
fn an_emulator_lists_no_option_that_it_refuses() {
    let place = Place::new();
    let lists = |args: &[&str], option: &str| place.wx(args).out.contains(&format!(" {option} "));
    for option in ["--transport", "--timeout", "--retry-wait", "--trace"] {
        assert!(
            !lists(&["emulate", "--help"], option) && !lists(&["help", "emulate"], option),
            "{option}"
        );
        assert!(lists(&["demo", "--help"], option) && lists(&["--help"], option), "{option}");
        let ran =
            place.wx(&[option, if option == "--transport" { "ureq" } else { "1" }, "emulate"]);
        assert_eq!(ran.code, 2, "{option}: {}", ran.err);
    }
    assert!(place.wx(&["emulate", "--help"]).out.contains(" --json"));
}

#[test]
fn without_a_login_every_command_says_so() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    for args in [
        &["whoami"][..],
        &["contacts"],
        &["watch"],
        &["logout"],
        &["fetch-image", "--out", "x.jpg", "1"],
        &["fetch", "--out", "x.jpg", "1"],
        &["send-image", "--to", "filehelper", "a.jpg"],
    ] {
        for transport in TRANSPORTS {
            let ran =
                place.wx(&[args, &["--session", "none.json", "--transport", transport]].concat());
            assert_eq!(ran.code, 3, "{args:?} {}", ran.err);
            // The user named the file.
            let words = "none.json: there is no such file; correct --session, or run `wx login`";
            assert!(ran.err.contains(words), "{args:?} {}", ran.err);
            place.file("empty.json", b"");
            let home = place.path("home");
            let empty = &["--session", "empty.json"][..];
            for (own, name) in [(&[][..], "wx/session.json"), (empty, "empty.json")] {
                let mut command = place.command(&[args, own, &["--transport", transport]].concat());
                let ran = place
                    .ran(command.env("XDG_STATE_HOME", &home).env("HOME", &home).output().unwrap());
                let words = format!("{name}: nobody is logged in; run `wx login`");
                assert!(ran.code == 3 && ran.err.contains(&words), "{args:?} {}", ran.err);
            }
        }
    }
    assert_eq!(place.names(), ["a.jpg", "empty.json", "home"]);
}

#[test]
fn a_watch_that_is_stopped_has_not_failed() {
    for transport in TRANSPORTS {
        for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 143)] {
            for json in [&[][..], &["--json"]] {
                let place = Place::new();
                let args =
                    [&["watch", "--session", "session.json", "--transport", transport], json]
                        .concat();
                let child = place.spawn(&args);
                place.wait_for("synccheck", 1);
                signal(&child, name);
                let ran = place.wait(child);
                assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{}", ran.err);
                let told = ran.err.lines().filter(|line| !line.contains("a loopback session"));
                assert_eq!(told.count(), 0, "{}", ran.err);
            }
        }
    }
}

#[test]
fn a_watch_that_is_stopped_while_it_waits_for_the_network_has_not_failed() {
    for transport in TRANSPORTS {
        let place = Place::with(&["status=503@webwxinit"]);
        let child = place.spawn(&["watch", "--session", "session.json", "--transport", transport]);
        place.wait_for("webwxinit", 4);
        signal(&child, "INT");
        let ran = place.wait(child);
        assert_eq!((ran.code, ran.out.as_str()), (130, ""), "{}", ran.err);
        let is_known =
            |line: &str| line.contains("a loopback session") || line.ends_with("; retrying");
        assert!(ran.err.lines().all(is_known), "{}", ran.err);
    }
}

#[test]
fn what_else_is_stopped_was_interrupted_and_gets_no_advice() {
    for transport in TRANSPORTS {
        let place = Place::build(
            &["delay=60000@webwxuploadmedia", "trickle=1000@webwxgetmsgimg"],
            &[&png()],
        );
        place.file("a.jpg", &jpeg(100, 1));
        let id = place.emulator.incoming().remove(0);
        for (args, endpoint, line) in [
            (
                send(transport, &["a.jpg"]),
                "webwxuploadmedia",
                "wx: a.jpg: interrupted: nothing was sent",
            ),
            (
                fetch(transport, &["--out", "x.png", &id]),
                "webwxgetmsgimg",
                &format!("wx: {id}: interrupted"),
            ),
        ] {
            let child = place.spawn(&args);
            place.wait_for(endpoint, 1);
            signal(&child, "INT");
            let ran = place.wait(child);
            assert_eq!((ran.code, ran.out.as_str()), (130, ""), "{}", ran.err);
            assert_eq!(ran.one_line(), line);
        }
    }
}

#[test]
fn an_account_that_may_not_log_in_is_sent_to_the_other_page() {
    for (page, profile, words) in [
        ("web", Profile::Web, "`wx login --profile filehelper`"),
        ("filehelper", Profile::FileHelper, "another account"),
    ] {
        let fault = "ret=1203@webwxnewloginpage".parse().unwrap();
        let place = Place::with_emulator(Emulator::builder().fault(fault).profile(profile));
        let base = place.emulator.base();
        let args = ["login", "--session", "new.json", "--base", base.as_str(), "--profile", page];
        let ran = place.wx(&args);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let told = ran.err.lines().last().unwrap();
        assert!(told.contains("Ret 1203") && told.contains(words), "{}", ran.err);
    }
}

/// Runs a command that can open only this many files. A command that continues is stopped.
fn with_few_files(place: &Place, files: u32, args: &[&str]) {
    let wx = place.command(args);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {files}; exec \"$@\""), "sh"]).arg(wx.get_program());
    shell.args(wx.get_args()).current_dir(place.path("")).stdin(Stdio::null());
    let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..20 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    if child.try_wait().unwrap().is_none() {
        signal(&child, "TERM");
    }
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    assert!(!err.contains("panicked"), "{files} files: {args:?}: {err}");
    // The dynamic loader may be unable to start the command at all.
    let ended = matches!(code, Some(0 | 1 | 3 | 143)) || err.contains("shared libraries");
    assert!(ended, "{files} files: {args:?}: {code:?} {err}");
    if code == Some(1) {
        let mut lines = err.lines();
        assert!(lines.any(|line| line.starts_with("wx: ")), "{files} files: {args:?}: {err:?}");
    }
}

#[test]
fn few_files_are_an_error_and_no_panic() {
    let place = Place::with_emulator(Emulator::builder().image(png()));
    place.file("a.jpg", &jpeg(100, 1));
    let id = place.emulator.incoming().remove(0);
    let base = place.emulator.base();
    let own = ["--session", "session.json"];
    let commands = [
        vec!["whoami"],
        vec!["contacts"],
        vec!["watch", "--save-images", "kept"],
        vec!["login", "--base", &base],
        vec!["send-image", "--to", "filehelper", "a.jpg"],
        vec!["fetch-image", "--force", "--out", "x.png", &id],
        vec!["logout"],
    ];
    thread::scope(|scope| {
        for transport in TRANSPORTS {
            scope.spawn({
                let (place, commands) = (&place, &commands);
                move || {
                    for files in [5, 6, 7, 8, 10] {
                        for command in commands {
                            let args = [command, &own[..], &["--transport", transport]].concat();
                            with_few_files(place, files, &args);
                        }
                    }
                }
            });
        }
        for files in [5, 6, 7, 8, 10, 14] {
            with_few_files(&place, files, &["emulate", "--image", "a.jpg", "--port-file", "port"]);
            with_few_files(&place, files, &["demo"]);
        }
    });
}

#[test]
fn an_emulator_refuses_what_makes_no_sense() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    for (args, word) in [
        (&["--transport", "ureq"][..], "--transport"),
        (&["--timeout", "1"], "--timeout"),
        (&["--retry-wait", "1"], "--retry-wait"),
        (&["--trace", "trace"], "--trace"),
        (&["--deliver-every", "1"], "needs a message"),
        (&["--port-file", "x", "--session-file", "x"], "same file"),
    ] {
        let ran = place.wx(&[&["emulate"], args].concat());
        assert_eq!(ran.code, 2, "{args:?} {}", ran.err);
        assert!(ran.one_line().contains(word), "{}", ran.err);
    }
    place.file("text.jpg", b"just some text");
    place.file("empty.jpg", b"");
    place.file("page.jpg", b"<html>");
    for image in ["text.jpg", "empty.jpg", "page.jpg"] {
        let ran = place.wx(&["emulate", "--image", "a.jpg", "--image", image]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.one_line().contains(&format!("{image}: not a picture")), "{}", ran.err);
    }
    // A file that does not hold the port of an earlier run is kept.
    for text in ["a diary", "123456", "12\n34\n"] {
        place.file("diary", text.as_bytes());
        let ran = place.wx(&["emulate", "--port-file", "diary"]);
        assert_eq!(
            (ran.code, fs::read_to_string(place.path("diary")).unwrap()),
            (1, text.to_owned())
        );
        assert!(ran.one_line().contains("other than a port"), "{}", ran.err);
    }
    for text in ["", "1234\n"] {
        place.file("port", text.as_bytes());
        let child = place.spawn(&["emulate", "--port-file", "port"]);
        wait_until(|| fs::read_to_string(place.path("port")).is_ok_and(|port| port.len() > 5));
        signal(&child, "TERM");
        assert_eq!(place.wait(child).code, 0);
    }
}

#[test]
fn a_code_is_for_its_user_alone_and_replaces_no_file() {
    for name in ["code.svg", "code.png"] {
        let place = Place::new();
        let base = place.emulator.base();
        let login = |more: &[&str]| {
            let args = ["login", "--session", "new.json", "--base", base.as_str(), "--qr", name];
            place.wx(&[&args, more].concat())
        };
        place.file(name, b"a picture of mine");
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o644)).unwrap();
        let ran = login(&[]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(
            ran.one_line().contains(&format!("{name}: exists already; --force")),
            "{}",
            ran.err
        );
        assert_eq!(fs::read(place.path(name)).unwrap(), b"a picture of mine");
        place.assert_silence();
        let mode = || fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((login(&["--force"]).code, mode()), (0, 0o600));
        fs::remove_file(place.path(name)).unwrap();
        assert_eq!((login(&[]).code, mode()), (0, 0o600));
    }
}
