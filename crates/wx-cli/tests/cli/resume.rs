//! `wx resume` after a `kill -9`.

use std::fs;
use std::process::Child;

use crate::support::{CHUNK, Place, Ran, TRANSPORTS, jpeg, send, signal};

/// The arguments of a job in the directory `job`.
pub(crate) fn job<'a>(transport: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    send(transport, &[&["--json", "--retry-wait", "0.1", "--resume-dir", "job"], more].concat())
}

pub(crate) fn resume(place: &Place, transport: &str, more: &[&str]) -> Ran {
    let fixed =
        ["resume", "job", "--session", "session.json", "--json", "-v", "--retry-wait", "0.1"];
    place.wx(&[&fixed[..], &["--transport", transport], more].concat())
}

/// Starts a job, kills it after this many requests to `endpoint`, and returns what it had printed
/// by then.
pub(crate) fn killed(place: &Place, args: &[&str], endpoint: &str, requests: usize) -> Ran {
    let mut child = place.spawn(args);
    place.wait_for(endpoint, requests);
    child.kill().unwrap();
    place.assert_no_secret_in("job");
    place.wait(child)
}

/// Waits for a request, and returns the running process.
fn busy(place: &Place, args: &[&str], endpoint: &str) -> Child {
    let child = place.spawn(args);
    place.wait_for(endpoint, 1);
    child
}

/// Checks that the picture was sent once and unchanged.
fn assert_one_message(place: &Place, picture: &[u8]) {
    let [message] = &place.emulator.messages()[..] else { panic!("not one message") };
    assert!(message.media == picture, "other bytes");
    assert_eq!(place.emulator.violations(), [""; 0]);
}

#[test]
fn in_the_middle_of_twenty_mebibytes() {
    let run = |transport| {
        let place = Place::with(&["delay=60000@webwxuploadmedia#21"]);
        let picture = jpeg(20 * 1024 * 1024, 1);
        place.file("a.jpg", &picture);
        killed(&place, &job(transport, &["a.jpg"]), "webwxuploadmedia", 21);
        let ran = resume(&place, transport, &[]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned()]), "{}", ran.err);
        assert!(ran.column("file")[0].ends_with("/a.jpg"));
        assert_eq!(ran.column("chunks"), ["40"]);
        assert_one_message(&place, &picture);
        // The message whose reply was lost is sent twice.
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 41);
        assert_eq!(fs::read_dir(place.path("job")).unwrap().count(), 0);
    };
    std::thread::scope(|scope| {
        TRANSPORTS.map(|transport| drop(scope.spawn(move || run(transport))))
    });
}

#[test]
fn a_picture_that_goes_as_a_file() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxuploadmedia#2"]);
        let picture = jpeg(2 * CHUNK, 1);
        place.file("a.jpg", &picture);
        place.file("b.jpg", &jpeg(100, 2));
        killed(&place, &job(transport, &["--as-file", "a.jpg", "b.jpg"]), "webwxuploadmedia", 2);
        assert_eq!(resume(&place, transport, &[]).code, 0);
        // The upload that was begun, and the one that was not.
        assert_eq!(place.emulator.requests_to("webwxsendappmsg"), 2);
        assert!(place.emulator.messages()[0].media == picture, "other bytes");
        // All chunks have the same mediatype. The emulator reports a violation if the message is of
        // another kind.
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn while_the_answer_to_the_message_is_awaited() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxsendmsgimg#1"]);
        let picture = jpeg(100, 1);
        place.file("a.jpg", &picture);
        killed(&place, &job(transport, &["a.jpg"]), "webwxsendmsgimg", 1);
        let ran = resume(&place, transport, &[]);
        assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned()]), "{}", ran.err);
        assert_eq!(ran.column("local_id"), [place.emulator.messages()[0].client_msg_id.as_str()]);
        assert_one_message(&place, &picture);
        assert_eq!(place.emulator.requests_to("webwxsendmsgimg"), 2);
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 1);
    }
}

