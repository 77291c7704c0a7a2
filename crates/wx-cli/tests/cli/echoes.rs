//! A server that repeats the secrets of the login in its replies wherever it can.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use wx_emulator::{Emulator, Incoming};

use crate::odd_bytes::watch;
use crate::support::other_clients::{FORMATS, saved_login};
use crate::support::{Place, Ran, TRANSPORTS, jpeg};

const SPELLINGS: [&str; 6] = ["plain", "percent", "percent-twice", "html", "json", "base64"];
const ECHOING: [&str; 6] = [
    "webwxinit",
    "webwxgetcontact",
    "webwxbatchgetcontact",
    "webwxsync",
    "webwxuploadmedia#3",
    "webwxsendmsgimg",
];
/// Cookies whose first characters reveal nothing.
const NO_SECRETS: [&str; 2] = ["wxloadtime", "mm_lang"];

fn echoing(spelling: &str) -> Place {
    let builder = ECHOING.iter().fold(Emulator::builder(), |builder, call| {
        builder.fault(format!("echo={spelling}@{call}").parse().unwrap())
    });
    Place::with_emulator(builder.contact("Anna", "Anna").hold(std::time::Duration::from_millis(20)))
}

/// The secrets of the login and of the steps that led to it, in every encoding.
fn secrets(place: &Place) -> BTreeSet<String> {
    let session: Value = serde_json::from_str(&place.emulator.session_json()).unwrap();
    let named = ["sid", "skey", "pass_ticket"].map(|key| &session[key]);
    let cookies = session["cookies"].as_array().unwrap().iter();
    let cookies = cookies.filter(|cookie| !NO_SECRETS.contains(&cookie["name"].as_str().unwrap()));
    let values = named.into_iter().chain(cookies.map(|cookie| &cookie["value"]));
    let mut secrets: BTreeSet<_> = values.map(|value| value.as_str().unwrap().to_owned()).collect();
    secrets.insert(session["uin"].to_string());
    // The server has renewed the skey.
    let saved: Value =
        serde_json::from_slice(&fs::read(place.path("session.json")).unwrap()).unwrap();
    secrets.insert(saved["skey"].as_str().unwrap().to_owned());
    for request in place.emulator.requests() {
        let query = request.target.split_once('?').map_or("", |(_, query)| query).to_owned();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let told = pairs.filter(|(name, _)| ["uuid", "ticket"].contains(name));
        secrets.extend(told.map(|(_, value)| value.replace("%3D", "=").replace("%40", "@")));
    }
    secrets.iter().flat_map(|secret| SPELLINGS.map(|spelling| spelled(secret, spelling))).collect()
}

fn spelled(secret: &str, spelling: &str) -> String {
    let marks = |text: &str, with: fn(u32) -> String| -> String {
        let write =
            |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { with(c.into()) };
        text.chars().map(write).collect()
    };
    let percent = |text: &str| marks(text, |mark| format!("%{mark:02X}"));
    match spelling {
        "percent" => percent(secret),
        "percent-twice" => percent(&percent(secret)),
        "html" => marks(secret, |mark| format!("&#{mark};")),
        "json" => marks(secret, |mark| format!("\\u{mark:04x}")),
        "base64" => base64(secret.as_bytes()),
        _ => secret.to_owned(),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let of = |three: &[u8]| {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        let digits = (0..=three.len())
            .map(move |at| char::from(DIGITS[(bits >> (18 - 6 * at) & 63) as usize]));
        digits.collect::<String>()
    };
    bytes.chunks(3).map(of).collect()
}

/// Checks that neither the output nor the names and contents of the written files contain the first
/// eight characters of a secret.
fn assert_nothing_is_shown(place: &Place, ran: &Ran) {
    let mut shown = format!("{}\n{}", ran.out, ran.err);
    let kept = fs::read_dir(place.path("kept")).into_iter().flatten();
    let kept = kept.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    place.names().into_iter().chain(kept).for_each(|name| shown += &format!("\n{name}"));
    shown += &fs::read_to_string(place.path("trace")).unwrap_or_default();
    let shown = without_media_ids(&shown);
    for secret in secrets(place) {
        assert!(!shown.contains(&secret[..8]), "{secret}: {shown}");
    }
}

/// A MediaId begins like the skey of its login, but is longer.
fn without_media_ids(text: &str) -> String {
    let mut parts = text.split("@crypt_");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_hexdigit() && c != '_').unwrap_or(part.len());
        let (mark, from) = if end > 100 { ("", end) } else { ("@crypt_", 0) };
        shown.extend([mark, &part[from..]]);
    }
    shown
}

/// Runs a command, and searches everything that it prints.
fn checked(place: &Place, transport: usize, command: &str, more: &[&str]) -> Ran {
    let args =
        [command, "--session", "session.json", "--transport", TRANSPORTS[transport % 2], "-v"];
    let ran = place.wx(&[&args, more].concat());
    let ran = Ran { out: without_link(&ran.out), ..ran };
    assert_nothing_is_shown(place, &ran);
    ran
}

