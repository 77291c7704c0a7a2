//! Logins that other clients have saved.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use wx_emulator::{Emulator, Incoming, Profile};

use crate::life::about;
use crate::login_kept::saved;
use crate::support::other_clients::{FORMATS, saved_login};
use crate::support::{Place, Ran, TRANSPORTS, signal};

/// Replaces the session file by the file of another client.
fn place(name: &str, profile: Profile, faults: &[&str]) -> Place {
    let builder = Emulator::builder().profile(profile);
    let builder = faults.iter().fold(builder, |all, one| all.fault(one.parse().unwrap()));
    let place = Place::with_emulator(builder);
    write(&place, name, |_| ());
    fs::remove_file(place.path("session.json")).unwrap();
    place
}

/// Writes the file of another client with a changed login.
fn write(place: &Place, name: &str, change: impl FnOnce(&mut Value)) {
    let mut session = serde_json::from_str(&place.emulator.session_json()).unwrap();
    change(&mut session);
    place.file(name, saved_login(name, &session).to_string().as_bytes());
}

fn import(place: &Place, transport: &str, file: &str, more: &[&str]) -> Ran {
    place.wx(&about("import", transport, &[&[file], more].concat()))
}

/// What must not change about the file of another client.
fn state(path: &Path) -> (Vec<u8>, SystemTime, u32) {
    let meta = fs::metadata(path).unwrap();
    (fs::read(path).unwrap(), meta.modified().unwrap(), meta.permissions().mode())
}

#[test]
fn p100_p101_the_login_of_every_client_moves_in() {
    for (at, (name, client)) in FORMATS.into_iter().enumerate() {
        let transport = TRANSPORTS[at % 2];
        let profile = if name == "state.json" { Profile::FileHelper } else { Profile::Web };
        let place = place(name, profile, &[]);
        // The file can be read only, and was not changed for a while.
        let path = place.path(name);
        let file = fs::File::open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        let before = state(&path);

        let ran = import(&place, transport, name, &["--json"]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["imported".to_owned()]), "{}", ran.err);
        let event = &ran.events()[0];
        let page = if profile == Profile::Web { "web" } else { "filehelper" };
        assert_eq!((&event["client"], &event["profile"]), (&client.into(), &page.into()));
        assert_eq!(event["nick_name"], "Emulated");
        assert!(ran.err.contains(&format!("stop {client} first")), "{}", ran.err);
        assert!(state(&path) == before, "{name} was changed");
        let meta = fs::metadata(place.path("session.json")).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        assert_eq!(place.names(), [name]);
        assert_eq!(place.emulator.requests_to("webwxinit"), 1);

        let ran = import(&place, transport, name, &[]);
        assert!(ran.out.starts_with(&format!("imported the login of {client}: Emulated (@")));
        assert!(!saved(&place).awaits_init());
        assert_eq!(place.wx(&about("whoami", transport, &[])).code, 0);
        let args = about("send", transport, &["--to", "filehelper", "--text", "moved"]);
        assert_eq!(place.wx(&args).code, 0);
        assert_eq!(place.emulator.messages()[0].text, "moved");
        // The DeviceID of this client has another form than the one of the official page.
        let violations = place.emulator.violations();
        let is_expected =
            |violation: &String| name == "state.json" && violation.contains("DeviceID");
        assert!(violations.iter().all(is_expected), "{violations:?}");
    }
}

