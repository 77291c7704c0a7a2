//! `wx doctor`: each answer when all is well, and when it is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use wx_emulator::{Emulator, Profile};
use wx_testing::TestBed;

use crate::support::other_clients::{FORMATS, saved_login};
use crate::support::{Place, Ran, TRANSPORTS, signal};

const CHECKS: [&str; 9] =
    ["file", "lock", "rate_limit", "proxy", "certificates", "host", "clock", "login", "acceptance"];

const DOCTOR: [&str; 3] = ["doctor", "--session", "session.json"];

/// Runs `doctor`, and checks that it has changed nothing.
fn doctor(place: &Place, more: &[&str]) -> Ran {
    let before = (place.names(), fs::read(place.path("session.json")).ok());
    let ran = place.wx(&[&DOCTOR, more].concat());
    assert_eq!((place.names(), fs::read(place.path("session.json")).ok()), before);
    ran
}

/// Returns the status and the line of a check.
fn found<'a>(ran: &'a Ran, check: &str) -> (&'a str, &'a str) {
    let mut lines = ran.out.lines().skip(1).map(|line| (line.split_once(' ').unwrap().0, line));
    let is_it = |(_, line): &(&str, &str)| line.split_whitespace().nth(1) == Some(check);
    lines.find(is_it).unwrap_or_else(|| panic!("no {check}: {ran:?}"))
}

/// Checks the exit code, a check and a part of its line, and that no other check has this status.
fn assert_found(ran: &Ran, code: i32, check: &str, status: &str, words: &str) {
    let (found, line) = found(ran, check);
    assert_eq!((ran.code, found), (code, status), "{ran:?}");
    assert!(line.contains(words), "{line}");
    if status != "ok" {
        let others = ran.out.lines().skip(1).filter(|line| line.starts_with(status));
        assert_eq!(others.count(), 1, "{}", ran.out);
    }
}

#[test]
fn a_login_in_which_all_is_well() {
    for (profile, call) in
        [(Profile::Web, "webwxbatchgetcontact"), (Profile::FileHelper, "synccheck")]
    {
        for transport in TRANSPORTS {
            let builder = Emulator::builder().profile(profile).hold(Duration::from_millis(20));
            let place = Place::with_emulator(builder);
            // The session gets a position, which a synccheck needs.
            assert_eq!(place.wx(&["whoami", "--session", "session.json"]).code, 0);
            let before = place.emulator.requests().len();
            let ran = doctor(&place, &["--transport", transport]);
            assert_eq!((ran.code, &*ran.err), (0, ""), "{ran:?}");
            let mut lines = ran.out.lines();
            let first = format!("wx {}, {} ", env!("CARGO_PKG_VERSION"), std::env::consts::OS);
            assert!(lines.next().unwrap().starts_with(&first), "{}", ran.out);
            assert!(ran.out.contains(&format!("{transport} with rustls")), "{}", ran.out);
            let checks: Vec<_> = lines.map(|line| line.split_whitespace().nth(1)).collect();
            assert_eq!(checks, CHECKS.map(Some));
            for check in CHECKS {
                assert_eq!(found(&ran, check).0, "ok", "{}", ran.out);
            }
            let seen = place.emulator.requests();
            let seen = &seen[before..];
            let asked: Vec<_> = seen.iter().map(|request| request.endpoint.as_str()).collect();
            assert_eq!(asked, ["", call]);
            assert_eq!(place.emulator.violations(), [""; 0]);

            let ran = doctor(&place, &["--transport", transport, "--json"]);
            let (kinds, checks) = (ran.kinds(), ran.column("check"));
            assert_eq!(
                (ran.code, &*kinds[0], &checks[1..]),
                (0, "doctor", &CHECKS.map(str::to_owned)[..])
            );
            assert_eq!(ran.events()[0]["transport"], transport);
        }
    }
}