#[test]
fn one_recipient_has_it_already() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxsendmsgimg#2"]);
        place.file("a.jpg", &jpeg(100, 1));
        let (one, two) =
            (place.emulator.friend().to_owned(), place.emulator.second_friend().to_owned());
        let args = job(transport, &["--to", &one, "--to", &two, "a.jpg"]);
        let ran = killed(&place, &args, "webwxsendmsgimg", 2);
        assert_eq!(ran.column("to"), ["filehelper"]);
        let ran = resume(&place, transport, &[]);
        assert_eq!(
            (ran.code, ran.column("to")),
            (0, vec![one.clone(), two.clone()]),
            "{}",
            ran.err
        );
        let to: Vec<_> =
            place.emulator.messages().iter().map(|message| message.to.clone()).collect();
        assert_eq!(to, ["filehelper", &one, &two]);
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 1);
    }
}

#[test]
fn a_message_in_doubt_goes_before_those_that_failed() {
    let place = Place::with(&["ret=1204@webwxsendmsgimg#1", "delay=60000@webwxsendmsgimg#2"]);
    place.file("a.jpg", &jpeg(100, 1));
    let one = place.emulator.friend().to_owned();
    killed(&place, &job("ureq", &["--to", &one, "a.jpg"]), "webwxsendmsgimg", 2);
    // A request is counted when it arrives; its message is stored a little later.
    let stored = || {
        place.emulator.messages().pop().or_else(|| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            None
        })
    };
    let in_doubt = (0..500).find_map(|_| stored()).unwrap().client_msg_id;
    let ran = resume(&place, "ureq", &[]);
    assert_eq!(
        (ran.code, ran.column("to")),
        (0, vec![one, "filehelper".to_owned()]),
        "{}",
        ran.err
    );
    assert_eq!(ran.column("local_id")[0], in_doubt);
    assert_eq!(place.emulator.messages().len(), 2);
}

#[test]
fn the_rest_of_a_batch() {
    let place = Place::with(&["ret=1205@webwxuploadmedia#2"]);
    for (name, mark) in [("a.jpg", 1), ("b.jpg", 2), ("c.jpg", 3)] {
        place.file(name, &jpeg(100, mark));
    }
    let ran = place.wx(&job("ureq", &["a.jpg", "b.jpg", "c.jpg"]));
    assert_eq!((ran.code, ran.kinds()), (1, vec!["sent".into(), "failed".into(), "failed".into()]));
    assert!(ran.err.contains("wx resume tries the rest again"), "{}", ran.err);
    let ran = resume(&place, "reqwest", &[]);
    assert_eq!((ran.code, ran.kinds()), (0, vec!["sent".to_owned(); 2]), "{}", ran.err);
    assert_eq!(place.emulator.messages().len(), 3);
    assert_eq!(fs::read_dir(place.path("job")).unwrap().count(), 0);
    // A script that resumes whatever was interrupted needs no special case.
    for more in [&[][..], &["--give-up"], &["--resend"]] {
        let ran = resume(&place, "ureq", more);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
        assert_eq!(ran.one_line(), "wx: job: holds no job: nothing to resume");
    }
    assert!(place.path("job").is_dir());
    let ran = place.wx(&["resume", "jab"]);
    assert_eq!(ran.code, 1);
    assert!(ran.one_line().contains("wx: jab: "), "{}", ran.err);
}

#[test]
fn a_file_that_changed_meanwhile() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxuploadmedia#2"]);
        let picture = jpeg(2 * CHUNK, 1);
        place.file("a.jpg", &picture);
        killed(&place, &job(transport, &["a.jpg"]), "webwxuploadmedia", 2);
        let mut other = picture.clone();
        other[2 * CHUNK - 5] ^= 1;
        for changed in [&other[..], &picture[..picture.len() - 1], &[&picture[..], b"x"].concat()] {
            place.file("a.jpg", changed);
            let ran = resume(&place, transport, &[]);
            assert_eq!(
                (ran.code, ran.column("advice")),
                (1, vec!["check_file".to_owned()]),
                "{}",
                ran.err
            );
            let words = "the message was begun with another file; restore the former file";
            assert!(ran.err.contains(words), "{}", ran.err);
            assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 2);
        }
        place.file("a.jpg", &picture);
        assert_eq!(resume(&place, transport, &[]).code, 0);
        assert_one_message(&place, &picture);
    }
}

