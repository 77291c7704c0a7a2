//! A session from login to logout: login, whoami, contacts, watch, send, logout.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::Duration;

use wx_emulator::{Emulator, Incoming, PhoneStep, Profile};

use crate::login_kept::saved;
use crate::support::{Place, Ran, TRANSPORTS, gif, jpeg, png, send, signal, wait_until};

/// The arguments of a command that uses the session file.
pub(crate) fn about<'a>(command: &'a str, transport: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command, "--session", "session.json", "--transport", transport], more].concat()
}

pub(crate) fn login(place: &Place, transport: &str, more: &[&str]) -> Ran {
    let base = place.emulator.base();
    place.wx(&about("login", transport, &[&["--base", base.as_str()][..], more].concat()))
}

/// Runs `watch`, which saves pictures, and stops it once this many are there.
pub(crate) fn watch(place: &Place, transport: &str, pictures: usize) -> Ran {
    let child = place.spawn(&about("watch", transport, &["--json", "--save-images", "kept"]));
    wait_until(|| kept(place).len() >= pictures);
    // The session is saved after the last picture.
    place.wait_for("webwxsync", 1);
    std::thread::sleep(Duration::from_millis(200));
    signal(&child, "TERM");
    place.wait(child)
}

/// The names of the saved pictures.
pub(crate) fn kept(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.path("kept")).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with(".wx-")).collect();
    names.sort();
    names
}

#[test]
fn from_the_code_to_the_end_with_both_pages_and_both_transports() {
    for transport in TRANSPORTS {
        for (page, to, profile) in
            [("web", "name:Anna", Profile::Web), ("filehelper", "filehelper", Profile::FileHelper)]
        {
            let pictures = [jpeg(9000, 1), png(), gif()];
            let builder = pictures
                .iter()
                .fold(Emulator::builder(), |builder, picture| builder.image(picture.clone()));
            let place = Place::with_emulator(builder.contact("Anna", "").profile(profile));
            fs::remove_file(place.path("session.json")).unwrap();

            let ran = login(&place, transport, &["--profile", page, "--json", "--qr", "code.svg"]);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert_eq!(ran.kinds(), ["code", "scanned", "confirmed", "logged_in"]);
            assert!(fs::read_to_string(place.path("code.svg")).unwrap().contains("<svg"));

            let ran = place.wx(&about("whoami", transport, &["--json"]));
            assert_eq!(
                (ran.code, ran.column("nick_name"), ran.column("profile")),
                (0, vec!["Emulated".into()], vec![page.into()])
            );
            let ran = place.wx(&about("contacts", transport, &[]));
            if page == "web" {
                let has = |line| ran.out.contains(line);
                assert!(has("Anna: @") && has("File Transfer: filehelper"), "{}", ran.out);
            } else {
                assert_eq!((ran.code, ran.out.as_str()), (1, ""));
                let words = "session.json: a login of the File Transfer Helper has no contacts; it";
                assert!(ran.one_line().contains(words), "{}", ran.err);
            }

            let ran = watch(&place, transport, 3);
            assert_eq!(ran.code, 143, "{}", ran.err);
            let name = if page == "web" { "Emulated" } else { "filehelper" };
            let messages = ran.events().into_iter().filter(|event| event["event"] == "message");
            assert!(
                messages
                    .map(|message| message["to_name"].to_string())
                    .all(|to| to.trim_matches('"') == name)
            );
            let ids = place.emulator.incoming();
            for (id, (picture, extension)) in
                ids.iter().zip(pictures.iter().zip(["jpg", "png", "gif"]))
            {
                assert!(
                    fs::read(place.path(&format!("kept/{id}.{extension}"))).unwrap() == *picture
                );
            }
            place.file("a.jpg", &pictures[0]);
            let mut args = send(transport, &["a.jpg"]);
            args[4] = to;
            let ran = place.wx(&args);
            assert_eq!(ran.code, 0, "{}", ran.err);
            assert!(place.emulator.messages()[0].media == pictures[0]);

            assert_eq!(place.wx(&about("logout", transport, &[])).code, 0);
            let ran = place.wx(&about("whoami", transport, &[]));
            assert_eq!(ran.code, 3, "{}", ran.err);
            // The phone is asked to confirm, without a QR code.
            let ran = place.wx(&about("login", transport, &["--push", "--json"]));
            assert_eq!((ran.code, ran.kinds()[0].as_str()), (0, "asked"), "{}", ran.err);
            assert_eq!(place.wx(&about("whoami", transport, &[])).code, 0);
            assert_eq!(place.emulator.violations(), [""; 0]);
        }
    }
}

/// Reads lines until one contains `text`, and returns the process.
fn until(mut child: Child, text: &str) -> Child {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(text)));
    child
}

