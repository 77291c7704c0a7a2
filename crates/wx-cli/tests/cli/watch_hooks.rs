//! The command that `watch` runs for each message.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;
use wx_emulator::{Emulator, Incoming};

use crate::life::about;
use crate::support::{Place, Ran, TRANSPORTS, jpeg, signal, wait_until};

fn place() -> Place {
    Place::with_emulator(Emulator::builder().hold(Duration::from_millis(50)))
}

/// The arguments that run a script for each message of the next batch.
fn hook<'a>(transport: &'a str, more: &[&'a str], script: &'a str) -> Vec<&'a str> {
    about("watch", transport, &[more, &["--", "sh", "-c", script]].concat())
}

fn once(place: &Place, transport: &str, script: &str) -> Ran {
    place.wx(&hook(transport, &["--once", "--json"], script))
}

/// Appends the text of the message to `log`.
const LOG: &str = r#"sed 's/.*"content":"\([^"]*\)".*/\1/' >>log"#;

fn log(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.path("log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn deliver(place: &Place, texts: &[&str]) {
    texts.iter().for_each(|text| drop(place.emulator.deliver(Incoming::text(*text))));
}

/// Returns the messages whose command has failed, and how often.
fn queue(place: &Place) -> Vec<(String, u64)> {
    let Ok(text) = fs::read(place.path("session.json.hooks")) else { return Vec::new() };
    let queue: Value = serde_json::from_slice(&text).unwrap();
    let failed = queue["failed"].as_array().unwrap().iter();
    failed
        .map(|failed| {
            let text = failed["event"]["content"].as_str().unwrap().to_owned();
            (text, failed["failures"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn the_command_gets_each_event_and_the_path_in_order() {
    for transport in TRANSPORTS {
        let place = place();
        deliver(&place, &["a \u{202e} text"]);
        let picture = place.emulator.deliver(jpeg(2000, 1));
        let file = place.emulator.deliver(Incoming::file("a'b $(c).txt", &b"a file"[..]));
        // It reads late, and what it prints is not mixed with the events.
        let script = "sleep 0.1; cat >>log; echo ${WX_PATH-unset} >>paths; echo to-stdout";
        let args = hook(transport, &["--once", "--json", "--save", "kept"], script);
        let output = place.command(&args).env("WX_PATH", "of the caller").output().unwrap();
        let ran = place.ran(output);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.err.matches("to-stdout").count(), 3);
        let messages: Vec<_> =
            ran.out.lines().filter(|line| line.contains(r#""message""#)).collect();
        assert_eq!(log(&place), messages);
        let kept = fs::canonicalize(place.path("kept")).unwrap();
        let at = |name: String| kept.join(name).to_str().unwrap().to_owned();
        let paths = fs::read_to_string(place.path("paths")).unwrap();
        let expected =
            ["unset".to_owned(), at(format!("{picture}.jpg")), at(format!("{file}-a'b $(c).txt"))];
        assert_eq!(paths.lines().collect::<Vec<_>>(), expected);
        assert_eq!(place.names(), ["kept", "log", "paths"]);
    }
}

#[test]
fn only_chosen_messages_are_handed_over_and_without_a_path_if_nothing_was_saved() {
    let place = place();
    deliver(&place, &["not chosen"]);
    place.emulator.deliver(jpeg(2000, 1));
    let script = "cat >>log; echo ${WX_PATH-unset} >>log";
    let more = ["--once", "--save", "kept", "--max-size", "9", "--kinds", "image"];
    let ran = place.wx(&hook("ureq", &more, script));
    // The attachment is in the event nevertheless.
    let [event, path] = &log(&place)[..] else { panic!("{}", ran.err) };
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!((ran.code, &event["attachment"]["kind"]), (1, &"image".into()), "{}", ran.err);
    assert_eq!(path, "unset");
    // The same picture is saved by a later run, which finds nothing to do after that.
    place.session(|_| ());
    let more = ["--once", "--save", "kept", "--kinds", "image"];
    for _ in 0..2 {
        place.session(|_| ());
        assert_eq!(place.wx(&hook("ureq", &more, "test -s $WX_PATH")).code, 0);
    }
}

#[test]
fn a_command_that_fails_is_run_again_at_the_next_start_before_new_messages() {
    for transport in TRANSPORTS {
        let place = place();
        deliver(&place, &["bad", "good"]);
        let script = format!(r#"{LOG}; tail -n 1 log | grep -qv bad || test -e mended"#);
        let ran = once(&place, transport, &script);
        assert_eq!(ran.code, 1);
        assert_eq!(ran.kinds(), ["message", "failed", "message"]);
        let failed = &ran.events()[1];
        assert_eq!((&failed["step"], &failed["advice"]), (&"hook".into(), &"check_command".into()));
        assert_eq!(queue(&place), [("bad".to_owned(), 1)]);
        let mode = fs::metadata(place.path("session.json.hooks")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        deliver(&place, &["next"]);
        let ran = once(&place, transport, &script);
        let line = "the command ended with exit status 1; \
                    check the command; the next start of watch runs it again";
        assert!(ran.err.contains(line), "{}", ran.err);
        assert_eq!(ran.kinds(), ["failed", "message"]);
        assert_eq!(queue(&place), [("bad".to_owned(), 2)]);

        place.file("mended", b"");
        deliver(&place, &["last"]);
        let ran = once(&place, transport, &script);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["message".to_owned()]), "{}", ran.err);
        assert_eq!(log(&place), ["bad", "good", "bad", "next", "bad", "last"]);
        assert_eq!(place.names(), ["log", "mended"]);
    }
}

#[test]
fn a_message_is_given_up_after_three_failures() {
    let place = place();
    deliver(&place, &["first", "second"]);
    let script = format!("{LOG}; kill -9 $$");
    once(&place, "ureq", &script);
    for (round, kinds) in [["failed", "failed"], ["given_up", "given_up"]].iter().enumerate() {
        // Without a new message, the watch ends once the commands were run again.
        let args = hook("ureq", &["--json", "--timeout-idle", "0.1"], &script);
        let ran = place.wx(&args);
        assert_eq!((ran.code, ran.kinds()), (1, kinds.map(str::to_owned).to_vec()), "{round}");
        let lines = ran.err.lines().filter(|line| line.contains("was ended by signal 9; "));
        let is_last = kinds[0] == "given_up";
        let said = lines.filter(|line| line.contains("given up after three failures") == is_last);
        assert_eq!(said.count(), 2, "{}", ran.err);
    }
    assert_eq!(queue(&place), []);
    deliver(&place, &["third"]);
    assert_eq!(once(&place, "ureq", LOG).code, 0);
    assert_eq!(log(&place)[4..], ["first", "second", "third"]);
}

#[test]
fn a_command_that_cannot_be_started_is_remembered() {
    let place = place();
    deliver(&place, &["first"]);
    let ran = place.wx(&about("watch", "ureq", &["--once", "--", "./none"]));
    assert_eq!(ran.code, 1);
    assert!(
        ran.err.contains("could not be started: No such file or directory; check the command"),
        "{}",
        ran.err
    );
    assert_eq!(queue(&place), [("first".to_owned(), 1)]);
}

/// Each message is handled at least once, however often `watch` is killed, and only the one in
/// progress twice.
#[test]
fn a_watch_that_is_killed_handles_each_message() {
    for transport in TRANSPORTS {
        let place = place();
        deliver(&place, &["first", "second", "third"]);
        let killed = |word: &str| {
            let script = format!("{LOG}; tail -n 1 log | grep -q {word} && kill -9 $PPID; true");
            let ran = once(&place, transport, &script);
            assert_eq!(ran.code, -1, "{}", ran.err);
        };
        killed("second");
        killed("third");
        let ran = once(&place, transport, LOG);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(log(&place), ["first", "second", "second", "third", "third"]);
        // The lock file and the queue are gone.
        assert_eq!(place.names(), ["log"]);
    }
}

#[test]
fn an_attachment_that_the_command_has_moved_is_not_saved_again() {
    let place = place();
    let ids = [1, 2].map(|mark| place.emulator.deliver(jpeg(2000, mark)));
    let script = "mv $WX_PATH moved-$(ls | grep -c moved).jpg";
    let run = |then: &str| {
        let script = format!("{script}; {then}");
        place.wx(&hook("ureq", &["--once", "--json", "--save", "kept"], &script))
    };
    // The first picture is handled, but not the second one.
    assert_eq!(run("test ! -e moved-1.jpg || kill -9 $PPID").code, -1);
    let ran = run("true");
    assert_eq!(ran.column("msg_id"), [&*ids[0], &ids[1], &ids[1]], "{}", ran.err);
    assert_eq!(ran.kinds(), ["message", "message", "fetched"]);
    assert_eq!(fs::read_dir(place.path("kept")).unwrap().count(), 0);
}

#[test]
fn a_watch_that_is_killed_during_a_second_try_keeps_the_order() {
    let place = place();
    deliver(&place, &["first", "second"]);
    once(&place, "ureq", "false");
    assert_eq!(queue(&place).len(), 2);
    deliver(&place, &["third"]);
    let script = format!("{LOG}; tail -n 1 log | grep -q second && kill -9 $PPID; true");
    assert_eq!(once(&place, "ureq", &script).code, -1);
    assert_eq!(queue(&place), [("second".to_owned(), 1)]);
    assert_eq!(once(&place, "ureq", LOG).code, 0);
    assert_eq!(log(&place), ["first", "second", "second", "third"]);
}

#[test]
fn an_interrupted_command_is_asked_to_end_and_its_message_comes_again() {
    for (transport, name, code) in [("ureq", "INT", 130), ("reqwest", "TERM", 143)] {
        let place = place();
        deliver(&place, &["first"]);
        // It takes longer to end than other work may take.
        let script = "trap 'sleep 0.5; echo asked >>log; exit 0' TERM; echo begun >>log; \
                      while :; do sleep 0.02; done";
        let child = place.spawn(&hook(transport, &["--json"], script));
        wait_until(|| log(&place) == ["begun"]);
        signal(&child, name);
        let ran = place.wait(child);
        assert_eq!((ran.code, ran.kinds()), (code, vec!["message".to_owned()]), "{}", ran.err);
        assert!(ran.err.contains("the command is asked to end first"), "{}", ran.err);
        assert_eq!(log(&place), ["begun", "asked"]);
        assert_eq!(place.names(), ["log"]);
        assert_eq!(once(&place, transport, LOG).code, 0);
        assert_eq!(log(&place)[2..], ["first"]);
    }
}

#[test]
fn a_second_signal_kills_the_command() {
    let place = place();
    deliver(&place, &["first"]);
    let script = "trap '' TERM; echo $$ >new; mv new log; while :; do sleep 0.02; done";
    let child = place.spawn(&hook("ureq", &[], script));
    wait_until(|| log(&place).len() == 1);
    signal(&child, "TERM");
    // Signals that arrive within the first moment belong together.
    std::thread::sleep(Duration::from_millis(600));
    signal(&child, "TERM");
    assert_eq!(place.wait(child).code, 143);
    let alive = std::process::Command::new("kill").args(["-0", &log(&place)[0]]).output().unwrap();
    assert!(!alive.status.success());
}

#[test]
fn a_command_is_not_cut_off_when_the_watch_is_idle() {
    let place = place();
    deliver(&place, &["first"]);
    let script = format!("sleep 0.6; {LOG}");
    // The second run receives nothing, because the first one has waited for the command.
    for _ in 0..2 {
        let ran = place.wx(&hook("ureq", &["--timeout-idle", "0.2"], &script));
        assert_eq!((ran.code, log(&place)), (0, vec!["first".to_owned()]), "{}", ran.err);
    }
}

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
    let place = place();
    place.file("session.json.hooks", b"dear diary");
    deliver(&place, &["first"]);
    let ran = place.wx(&hook("ureq", &[], LOG));
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.one_line().contains("session.json.hooks: does not hold the messages"),
        "{}",
        ran.err
    );
    assert_eq!(fs::read(place.path("session.json.hooks")).unwrap(), b"dear diary");
    place.assert_silence();
    // It belongs to the command. Without one, it is left alone.
    assert_eq!(place.wx(&about("watch", "ureq", &["--once"])).code, 0);
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