/// The synccheck of the File Transfer Helper is held while nothing is new.
#[test]
fn p56_a_held_synccheck_is_abandoned() {
    for transport in TRANSPORTS {
        let builder = Emulator::builder().profile(Profile::FileHelper);
        let place = Place::with_emulator(builder.hold(Duration::from_secs(600)));
        assert_eq!(place.wx(&["whoami", "--session", "session.json"]).code, 0);
        let ran = doctor(&place, &["--transport", transport, "--timeout", "0.3"]);
        assert_found(&ran, 0, "acceptance", "ok", "has not refused the login");
    }
}

#[test]
fn a_running_watch_is_named_and_not_disturbed() {
    let place = Place::new();
    assert_found(&doctor(&place, &[]), 0, "lock", "ok", "no process");
    let watch = place.spawn(&["watch", "--session", "session.json"]);
    place.wait_for("synccheck", 1);
    // The watch may save the session at any time.
    let ran = place.wx(&DOCTOR);
    let holder = format!("in use by `wx watch` (process {}); until it has ended", watch.id());
    assert_found(&ran, 0, "lock", "warning", if cfg!(target_os = "linux") { &holder } else { "" });
    signal(&watch, "TERM");
    assert_eq!(place.wait(watch).code, 143);
    assert_found(&doctor(&place, &[]), 0, "lock", "ok", "no process");
}

#[test]
fn what_is_next_to_the_session_is_read() {
    let place = Place::new();
    // Other commands remove what a killed process has left.
    place.file(".wx-0123456789ab.tmp", b"half");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    place.file("session.json.limited", format!("{}\n", now - 5 * 3_600_000).as_bytes());
    let told = "the server said \"too frequent\" (Ret 1205) 5 hours ago; wait";
    assert_found(&doctor(&place, &[]), 0, "rate_limit", "warning", told);
    place.file("session.json.limited", format!("{}\n", now - 25 * 3_600_000).as_bytes());
    assert_found(&doctor(&place, &[]), 0, "rate_limit", "ok", "within a day");

    let session = place.path("session.json");
    fs::set_permissions(&session, fs::Permissions::from_mode(0o640)).unwrap();
    assert_found(&doctor(&place, &[]), 0, "file", "warning", "other users can read");
    assert_eq!(fs::metadata(&session).unwrap().permissions().mode() & 0o777, 0o640);
}