#[test]
fn a_watch_that_is_killed_neither_loses_nor_repeats_a_picture() {
    for transport in TRANSPORTS {
        let place = Place::with_emulator(Emulator::builder().duplicates(true));
        for round in 0..6 {
            let id = place.emulator.deliver(jpeg(20_000 + round, 7));
            place.emulator.deliver(jpeg(30_000 + round, 8));
            let child =
                place.spawn(&about("watch", transport, &["--json", "--save-images", "kept"]));
            // The process is killed at a different point each time while it handles the first
            // picture.
            let mut child = match round % 3 {
                0 => {
                    place.wait_for(
                        "webwxgetmsgimg",
                        place.emulator.requests_to("webwxgetmsgimg") + 1,
                    );
                    child
                }
                1 => until(child, &id),
                _ => until(child, "fetched"),
            };
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let all = place.emulator.incoming();
        watch(&place, transport, all.len());
        let fetched_before = place.emulator.requests_to("webwxgetmsgimg");
        let mut expected: Vec<_> = all.iter().map(|id| format!("{id}.jpg")).collect();
        expected.sort();
        assert_eq!(kept(&place), expected, "{transport}");
        // The next `watch` finds nothing new.
        let id = place.emulator.deliver(jpeg(100, 9));
        let ran = watch(&place, transport, all.len() + 1);
        assert_eq!(ran.kinds(), ["message", "fetched"], "{}", ran.err);
        assert_eq!(
            (ran.column("msg_id")[0].clone(), place.emulator.requests_to("webwxgetmsgimg")),
            (id, fetched_before + 1)
        );
    }
}

#[test]
fn a_login_that_the_phone_ends_is_exit_3() {
    for transport in TRANSPORTS {
        let place = Place::with_emulator(Emulator::builder().hold(Duration::from_secs(20)));
        let child = place.spawn(&about("watch", transport, &[]));
        place.wait_for("synccheck", 1);
        let second = place.wx(&about("watch", transport, &[]));
        assert_eq!(second.code, 1);
        assert!(
            second.err.contains("session.json: the file is in use by `wx watch` (process "),
            "{}",
            second.err
        );
        place.emulator.log_out();
        let ran = place.wait(child);
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(ran.err.contains("log in again"), "{}", ran.err);
    }
}

#[test]
fn a_picture_that_cannot_be_fetched_does_not_end_the_watch() {
    let place = Place::with_emulator(
        Emulator::builder()
            .fault("ret=1@webwxgetmsgimg#1".parse().unwrap())
            .image(png())
            .image(gif()),
    );
    place.emulator.deliver(Incoming::text("a\u{1b}[2J<br/>b").with("FromUserName", "@@r"));
    let child = place.spawn(&about("watch", "ureq", &["--json", "--save-images", "kept"]));
    wait_until(|| kept(&place).len() == 1);
    std::thread::sleep(Duration::from_millis(300));
    signal(&child, "TERM");
    let ran = place.wait(child);
    assert_eq!(
        ran.kinds()[..5],
        ["message", "failed", "message", "fetched", "message"],
        "{}",
        ran.err
    );
    let ran = place.wx(&about("watch", "ureq", &["--timeout", "1"])
        .iter()
        .copied()
        .chain(["--bad"])
        .collect::<Vec<_>>());
    assert_eq!(ran.code, 2);
}

#[test]
fn hostile_names_reach_neither_the_terminal_nor_a_file_name() {
    let hostile = "\u{1b}[2J../../x\n\u{202e}<b>\u{200b}";
    let place = Place::with_emulator(
        Emulator::builder()
            .contact(hostile, "")
            .contact("Twin", "")
            .contact("Twin", "")
            .contact("Nick", "Twin2"),
    );
    let ran = place.wx(&about("contacts", "ureq", &[]));
    assert_eq!(ran.code, 0);
    assert!(
        ran.out.chars().all(|c| c == '\n' || !c.is_control()) && !ran.out.contains('\u{202e}'),
        "{:?}",
        ran.out
    );
    assert_eq!(ran.out.lines().count(), 3 + 4, "each on a line of its own");
    let ran = place.wx(&about("contacts", "ureq", &["--json"]));
    assert!(ran.column("nick_name").contains(&hostile.to_owned()), "programs get them as they are");
    place.file("a.png", &png());
    let to = |name: &str| {
        let mut args = send("ureq", &["a.png"]);
        args[4] = name;
        place.wx(&args)
    };
    assert_eq!(to(&format!("name:{hostile}")).code, 0);
    assert_eq!(to("name:Twin2").code, 0, "a remark");
    for (name, why) in [
        ("name:Twin", "2 contacts have this name"),
        ("name:Nobody", "no contact has this name"),
        ("name:nick", "no contact"),
    ] {
        let ran = to(name);
        assert_eq!((ran.code, ran.one_line().contains(why)), (1, true), "{}", ran.err);
    }
    assert_eq!(place.emulator.messages().len(), 2);
    assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 2);
}

