//! The command that `watch` runs for each message.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;
use wx_emulator::{Emulator, Incoming};

use crate::life::about;
use crate::support::{Place, Ran, TRANSPORTS, jpeg, signal, wait_until};

pub(crate) fn place() -> Place {
    Place::with_emulator(Emulator::builder().hold(Duration::from_millis(50)))
}

/// The arguments that run a script for each message of the next batch.
pub(crate) fn hook<'a>(transport: &'a str, more: &[&'a str], script: &'a str) -> Vec<&'a str> {
    about("watch", transport, &[more, &["--", "sh", "-c", script]].concat())
}

pub(crate) fn once(place: &Place, transport: &str, script: &str) -> Ran {
    place.wx(&hook(transport, &["--once", "--json"], script))
}

/// Appends the text of the message to `log`.
pub(crate) const LOG: &str = r#"sed 's/.*"content":"\([^"]*\)".*/\1/' >>log"#;

pub(crate) fn log(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.path("log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

pub(crate) fn deliver(place: &Place, texts: &[&str]) {
    texts.iter().for_each(|text| drop(place.emulator.deliver(Incoming::text(*text))));
}

/// Returns the messages in a file of failed commands, and how often they have failed.
fn stored(place: &Place, name: &str) -> Vec<(String, u64)> {
    let mut failed: Vec<(u64, String, u64)> = Vec::new();
    for line in fs::read_to_string(place.path(name)).unwrap_or_default().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (kind, entry) = line.as_object().unwrap().iter().next().unwrap();
        let number = entry["number"].as_u64();
        match kind.as_str() {
            "failed" => {
                let text = entry["event"]["content"].as_str().unwrap().to_owned();
                failed.push((number.unwrap(), text, entry["failures"].as_u64().unwrap()));
            }
            "failed_again" => {
                failed.iter_mut().filter(|one| Some(one.0) == number).for_each(|one| one.2 += 1);
            }
            "removed" => failed.retain(|one| Some(one.0) != number),
            _ => {}
        }
    }
    failed.into_iter().map(|(_, text, failures)| (text, failures)).collect()
}

pub(crate) fn queue(place: &Place) -> Vec<(String, u64)> {
    stored(place, "session.json.hooks")
}

/// Makes all failures this many seconds older.
pub(crate) fn age(place: &Place, seconds: u64) {
    let path = place.path("session.json.hooks");
    let text = fs::read_to_string(&path).unwrap();
    let aged = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let entry = line.as_object_mut().unwrap().values_mut().next().unwrap();
        for (key, at) in entry.as_object_mut().into_iter().flatten() {
            if key == "at" || key.ends_with("_at") {
                *at = (at.as_u64().unwrap() - seconds).into();
            }
        }
        format!("{line}\n")
    });
    let aged: String = aged.collect();
    fs::write(path, aged).unwrap();
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

        // It is too early to run it again.
        let idle = ["--json", "--timeout-idle", "0.1"];
        let ran = place.wx(&hook(transport, &idle, &script));
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
        let line = "messages for which the command has failed: 1; it is run again after 20";
        assert!(ran.err.contains(line), "{}", ran.err);

        age(&place, 60);
        deliver(&place, &["next"]);
        let ran = once(&place, transport, &script);
        let line = "the command ended with exit status 1; check the command; it is run again \
                    later, or at once by watch --retry-hooks";
        assert!(ran.err.contains(line), "{}", ran.err);
        assert_eq!(ran.kinds(), ["failed", "message"]);
        assert_eq!(queue(&place), [("bad".to_owned(), 2)]);

        place.file("mended", b"");
        deliver(&place, &["last"]);
        age(&place, 4 * 60);
        let ran = once(&place, transport, &script);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["message".to_owned()]), "{}", ran.err);
        assert_eq!(log(&place), ["bad", "good", "bad", "next", "bad", "last"]);
        assert_eq!(place.names(), ["log", "mended"]);
    }
}

