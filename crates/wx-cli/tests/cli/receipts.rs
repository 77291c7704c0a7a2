//! What was done is reported even if standard output cannot be written.

use std::fs::{self, OpenOptions};
use std::io;
use std::process::Stdio;

use wx_emulator::Incoming;

use crate::life::about;
use crate::support::other_clients::{FORMATS, saved_login};
use crate::support::{Place, Ran, TRANSPORTS, fetch, jpeg, send};

/// The exit code of a command that has succeeded, but could not write its result.
const UNPRINTED: i32 = 5;

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

fn run(place: &Place, args: &[&str], stdout: impl Into<Stdio>) -> Ran {
    place.ran(place.command(args).stdout(stdout).output().unwrap())
}

/// Runs the command through a shell that redirects its output.
fn redirected(place: &Place, args: &[&str], redirection: &str) -> Ran {
    let wx = place.command(args);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("exec \"$@\" {redirection}"), "sh"]);
    command.arg(wx.get_program()).args(wx.get_args()).current_dir(place.path(""));
    place.ran(command.stdin(Stdio::null()).output().unwrap())
}

/// Checks that the result is on standard error.
fn told(ran: &Ran, what: &str) {
    assert_eq!(ran.code, UNPRINTED, "{}", ran.err);
    let line = ran.one_line();
    assert!(line.starts_with(&format!("wx: {what}")), "{line}");
    let end = "; standard output could not be written: No space left on device";
    assert!(line.ends_with(end), "{line}");
}

#[test]
fn a_message_that_was_sent_is_reported_if_the_disk_is_full() {
    for (transport, json) in TRANSPORTS.iter().zip([&[][..], &["--json"]]) {
        let place = Place::new();
        place.file("a.jpg", &jpeg(100, 1));
        let text = ["--to", "filehelper", "--text", "hi"];
        let ran = run(&place, &about("send", transport, &[json, &text].concat()), full());
        let id = place.emulator.messages()[0].msg_id.clone();
        told(&ran, &format!("sent text to filehelper: MsgID {id}; "));
        let ran = run(&place, &send(transport, &[json, &["a.jpg"]].concat()), full());
        let id = place.emulator.messages()[1].msg_id.clone();
        told(&ran, &format!("sent a.jpg to filehelper: MsgID {id}, "));
        assert_eq!(place.emulator.messages().len(), 2);
    }
}

#[test]
fn everything_else_that_is_done_only_once_is_reported_too() {
    for (transport, json) in TRANSPORTS.iter().zip([&[][..], &["--json"]]) {
        let place = Place::with(&["ret=1204@webwxsendmsgimg#1"]);
        place.file("a.jpg", &jpeg(100, 1));
        let id = place.emulator.deliver(jpeg(2000, 1));
        let ran =
            run(&place, &fetch(transport, &[json, &["--out", "b.jpg", &id]].concat()), full());
        told(&ran, &format!("fetched {id} to b.jpg: jpeg, "));
        assert!(fs::read(place.path("b.jpg")).unwrap() == jpeg(2000, 1));
        assert_eq!(place.wx(&send(transport, &["--resume-dir", "job", "a.jpg"])).code, 1);
        let resume = ["resume", "job", "--transport", transport];
        told(&run(&place, &[&resume, json].concat(), full()), "sent /");
        told(&run(&place, &about("logout", transport, json), full()), "logged out; ");
        let base = place.emulator.base();
        let login = ["login", "--session", "new.json", "--base", &base, "--transport", transport];
        let ran = run(&place, &[&login, json].concat(), full());
        assert_eq!(ran.code, UNPRINTED, "{}", ran.err);
        let line = ran.err.lines().find(|line| line.starts_with("wx: logged in as Emulated at "));
        assert!(line.unwrap().ends_with("could not be written: No space left on device"));
        assert_eq!(place.wx(&["whoami", "--session", "new.json"]).code, 0);
        let session = serde_json::from_str(&place.emulator.session_json()).unwrap();
        let (other, client) = FORMATS[0];
        place.file(other, saved_login(other, &session).to_string().as_bytes());
        let ran = run(&place, &about("import", transport, &[json, &[other]].concat()), full());
        assert_eq!(ran.code, UNPRINTED, "{}", ran.err);
        let words = format!("wx: imported the login of {client}: Emulated (");
        let line = ran.err.lines().find(|line| line.starts_with(&words)).expect(&ran.err);
        assert!(line.ends_with("could not be written: No space left on device"));
    }
}