#[test]
fn another_login() {
    let place = Place::with(&["delay=60000@webwxuploadmedia#2"]);
    place.file("a.jpg", &jpeg(2 * CHUNK, 1));
    killed(&place, &job("ureq", &["a.jpg"]), "webwxuploadmedia", 2);
    place.session(|session| session["sid"] = "another".into());
    let ran = resume(&place, "ureq", &[]);
    assert_eq!((ran.code, ran.column("step")), (1, vec!["not_started".to_owned()]));
    let line = ran.one_line();
    assert!(
        line.contains("wx: job: ")
            && line.contains("another login")
            && line.contains("session file"),
        "{line}"
    );
    assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 2);
    place.session(|_| {});
    assert_eq!(resume(&place, "ureq", &[]).code, 0);
}

#[test]
fn one_process_at_a_time_and_one_job() {
    let place = Place::with(&["delay=60000@webwxuploadmedia#1"]);
    place.file("a.jpg", &jpeg(100, 1));
    let mut child = busy(&place, &job("ureq", &["a.jpg"]), "webwxuploadmedia");
    for ran in [resume(&place, "ureq", &[]), place.wx(&job("ureq", &["a.jpg"]))] {
        assert_eq!(ran.code, 1);
        assert!(
            ran.one_line().contains("job: the path is in use by `wx send-image`"),
            "{}",
            ran.err
        );
    }
    child.kill().unwrap();
    place.wait(child);
    let ran = place.wx(&job("ureq", &["a.jpg"]));
    assert_eq!((ran.code, ran.column("step")), (1, vec!["not_started".to_owned()]));
    assert!(
        ran.one_line().contains("job: holds an unfinished job; wx resume continues it"),
        "{}",
        ran.err
    );
    assert_eq!(place.emulator.requests().len(), 1);
    place.file("job/precious", b"of the user");
    assert_eq!(resume(&place, "ureq", &[]).code, 0);
    let left: Vec<_> =
        fs::read_dir(place.path("job")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["precious"]);
    assert_eq!(place.wx(&job("ureq", &["a.jpg"])).code, 0, "it can be used again");
}

#[test]
fn after_ctrl_c() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=60000@webwxuploadmedia#2"]);
        let picture = jpeg(2 * CHUNK, 1);
        place.file("a.jpg", &picture);
        let child = place.spawn(&job(transport, &["a.jpg"]));
        place.wait_for("webwxuploadmedia", 2);
        signal(&child, "INT");
        assert_eq!(place.wait(child).code, 130);
        assert_eq!(resume(&place, transport, &[]).code, 0);
        assert_one_message(&place, &picture);
    }
}

#[test]
fn what_cannot_be_saved_is_not_sent() {
    for transport in TRANSPORTS {
        let place = Place::with(&["delay=1000@webwxuploadmedia#1"]);
        place.file("a.jpg", &jpeg(2 * CHUNK, 1));
        let child = busy(&place, &job(transport, &["a.jpg"]), "webwxuploadmedia");
        fs::remove_dir_all(place.path("job")).unwrap();
        let ran = place.wait(child);
        assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".to_owned()]), "{}", ran.err);
        assert!(ran.err.contains("could not write its record job/outbox.jsonl: "), "{}", ran.err);
        assert_eq!(place.emulator.requests_to("webwxuploadmedia"), 1);
    }
}