/// The pages differ in what they can do, so a login of one must not replace a login of another.
#[test]
fn p100_a_login_of_another_page_is_replaced_only_by_force() {
    let place = place("storage.json", Profile::Web, &[]);
    let other = Emulator::builder().profile(Profile::FileHelper).start().unwrap();
    place.file("session.json", other.session_json().as_bytes());
    let before = fs::read(place.path("session.json")).unwrap();
    let ran = import(&place, "ureq", "storage.json", &[]);
    let words = "session.json: holds a login of another page (filehelper); choose";
    assert!(ran.code == 1 && ran.one_line().contains(words), "{}", ran.err);
    assert!(fs::read(place.path("session.json")).unwrap() == before);
    place.assert_silence();
    let ran = import(&place, "ureq", "storage.json", &["--force"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[test]
fn p100_messages_that_were_queued_for_the_other_client_are_received() {
    for (at, (name, _)) in FORMATS.into_iter().enumerate() {
        let transport = TRANSPORTS[at % 2];
        let place = Place::new();
        place.emulator.deliver(Incoming::text("received by the other client"));
        let once = about("watch", transport, &["--once", "--json"]);
        assert_eq!(
            place.wx(&once).column("content").last().unwrap(),
            "received by the other client"
        );
        let session: Value =
            serde_json::from_slice(&fs::read(place.path("session.json")).unwrap()).unwrap();
        write(&place, name, |login| login["sync_key"] = session["sync_key"].clone());
        fs::remove_file(place.path("session.json")).unwrap();
        place.emulator.deliver(Incoming::text("queued"));

        // An empty skey is renewed, like after a reload of the page.
        let mut file: Value = serde_json::from_slice(&fs::read(place.path(name)).unwrap()).unwrap();
        for field in ["/skey", "/PROP/skey", "/BaseRequest/Skey"] {
            file.pointer_mut(field).into_iter().for_each(|skey| *skey = "".into());
        }
        place.file(name, file.to_string().as_bytes());
        assert_eq!(import(&place, transport, name, &[]).code, 0);
        let imported: Value =
            serde_json::from_slice(&fs::read(place.path("session.json")).unwrap()).unwrap();
        assert_eq!(imported["sync_key"], session["sync_key"], "{name}");
        let own: Value = serde_json::from_str(&place.emulator.session_json()).unwrap();
        assert_eq!(imported["skey"], own["skey"], "{name}");
        assert_eq!(place.wx(&once).column("content"), ["queued"], "{name}");
    }
}

#[test]
fn p100_a_login_that_is_over_or_cannot_be_checked_is_not_saved() {
    for (transport, (fault, code)) in TRANSPORTS.into_iter().cycle().zip([
        ("ret=1101@webwxinit", 3),
        ("ret=1100@webwxinit", 3),
        ("ret=1@webwxinit", 1),
        ("status=403@webwxinit", 1),
        ("html@webwxinit#1", 0),
    ]) {
        let place = place("storage.json", Profile::Web, &[fault]);
        let before = state(&place.path("storage.json"));
        let ran = import(&place, transport, "storage.json", &["--json"]);
        assert_eq!(ran.code, code, "{fault}: {}", ran.err);
        assert_eq!(ran.err.contains("wx: storage.json: "), code != 0, "{}", ran.err);
        assert_eq!(place.path("session.json").exists(), code == 0, "{fault}");
        assert!(state(&place.path("storage.json")) == before);
        assert_eq!(place.names(), ["storage.json"]);
        assert!(place.emulator.is_logged_in());
        if code == 0 {
            continue;
        }
        // Nor does it replace an earlier login of the same account.
        place.session(|_| ());
        let before = state(&place.path("session.json"));
        assert_eq!(import(&place, transport, "storage.json", &["--force"]).code, code);
        assert!(state(&place.path("session.json")) == before, "{fault}");
    }
    // Cookies that have expired are not sent, and without them there is no login.
    let place = place("state.json", Profile::FileHelper, &[]);
    let mut file: Value =
        serde_json::from_slice(&fs::read(place.path("state.json")).unwrap()).unwrap();
    file["cookies"][0]["expires"] = 1_770_043_200.into();
    place.file("state.json", file.to_string().as_bytes());
    let ran = import(&place, "ureq", "state.json", &[]);
    assert!(ran.code == 3 && ran.err.contains("has been over since"), "{}", ran.err);
    assert!(!place.path("session.json").exists());
    place.assert_silence();
}

#[test]
fn p100_a_signal_during_the_check_saves_nothing() {
    let place = place("storage.json", Profile::Web, &["delay=60000@webwxinit"]);
    let child = place.spawn(&about("import", "ureq", &["storage.json"]));
    place.wait_for("webwxinit", 1);
    signal(&child, "INT");
    assert_eq!(place.wait(child).code, 130);
    assert_eq!(place.names(), ["storage.json"]);
    assert!(!place.path("session.json").exists() && place.emulator.is_logged_in());
}

#[test]
fn an_import_replaces_no_other_login_unasked() {
    let place = place("storage.json", Profile::Web, &[]);
    let refused = |words: &str| {
        let before = fs::read(place.path("session.json")).unwrap();
        let ran = import(&place, "ureq", "storage.json", &[]);
        assert!(ran.code == 1 && ran.one_line().contains(words), "{words}: {}", ran.err);
        assert_eq!(fs::read(place.path("session.json")).unwrap(), before);
    };
    // A real login, of whatever account, is not replaced by a login to an emulator.
    place.session(|session| session["base"] = "https://wx.qq.com".into());
    refused("session.json: holds a real login; choose another --session");
    place.file("session.json", b"dear diary");
    refused("session.json: not a session of an emulator");
    place.assert_silence();
    assert_eq!(import(&place, "ureq", "storage.json", &["--force"]).code, 0);
    // The login of another account to an emulator gives way.
    place.session(|session| session["uin"] = 7.into());
    assert_eq!(import(&place, "ureq", "storage.json", &[]).code, 0);
    place.session(|session| session["later"] = "kept".into());
    assert_eq!(import(&place, "ureq", "storage.json", &[]).code, 0);
    assert!(
        fs::read_to_string(place.path("session.json")).unwrap().contains("\"later\": \"kept\"")
    );

    let child = place.spawn(&["watch", "--session", "session.json"]);
    place.wait_for("synccheck", 1);
    let ran = import(&place, "ureq", "storage.json", &["--force"]);
    assert!(ran.code == 1 && ran.err.contains("in use by `wx watch`"), "{}", ran.err);
    signal(&child, "TERM");
    place.wait(child);
}

#[test]
fn p99_what_cannot_be_imported_is_named() {
    let place = place("storage.json", Profile::Web, &[]);
    let own = place.emulator.session_json();
    let storage = fs::read_to_string(place.path("storage.json")).unwrap();
    let pickle =
        b"\x80\x04\x95\x1a\0\0\0\0\0\0\0\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x02id";
    for (bytes, code, words) in [
        (&pickle[..], 3, "a Python pickle, as itchat and wxpy save it"),
        (b"(dp0\nS'version'\n", 3, "scan the code once: `wx login`"),
        (b"itchat - DELETE THIS", 3, "only a placeholder"),
        (own.as_bytes(), 1, "this is already a session file; use it with --session"),
        (
            b"",
            1,
            "not a saved login that can be read; those of openwechat (storage.json), wechat4u",
        ),
        (b"dear diary", 1, "wx-filehelper-api (state.json) can; otherwise log in"),
        (&storage.as_bytes()[..storage.len() - 1], 1, "not a complete JSON object"),
        (b"{\"PROP\":{\"uin\":\"\",\"sid\":\"\"},\"CONF\":{}}", 3, "wechat4u was not logged in"),
        (&[b' '; 4 * 1024 * 1024 + 1], 1, "more than 4194304 bytes"),
    ] {
        place.file("file", bytes);
        for json in [&[][..], &["--json"]] {
            let ran = import(&place, "ureq", "file", json);
            assert_eq!(ran.code, code, "{words}: {}", ran.err);
            assert!(ran.one_line().starts_with("wx: file: "), "{}", ran.err);
            assert!(ran.err.contains(words), "{words}: {}", ran.err);
            assert_eq!(ran.kinds().len(), json.len());
        }
    }
    fs::create_dir(place.path("dir")).unwrap();
    assert!(Command::new("mkfifo").arg(place.path("fifo")).status().unwrap().success());
    for (file, words) in [
        ("none.json", "none.json: No such file"),
        ("dir", "dir: is a directory"),
        ("fifo", "fifo: is not a regular file"),
    ] {
        let ran = import(&place, "ureq", file, &[]);
        assert!(ran.code == 1 && ran.one_line().contains(words), "{}", ran.err);
    }
    place.assert_silence();
    assert!(!place.path("session.json").exists());
}

#[test]
fn p101_the_file_to_import_is_never_the_session_file() {
    let place = place("storage.json", Profile::Web, &[]);
    std::os::unix::fs::symlink("storage.json", place.path("link.json")).unwrap();
    let before = state(&place.path("storage.json"));
    for (file, session) in [
        ("storage.json", "storage.json"),
        ("link.json", "storage.json"),
        ("storage.json", "link.json"),
        ("./storage.json", "storage.json"),
    ] {
        let ran = place.wx(&["import", file, "--session", session, "--force"]);
        assert!(ran.code == 1 && ran.err.contains("is also the session file"), "{}", ran.err);
    }
    assert!(state(&place.path("storage.json")) == before);
    place.assert_silence();
    // What another program writes can be imported without a file.
    let login = fs::read(place.path("storage.json")).unwrap();
    let ran = place.wx_with_input(&about("import", "reqwest", &["-"]), &login);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let ran = place.wx_with_input(&about("import", "ureq", &["-"]), b"x");
    assert!(ran.code == 1 && ran.one_line().starts_with("wx: standard input: "), "{}", ran.err);
}
