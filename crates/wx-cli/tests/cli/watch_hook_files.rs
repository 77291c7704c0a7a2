//! The files in which `watch` stores the messages whose command has failed.

use std::fs;

use serde_json::Value;
use wx_emulator::Incoming;

use crate::life::about;
use crate::support::{Place, jpeg};
use crate::watch_hooks::{LOG, age, deliver, hook, log, once, place, queue};

#[test]
fn what_is_remembered_holds_no_secret() {
    let place = place();
    let session: Value = serde_json::from_str(&place.emulator.session_json()).unwrap();
    let (skey, uin) = (session["skey"].as_str().unwrap(), session["uin"].to_string());
    place.emulator.deliver(Incoming::text(skey).with("MsgId", uin.as_str()));
    place.emulator.deliver(Incoming::file(format!("{skey}.txt"), &b"a file"[..]));
    let more = ["--once", "--json", "--save", "kept"];
    let ran = place.wx(&hook("ureq", &more, "cat >&2; false"));
    assert_eq!(ran.kinds(), ["message", "failed", "message", "fetched", "failed"]);
    assert_eq!(queue(&place).len(), 2);
    place.assert_no_secret_in("session.json.hooks");
}

#[test]
fn a_queue_that_cannot_be_used_is_refused_before_waiting() {
    for name in ["session.json.hooks", "session.json.hooks.failed"] {
        let place = place();
        place.file(name, b"dear diary");
        deliver(&place, &["first"]);
        let ran = place.wx(&hook("ureq", &[], LOG));
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        let words = format!("{name}: does not hold messages whose command has failed; move");
        assert!(ran.one_line().contains(&words), "{}", ran.err);
        assert_eq!(fs::read(place.path(name)).unwrap(), b"dear diary");
        place.assert_silence();
        // It belongs to the command. Without one, it is left alone.
        assert_eq!(place.wx(&about("watch", "ureq", &["--once"])).code, 0);
    }
}

/// A failure that cannot be remembered must not be forgotten.
#[test]
fn a_failure_that_cannot_be_stored_ends_the_watch_before_the_session_moves() {
    let place = place();
    deliver(&place, &["first"]);
    // The command puts a directory where the queue would be.
    let script = format!("{LOG}; mkdir session.json.hooks; false");
    let ran = once(&place, "ureq", &script);
    // The failure of the command, and that of the watch.
    assert_eq!(
        (ran.code, ran.kinds()),
        (1, ["message", "failed", "failed"].map(str::to_owned).to_vec())
    );
    assert!(ran.err.contains("session.json.hooks cannot be written: "), "{}", ran.err);
    fs::remove_dir(place.path("session.json.hooks")).unwrap();
    assert_eq!(once(&place, "ureq", LOG).code, 0);
    assert_eq!(log(&place), ["first", "first"]);
}

#[test]
fn a_path_is_set_only_while_its_file_is_there() {
    let place = place();
    let id = place.emulator.deliver(jpeg(2000, 1));
    let script = "echo ${WX_PATH-unset} >>log; false";
    place.wx(&hook("ureq", &["--once", "--save", "kept"], script));
    let saved = fs::canonicalize(place.path("kept")).unwrap().join(format!("{id}.jpg"));
    // The command of the later start is run, and that of the earlier one is not.
    let again = |script: &str| {
        age(&place, 6 * 3600);
        place.wx(&hook("ureq", &["--timeout-idle", "0.1", "--json"], script))
    };
    again(script);
    fs::remove_file(&saved).unwrap();
    let ran = again("echo ${WX_PATH-gone} >>log; false");
    assert_eq!(log(&place), [saved.to_str().unwrap(), saved.to_str().unwrap(), "gone"]);
    let words = format!("{id}: {} is gone; the command is run without WX_PATH", saved.display());
    assert!(ran.err.contains(&words), "{}", ran.err);
    assert_eq!(ran.events()[0]["path"], Value::Null);
}

#[test]
fn messages_of_another_account_are_not_handed_over() {
    let place = place();
    deliver(&place, &["first"]);
    once(&place, "ureq", "false");
    age(&place, 60);
    let before = place.emulator.requests().len();
    place.session(|session| session["uin"] = 7.into());
    let ran = place.wx(&hook("ureq", &[], LOG));
    assert_eq!((ran.code, log(&place)), (1, Vec::new()), "{}", ran.err);
    let words = "session.json.hooks: holds messages of another account; move the file away";
    assert!(ran.one_line().contains(words), "{}", ran.err);
    assert_eq!(place.emulator.requests().len(), before);
    // A new login of the same account is none.
    place.session(|_| ());
    let ran = place.wx(&hook("ureq", &["--timeout-idle", "0.1"], LOG));
    assert_eq!((ran.code, log(&place)), (0, vec!["first".to_owned()]), "{}", ran.err);
}

#[test]
fn a_logout_keeps_only_the_messages_that_wait_for_the_command() {
    let place = place();
    deliver(&place, &["first", "second"]);
    once(&place, "ureq", "grep second && kill -9 $PPID; true");
    assert_eq!(place.names(), ["session.json.hooks"], "of the messages that were handled");
    let logout = |place: &Place| {
        let ran = place.wx(&about("logout", "ureq", &[]));
        assert_eq!((ran.code, ran.out.as_str()), (0, "logged out\n"), "{}", ran.err);
        ran
    };
    assert!(logout(&place).err.lines().count() <= 1);
    assert_eq!(place.names(), [""; 0]);

    let place = self::place();
    deliver(&place, &["first", "second"]);
    once(&place, "ureq", "false");
    let words = "session.json.hooks: keeps the messages for which the command of watch has \
                 failed, with their texts: 2; delete it to give them up";
    let ran = logout(&place);
    assert!(ran.one_line().contains(words), "{}", ran.err);
    assert_eq!(queue(&place).len(), 2);
}