#[test]
fn what_is_left_of_a_job_is_told_as_it_is() {
    let (not_all, lost) =
        ("not everything is sent", "everything is sent, but the record lacks the last reply");
    for transport in TRANSPORTS {
        for (pictures, code, told, other) in [(1, 0, lost, not_all), (2, 1, not_all, lost)] {
            let place = Place::with(&["delay=1000@webwxsendmsgimg#1"]);
            let names = &["a.jpg", "b.jpg"][..pictures];
            names.iter().zip(1..).for_each(|(name, mark)| drop(place.file(name, &jpeg(100, mark))));
            let child = busy(&place, &job(transport, names), "webwxsendmsgimg");
            fs::remove_file(place.path("job/outbox.jsonl")).unwrap();
            let ran = place.wait(child);
            assert_eq!(
                (ran.code, &ran.kinds()[..]),
                (code, &["sent", "failed"].map(str::to_owned)[..pictures])
            );
            assert!(ran.err.contains(told) && !ran.err.contains(other), "{}", ran.err);
            assert!(ran.err.contains("the record lacks the"), "{}", ran.err);
            assert_eq!(place.emulator.messages().len(), 1);
        }
    }
}

#[test]
fn nothing_begun_is_nothing_kept() {
    let place = Place::new();
    let ran = place.wx(&job("ureq", &["none.jpg"]));
    assert_eq!(ran.code, 1);
    assert_eq!(fs::read_dir(place.path("job")).unwrap().count(), 0);
    assert!(ran.one_line().contains("none.jpg"), "{}", ran.err);
}

/// A record whose second line is not an entry, and a record of a later version.
const FIRST_AND_MORE: &str =
    "{\"outbox\":{\"version\":1,\"key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}\n{}\n";
const LATER: &str =
    "{\"outbox\":{\"version\":2,\"key\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],\"new\":0}}\n";

#[test]
fn directories_that_hold_something_else() {
    let place = Place::new();
    place.file("a.jpg", &jpeg(100, 1));
    fs::create_dir(place.path("job")).unwrap();
    let (other, version) = ("line 1 is not an entry of an outbox", "version 2");
    let cases = [
        ("[]", other),
        ("[]\n", other),
        (LATER, version),
        (FIRST_AND_MORE, "line 2 is not an entry of an outbox"),
    ];
    for (text, words) in cases {
        place.file("job/outbox.jsonl", text.as_bytes());
        for ran in [resume(&place, "ureq", &[]), place.wx(&job("ureq", &["a.jpg"]))] {
            assert_eq!(ran.code, 1);
            assert!(ran.one_line().contains(words), "{}", ran.err);
        }
        assert_eq!(fs::read(place.path("job/outbox.jsonl")).unwrap(), text.as_bytes());
    }
    // The outbox of another program is kept, even if all of it is sent.
    let sent = concat!(
        r#"{"sent":{"key":"a","sent":{"msg_id":"1","local_id":"17000000000000001","uploaded":{"media_id":"@m","#,
        r#""thumbnail":null,"encry_file_name":null,"name":"a.jpg","bytes":1,"md5":"900150983cd24fb0d6963f7d28e17f72","chunks":1,"server_byte_count":null,"kind":"image"}}}}"#
    );
    let first = format!("{{\"outbox\":{{\"version\":1,\"key\":{:?}}}}}", [0; 16]);
    let plan = r#"{"plan":{"messages":[{"key":"a","to":"@0a","upload":"a"}]}}"#;
    let text = format!("{first}\n{plan}\n{sent}\n");
    place.file("job/outbox.jsonl", text.as_bytes());
    for ran in [resume(&place, "ureq", &[]), place.wx(&job("ureq", &["a.jpg"]))] {
        assert!(ran.one_line().contains("holds an outbox of another program"), "{}", ran.err);
    }
    assert_eq!(fs::read(place.path("job/outbox.jsonl")).unwrap(), text.as_bytes());
    place.file("file", b"x");
    let ran = place.wx(&["resume", "file", "--session", "session.json"]);
    assert!(ran.code == 1 && ran.one_line().starts_with("wx: file: "), "{}", ran.err);
    place.assert_silence();
}