#[test]
fn a_message_is_given_up_after_a_day_and_kept() {
    let place = place();
    deliver(&place, &["first", "second"]);
    let script = format!("{LOG}; kill -9 $$");
    once(&place, "ureq", &script);
    for round in 0..4 {
        age(&place, 6 * 3600);
        // Without a new message, the watch ends once the commands were run again.
        let ran = place.wx(&hook("ureq", &["--json", "--timeout-idle", "0.1"], &script));
        let is_last = round == 3;
        let kind = if is_last { "given_up" } else { "failed" };
        assert_eq!((ran.code, ran.kinds()), (1, vec![kind.to_owned(); 2]), "{round}");
        let lines = ran.err.lines().filter(|line| line.contains("was ended by signal 9; "));
        let words = "the message is kept, and watch --retry-hooks runs the command for it";
        let said = lines.filter(|line| line.contains(words) == is_last);
        assert_eq!(said.count(), 2, "{}", ran.err);
    }
    assert_eq!(queue(&place), []);
    let given_up = [("first".to_owned(), 5), ("second".to_owned(), 5)];
    assert_eq!(stored(&place, "session.json.hooks.failed"), given_up);
    let about = fs::metadata(place.path("session.json.hooks.failed")).unwrap();
    assert_eq!(about.permissions().mode() & 0o777, 0o600);
    deliver(&place, &["third"]);
    assert_eq!(once(&place, "ureq", LOG).code, 0);
    assert_eq!(log(&place)[10..], ["third"]);
    // Whoever has mended the command need not wait, and loses nothing.
    deliver(&place, &["fourth"]);
    once(&place, "ureq", &script);
    let again = ["--retry-hooks", "--json", "--timeout-idle", "0.1"];
    let ran = place.wx(&hook("ureq", &again, LOG));
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert_eq!(log(&place)[12..], ["fourth", "first", "second"]);
    deliver(&place, &["fifth"]);
    assert_eq!(once(&place, "ureq", LOG).code, 0);
    assert_eq!(place.names(), ["log"]);
}

/// Nobody writes for hours, but the command works again.
#[test]
fn a_failed_command_is_run_again_while_nothing_arrives() {
    for transport in TRANSPORTS {
        let place = place();
        deliver(&place, &["first"]);
        once(&place, transport, "false");
        age(&place, 59);
        let child = place.spawn(&hook(transport, &["--timeout-idle", "20"], LOG));
        wait_until(|| !log(&place).is_empty());
        signal(&child, "TERM");
        let ran = place.wait(child);
        assert_eq!((ran.code, log(&place)), (143, vec!["first".to_owned()]), "{}", ran.err);
        assert_eq!(queue(&place), []);
    }
}

/// A mistake in the command is found before a message could be lost by it.
#[test]
fn a_command_that_cannot_be_started_is_refused_before_anything_is_received() {
    let place = place();
    deliver(&place, &["first"]);
    place.file("text", b"");
    fs::create_dir(place.path("dir")).unwrap();
    for (command, words) in [
        (&["--", "./none"][..], "wx: -- ./none: there is no such file; give a program"),
        (&["--", "none-of-this-name"], "none-of-this-name: no directory of PATH contains it"),
        (&["--", "./text", "a"], "wx: -- ./text: it is not executable"),
        (&["--", "./dir"], "wx: -- ./dir: it is not a regular file"),
        (&["--", ""], "wx: --: the name of the command is empty"),
        (&["--"], "wx: a command has to follow --"),
        (&["--retry-hooks"], "<CMD>"),
    ] {
        let ran = place.wx(&about("watch", "ureq", &[&["--once"], command].concat()));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?}: {}", ran.err);
        assert!(ran.one_line().contains(words), "{}", ran.err);
    }
    place.assert_silence();
    assert_eq!(once(&place, "ureq", LOG).code, 0);
    assert_eq!(log(&place), ["first"]);
}

#[test]
fn a_command_that_does_not_start_is_remembered() {
    let place = place();
    deliver(&place, &["first"]);
    let script = place.file("script", b"#!/none/sh\n");
    fs::set_permissions(script, fs::Permissions::from_mode(0o700)).unwrap();
    let ran = place.wx(&about("watch", "ureq", &["--once", "--", "./script"]));
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
    age(&place, 60);
    deliver(&place, &["third"]);
    let script = format!("{LOG}; tail -n 1 log | grep -q second && kill -9 $PPID; true");
    assert_eq!(once(&place, "ureq", &script).code, -1);
    assert_eq!(queue(&place), [("second".to_owned(), 1)]);
    // What was not counted is due at once.
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