#[test]
fn no_secret_of_a_login_is_shown_while_it_is_made() {
    for (at, spelling) in SPELLINGS.into_iter().enumerate() {
        let place = echoing(spelling);
        fs::remove_file(place.path("session.json")).unwrap();
        let base = place.emulator.base();
        let ran = checked(&place, at, "login", &["--base", &base, "--json", "--trace", "trace"]);
        assert_eq!((ran.code, ran.kinds().pop().unwrap()), (0, "logged_in".into()), "{}", ran.err);
        assert!(ran.out.contains('…'), "{}", ran.out);
    }
}

#[test]
fn p101_no_secret_of_an_imported_login_is_shown() {
    for (at, spelling) in SPELLINGS.into_iter().enumerate() {
        let place = echoing(spelling);
        fs::remove_file(place.path("session.json")).unwrap();
        let session = serde_json::from_str(&place.emulator.session_json()).unwrap();
        let (name, _) = FORMATS[at % FORMATS.len()];
        let before = saved_login(name, &session).to_string();
        place.file(name, before.as_bytes());
        let ran = checked(&place, at, "import", &[name, "--json", "--trace", "trace"]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["imported".to_owned()]), "{}", ran.err);
        assert!(ran.out.contains('…'), "{}", ran.out);
        assert_eq!(fs::read_to_string(place.path(name)).unwrap(), before);
    }
}

#[test]
fn no_beginning_of_a_secret_is_shown_wherever_it_is_sent_back() {
    for (at, spelling) in SPELLINGS.into_iter().enumerate() {
        let place = echoing(spelling);
        let run = |command: &str, more: &[&str]| checked(&place, at, command, more);
        for json in [&[][..], &["--json"]] {
            // The server also renews the skey.
            place.session(|_| ());
            let ran = run("whoami", json);
            assert!(ran.code == 0 && ran.out.contains('…'), "{ran:?}");
            assert_eq!(run("doctor", json).code, 0);
            let ran = run("contacts", json);
            assert!(ran.code == 0 && ran.out.contains("Anna…"), "{ran:?}");
            place.session(|_| ());
            place.emulator.deliver(Incoming::text("hello "));
            place.emulator.deliver(Incoming::file("list ", "1,2"));
            let ran = watch(&place, TRANSPORTS[at % 2], json);
            assert!(ran.out.contains("hello …") && ran.out.contains("list …"), "{ran:?}");
            assert_nothing_is_shown(&place, &ran);
            place.file("a.jpg", &jpeg(2000, 1));
            let ran = run("send-image", &[json, &["--to", "filehelper", "a.jpg"]].concat());
            assert!(ran.code == 0 && ran.out.contains('…'), "{ran:?}");
        }
        let ran = run("send-image", &["--json", "--to", "filehelper", "a.jpg"]);
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.column("media_id")[0].contains('…'), "{ran:?}");
    }
}

/// Only a caller that asked for JSON events gets the link of the QR code.
fn without_link(out: &str) -> String {
    let shown = out.lines().filter(|line| !line.contains(r#""event":"code""#));
    shown.map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_number_is_no_way_round() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(2000, 1));
    let session: Value = serde_json::from_str(&place.emulator.session_json()).unwrap();
    place.emulator.add_fault(format!("ret={}@webwxsendmsgimg", session["uin"]).parse().unwrap());
    let args = ["send-image", "--session", "session.json", "--to", "filehelper", "--json", "-v"];
    let ran = place.wx(&[&args[..], &["--trace", "trace", "a.jpg"]].concat());
    assert_eq!((ran.code, ran.column("ret")), (1, vec!["null".to_owned()]), "{}", ran.err);
    assert_nothing_is_shown(&place, &ran);
    let fault = format!("ret={}@webwxbatchgetcontact", session["uin"]);
    place.emulator.add_fault(fault.parse().unwrap());
    for json in [&[][..], &["--json"]] {
        let ran = checked(&place, 0, "doctor", json);
        assert!(ran.code == 1 && ran.out.contains("Ret …"), "{ran:?}");
    }
}

#[test]
fn a_picture_is_not_named_by_a_secret() {
    let place = Place::with_emulator(Emulator::builder());
    let uin = place.emulator.session_json();
    let uin = serde_json::from_str::<Value>(&uin).unwrap()["uin"].to_string();
    place.emulator.deliver(Incoming::image(jpeg(2000, 1)).with("MsgId", uin.as_str()));
    for _ in 0..2 {
        let ran = watch(&place, "ureq", &["--json", "--save-images", "kept"]);
        assert_nothing_is_shown(&place, &ran);
        place.session(|_| ());
    }
    let names: Vec<_> =
        fs::read_dir(place.path("kept")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(
        names.iter().filter(|name| name.to_string_lossy() == "….jpg").count(),
        1,
        "{names:?}"
    );
}

#[test]
fn a_path_that_the_user_named_after_the_account_stays() {
    let place = Place::new();
    let session: Value = serde_json::from_str(&place.emulator.session_json()).unwrap();
    let name = format!("of-{}.json", session["uin"]);
    // Not run by `place.wx`, which would refuse the number: here, it is meant to be shown.
    let output = place.command(&["whoami", "--session", &name]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains(&name), "{output:?}");
    fs::rename(place.path("session.json"), place.path(&name)).unwrap();
    place.emulator.log_out();
    let output = place.command(&["whoami", "--session", &name]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains(&name), "{output:?}");
}