/// Runs `doctor` for the real page, through the proxy that the environment names.
fn away(dir: &std::path::Path, more: &[&str], environment: &[(&str, &str)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wx"));
    command.args(DOCTOR).args(more).current_dir(dir).stdin(Stdio::null());
    let proxies = ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];
    for name in proxies.into_iter().chain(["SSL_CERT_FILE", "SSL_CERT_DIR"]) {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    for private in ["hunter2", "anna", dir.to_str().unwrap()] {
        assert!(!out.contains(private) && !err.contains(private), "{out}{err}");
    }
    Ran { code: output.status.code().unwrap(), bytes: Vec::new(), out, err }
}

#[test]
fn a_file_that_is_missing_or_damaged() {
    let dir = tempfile::tempdir().unwrap();
    for transport in TRANSPORTS {
        for (profile, host) in [("web", "wx.qq.com"), ("filehelper", "filehelper.weixin.qq.com")] {
            // Nothing listens there.
            let proxy = [("HTTPS_PROXY", "http://anna:hunter2@127.0.0.1:1")];
            let more = ["--transport", transport, "--profile", profile];
            let ran = away(dir.path(), &more, &proxy);
            assert_eq!((ran.code, found(&ran, "file").0), (3, "skipped"), "{ran:?}");
            assert!(found(&ran, "login").1.ends_with("nobody is logged in; run `wx login`"));
            let shown =
                "ok       proxy        http://127.0.0.1:1, from HTTPS_PROXY, with a user name";
            assert_eq!(found(&ran, "proxy").1, shown);
            assert_eq!(found(&ran, "host").0, "failed");
            let words = format!("{host}: step proxy: there was no connection to the proxy");
            assert!(found(&ran, "host").1.contains(&words), "{}", ran.out);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }
    let damaged = dir.path().join("session.json");
    fs::write(&damaged, "{}").unwrap();
    fs::set_permissions(&damaged, fs::Permissions::from_mode(0o600)).unwrap();
    let ran = away(dir.path(), &[], &[("ALL_PROXY", "http://127.0.0.1:1")]);
    assert_eq!((ran.code, found(&ran, "file").0), (1, "failed"), "{ran:?}");
    assert_eq!((found(&ran, "login").0, found(&ran, "acceptance").0), ("skipped", "skipped"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_reported_with_2() {
    let dir = tempfile::tempdir().unwrap();
    for transport in TRANSPORTS {
        for (variable, proxy) in
            [("HTTPS_PROXY", "ftp://anna:hunter2@localhost"), ("all_proxy", "http://anna:hunter2@")]
        {
            let ran = away(dir.path(), &["--transport", transport], &[(variable, proxy)]);
            assert_eq!((ran.code, found(&ran, "proxy").0), (2, "failed"), "{ran:?}");
            assert!(found(&ran, "proxy").1.contains(&format!("{variable} names a proxy that")));
            assert_eq!((found(&ran, "host").0, found(&ran, "login").0), ("skipped", "failed"));
        }
    }
}

#[test]
fn p3_the_certificates_under_the_real_host_names() {
    for transport in TRANSPORTS {
        let bed = TestBed::start(Emulator::builder()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let session = dir.path().join("session.json");
        fs::write(&session, bed.emulator().session_json_at("wx2.qq.com")).unwrap();
        fs::set_permissions(&session, fs::Permissions::from_mode(0o600)).unwrap();
        let garbage = dir.path().join("garbage.pem");
        fs::write(&garbage, "not a certificate").unwrap();
        let empty = dir.path().join("empty.pem");
        fs::write(&empty, "").unwrap();
        let (proxy, authority) = (bed.proxy(), bed.authority_file());
        let check = |authority: &std::path::Path| {
            let environment =
                [("https_proxy", proxy.as_str()), ("SSL_CERT_FILE", authority.to_str().unwrap())];
            away(dir.path(), &["--transport", transport], &environment)
        };
        let ran = check(&authority);
        assert_eq!((ran.code, ran.out.matches("ok       ").count()), (0, 9), "{ran:?}");
        assert!(found(&ran, "certificates").1.ends_with("1 from SSL_CERT_FILE"), "{}", ran.out);
        assert!(found(&ran, "host").1.contains("wx2.qq.com replied in "), "{}", ran.out);
        assert_eq!(bed.hosts(), ["wx2.qq.com"]);
        assert_eq!(bed.emulator().violations(), [""; 0]);
        for (authority, words) in [
            (dir.path().join("missing.pem"), "it cannot be read (entity not found); correct"),
            (garbage, "none from SSL_CERT_FILE; correct or unset SSL_CERT_FILE"),
            (empty, "none from SSL_CERT_FILE; correct or unset SSL_CERT_FILE"),
        ] {
            let ran = check(&authority);
            assert_eq!((ran.code, found(&ran, "certificates").0), (1, "failed"), "{ran:?}");
            assert!(found(&ran, "certificates").1.contains(words), "{}", ran.out);
            assert_ne!(found(&ran, "host").0, "ok");
        }
        // The certificate of another test bed.
        let other = TestBed::start(Emulator::builder()).unwrap();
        let ran = check(&other.authority_file());
        assert_found(&ran, 1, "host", "failed", "wx2.qq.com: step certificate: ");
        assert_eq!(bed.emulator().requests().len(), 2, "nothing is sent then");
    }
}

#[test]
fn a_host_with_problems() {
    for (fault, words) in [
        ("status=503@/", "127.0.0.1: step reply: the server answered with status 503"),
        ("redirect=https://portal.example/@/", "step reply: the server answered with a redirect"),
        ("drop=before@/", "step reply: "),
        ("delay=600000@/", "step reply: "),
    ] {
        for transport in TRANSPORTS {
            let place = Place::with(&[fault]);
            let ran = doctor(&place, &["--transport", transport, "--timeout", "0.2"]);
            assert_found(&ran, 1, "host", "failed", words);
            // The server is asked unless somebody else may have replied.
            let asked = match fault.starts_with("status") {
                true => ("ok", 2),
                false => ("skipped", 1),
            };
            let acceptance = found(&ran, "acceptance").0;
            assert_eq!((acceptance, place.emulator.requests().len()), asked, "{fault}");
        }
    }
}

#[test]
fn a_clock_that_is_wrong() {
    for (ahead, code, status, words) in [
        (-3600, 0, "warning", "s ahead of the server's; set this computer's clock"),
        (3600, 0, "warning", "s behind the server's; set this computer's clock"),
        (-50_000, 1, "failed", "s ahead of the server's; set this computer's clock"),
        (50_000, 1, "failed", "s behind the server's; set this computer's clock"),
        (20, 0, "ok", "s behind the server's"),
    ] {
        let place = Place::with_emulator(Emulator::builder().clock_ahead(ahead));
        assert_found(&doctor(&place, &[]), code, "clock", status, words);
    }
}

#[test]
fn p49_p103_a_login_that_ends_or_is_over() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let place = Place::new();
    let ends = |at: u64| {
        place.session(|session| {
            for cookie in session["cookies"].as_array_mut().unwrap() {
                cookie["expires"] = Value::from(at);
            }
            session["synced_at"] = Value::from(now - 43_200 + 1000);
        });
    };
    ends(now + 3 * 3600);
    assert_found(&doctor(&place, &[]), 0, "login", "ok", "ends in 2 h 59 min (");
    ends(now + 1000);
    let ran = doctor(&place, &[]);
    assert_found(&ran, 0, "login", "warning", "ends in 16 min (");
    assert!(found(&ran, "login").1.contains("), renewed 11 h 43 min ago; receive"), "{}", ran.out);
    let requests = place.emulator.requests().len();
    ends(now - 60);
    let ran = doctor(&place, &[]);
    assert_found(&ran, 3, "login", "failed", "has been over since");
    assert_eq!(found(&ran, "acceptance").0, "skipped");
    assert_eq!(place.emulator.requests().len(), requests + 1, "the login is not used");

    for transport in TRANSPORTS {
        for profile in [Profile::Web, Profile::FileHelper] {
            let place = Place::with_emulator(Emulator::builder().profile(profile));
            assert_eq!(place.wx(&["whoami", "--session", "session.json"]).code, 0);
            place.emulator.log_out();
            let ran = doctor(&place, &["--transport", transport]);
            assert_found(
                &ran,
                3,
                "acceptance",
                "failed",
                "(login no longer valid); run `wx login`",
            );
            assert_eq!(found(&ran, "login").0, "ok");
        }
        let place = Place::with(&["ret=1101@webwxbatchgetcontact"]);
        let ran = doctor(&place, &["--transport", transport, "--json"]);
        let last = ran.events().pop().unwrap();
        assert_eq!((ran.code, &last["advice"]), (3, &Value::from("login_again")), "{last}");
    }
}

/// The other client's file is easily taken for a session file.
#[test]
fn the_login_of_another_client_is_recognised() {
    let place = Place::new();
    let session = serde_json::from_str(&place.emulator.session_json()).unwrap();
    for (name, _) in FORMATS {
        place.file("session.json", saved_login(name, &session).to_string().as_bytes());
        let words = "it is the login of another client: `wx import` reads it";
        let (status, line) = (doctor(&place, &[]), doctor(&place, &["--json"]).events());
        assert!(status.code == 1 && found(&status, "file").1.ends_with(words), "{status:?}");
        assert_eq!((&line[1]["check"], &line[1]["next"]), (&"file".into(), &words.into()));
        let ran = place.wx(&["whoami", "--session", "session.json"]);
        assert!(ran.code == 1 && ran.one_line().ends_with(words), "{}", ran.err);
    }
}

#[test]
fn a_signal_ends_it() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=600000@/"]);
        let child = place.spawn(&[&DOCTOR[..], &["--transport", transport]].concat());
        place.wait_for("", 1);
        signal(&child, "INT");
        let ran = place.wait(child);
        assert_eq!((ran.code, &*ran.out), (130, ""), "{ran:?}");
        assert_eq!(ran.one_line(), "wx: session.json: interrupted");
    }
}