#[test]
fn a_list_that_could_not_be_printed_is_not_a_success() {
    let place = Place::new();
    let ran = run(&place, &about("contacts", "ureq", &[]), full());
    let words = "wx: standard output could not be written (No space left on device): some results \
                 were not printed";
    assert_eq!((ran.code, ran.one_line()), (UNPRINTED, words));
    // Whoever closes a list needs no more of it.
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let ran = run(&place, &about("contacts", "ureq", &[]), writer);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

/// What is certain without writing is found out before anything is sent.
#[test]
fn nothing_is_done_if_nobody_can_read_the_result() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    place.emulator.deliver(Incoming::text("hi"));
    let resume = ["resume", "job"];
    let login = ["login", "--session", "session.json", "--base", "http://127.0.0.1:1"];
    for args in [
        &send("ureq", &["a.jpg"])[..],
        &about("send", "ureq", &["--to", "filehelper", "--text", "hi", "--json"]),
        &resume,
        &about("watch", "ureq", &[]),
        &about("logout", "ureq", &[]),
        &about("import", "ureq", &["a.jpg"]),
        &about("forward", "ureq", &["--to", "filehelper", "--message", "a.jpg"]),
        &about("revoke", "ureq", &["--to", "name:Anna", "1"]),
        &login,
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let ran = run(&place, args, writer);
        let words = "wx: standard output: its reader has closed it; nothing was done";
        assert_eq!((ran.code, ran.one_line()), (1, words), "{args:?}");
        let ran = redirected(&place, args, "1</dev/null");
        let words = "wx: standard output: it is open for reading only; nothing was done";
        assert_eq!((ran.code, ran.one_line()), (1, words), "{args:?}");
    }
    place.assert_silence();
}

#[test]
fn a_reader_that_leaves_while_a_message_is_sent() {
    for (transport, json) in TRANSPORTS.iter().zip([&[][..], &["--json"]]) {
        let place = Place::with(&["delay=300@webwxsendmsg"]);
        let args = [json, &["--to", "filehelper", "--text", "hi"]].concat();
        let mut child = place.spawn(&about("send", transport, &args));
        place.wait_for("webwxsendmsg", 1);
        drop(child.stdout.take());
        let ran = place.wait(child);
        assert_eq!(ran.code, UNPRINTED, "{}", ran.err);
        let id = &place.emulator.messages()[0].msg_id;
        let words = format!(
            "wx: sent text to filehelper: MsgID {id}; standard output could not be written: its \
             reader has closed it"
        );
        assert_eq!(ran.one_line(), words);
    }
}

/// The standard library opens `/dev/null` in its place, so the message is sent.
#[test]
fn the_receipt_is_on_standard_error_if_standard_output_is_closed() {
    for json in [&[][..], &["--json"]] {
        let place = Place::new();
        let args = [json, &["--to", "filehelper", "--text", "hi"]].concat();
        let ran = redirected(&place, &about("send", "ureq", &args), ">&-");
        let id = &place.emulator.messages()[0].msg_id;
        let words = format!("sent text to filehelper: MsgID {id}");
        assert_eq!((ran.code, ran.err.lines().last()), (0, Some(&*words)), "{}", ran.err);
        // Output that the user discards is not shown.
        let ran = redirected(&place, &about("send", "ureq", &args), ">/dev/null");
        assert!(ran.code == 0 && !ran.err.contains("sent text"), "{}", ran.err);
    }
}

/// A message whose line could not be printed is received again.
#[test]
fn a_watch_ends_before_the_session_moves() {
    let place = Place::new();
    let id = place.emulator.deliver(Incoming::text("hi"));
    let ran = run(&place, &about("watch", "ureq", &["--once"]), full());
    let words = "wx: standard output: No space left on device; check the output";
    assert_eq!((ran.code, ran.one_line()), (1, words));
    let ran = place.wx(&about("watch", "ureq", &["--once", "--json"]));
    assert_eq!((ran.code, ran.column("msg_id")), (0, vec![id]), "{}", ran.err);
}