#[test]
fn codes_are_drawn_and_written() {
    let script = [PhoneStep::Refused, PhoneStep::Expired, PhoneStep::Confirmed];
    let place = Place::with_emulator(Emulator::builder().phone_steps(script));
    let ran = login(&place, "ureq", &["--qr", "code.png"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.err.contains('█')
            && ran.err.contains("refused on the phone")
            && ran.err.contains("the code has expired")
    );
    let code = image::open(place.path("code.png")).unwrap().to_luma8();
    let dark = code.pixels().filter(|pixel| pixel.0[0] == 0).count();
    assert!(code.width() == code.height() && code.width() > 200 && dark > 5000);
    assert_eq!(code.get_pixel(0, 0).0[0], 255, "a quiet border");
    let ran = login(&place, "ureq", &["--qr", "code.bmp"]);
    assert_eq!((ran.code, ran.one_line().contains(".png or .svg")), (2, true));
}

#[test]
fn logins_that_do_not_come_about() {
    for (builder, why) in [
        (
            Emulator::builder()
                .phone_steps([PhoneStep::Confirmed])
                .redirect_to("https://evil.example"),
            "evil.example",
        ),
        (Emulator::builder().fault("ret=1203@webwxnewloginpage".parse().unwrap()), "refused"),
        (Emulator::builder().fault("ret=1100@webwxinit".parse().unwrap()), "log in again"),
        (Emulator::builder().fault("status=404@jslogin".parse().unwrap()), "404"),
    ] {
        let place = Place::with_emulator(builder);
        let before = saved(&place);
        let ran = login(&place, "ureq", &[]);
        assert!(ran.code != 0 && ran.err.contains(why), "{}", ran.err);
        assert!(saved(&place) == before, "the old one stays");
    }
    let place = Place::new();
    for (args, code) in [
        (vec!["--base", "https://example.com"], 2),
        (vec!["--base", "http://example.com"], 2),
        (vec!["--base", "nonsense"], 2),
        (vec!["--push", "--base", "https://wx.qq.com"], 2),
    ] {
        let ran = place.wx(&about("login", "ureq", &args));
        assert_eq!(ran.code, code, "{}", ran.err);
        ran.one_line();
    }
    place.file("session.json", b"not a session");
    assert_eq!(login(&place, "ureq", &[]).code, 1);
    place.assert_silence();
}

#[test]
fn the_session_has_a_place_of_its_own() {
    let place = Place::new();
    let base = place.emulator.base();
    let run = |args: &[&str]| {
        let mut command = place.command(args);
        command
            .env("XDG_STATE_HOME", place.path("state"))
            .env("XDG_DATA_HOME", place.path("state"));
        command.env("HOME", place.path("home")).env("LOCALAPPDATA", place.path("state"));
        command.output().unwrap()
    };
    assert!(run(&["login", "--base", base.as_str()]).status.success());
    assert!(run(&["whoami"]).status.success());
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode =
            |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("state/wx"), mode("state/wx/session.json")), (0o700, 0o600));
    }
    assert_eq!(run(&["logout"]).status.code(), Some(0));
    assert_eq!(run(&["contacts"]).status.code(), Some(3));
}

#[test]
fn a_page_in_the_place_of_a_picture_is_waited_out() {
    let place = Place::with_emulator(
        Emulator::builder().image(png()).fault("html@webwxgetmsgimg#1".parse().unwrap()),
    );
    let ran = watch(&place, "ureq", 1);
    assert_eq!(ran.kinds()[..2], ["message", "fetched"], "{}", ran.err);
}

#[test]
fn a_reader_that_goes_away_ends_the_watch_before_its_messages_are_passed() {
    let place = Place::with_emulator(Emulator::builder().hold(Duration::from_secs(20)));
    let mut child = place.spawn(&about("watch", "ureq", &["--json"]));
    place.wait_for("synccheck", 1);
    drop(child.stdout.take());
    let id = place.emulator.deliver(png());
    wait_until(|| child.try_wait().unwrap().is_some());
    assert_eq!(place.wait(child).code, 1);
    // The next `watch` reports the message.
    let ran = watch(&place, "ureq", 1);
    assert_eq!(ran.column("msg_id")[0], id);
}

#[test]
fn what_is_not_its_own_stays_in_the_directory() {
    let place = Place::with_emulator(Emulator::builder().image(png()));
    for name in [".wx-backup", ".wx-0123456789ab.tmp"] {
        fs::create_dir_all(place.path("kept").join(name)).unwrap();
        fs::write(place.path("kept").join(name).join("picture"), "x").unwrap();
    }
    watch(&place, "reqwest", 1);
    let there = |name: &str| place.path("kept").join(name).exists();
    assert!(there(".wx-backup") && !there(".wx-0123456789ab.tmp"));
}
