//! What the command says of arguments and of results, so that the next step is clear.

use wx_emulator::{Emulator, Incoming, Profile};

use crate::support::{Place, Ran, TRANSPORTS, jpeg};

fn wx(place: &Place, command: &str, transport: &str, more: &[&str]) -> Ran {
    let args = [command, "--session", "session.json", "--transport", transport];
    place.wx(&[&args, more].concat())
}

#[test]
fn a_size_may_have_a_unit() {
    let place = Place::new();
    place.file("a.bin", &[7; 2000]);
    for (size, code) in [("2K", 0), ("1K", 1), ("2kB", 0), ("1999", 1)] {
        let more = ["--to", "filehelper", "--max-size", size, "a.bin"];
        let ran = wx(&place, "send", "ureq", &more);
        assert_eq!(ran.code, code, "{size}: {}", ran.err);
    }
    let ran = wx(&place, "send", "ureq", &["--max-size", "5 potatoes", "a.bin"]);
    assert!(ran.code == 2 && ran.one_line().contains("such as 20M"), "{}", ran.err);
}

#[test]
fn the_name_that_recipients_see_is_checked_and_reported() {
    let place = Place::new();
    place.file("a.pdf", b"%PDF-1.7");
    for transport in TRANSPORTS {
        let sent = |more: &[&str]| wx(&place, "send", transport, &[more, &["a.pdf"]].concat());
        let to = ["--to", "filehelper"];
        let ran = sent(&[&to[..], &["--json", "--name", "invoice.pdf"]].concat());
        assert_eq!(ran.column("file_name"), ["invoice.pdf"], "{}", ran.err);
        assert_eq!(ran.column("file"), ["a.pdf"]);
        let ran = sent(&[&to[..], &["--name", "invoice.pdf"]].concat());
        assert!(ran.out.contains(", as invoice.pdf, 8 bytes, "), "{}", ran.out);
        assert!(!sent(&to).out.contains(", as "));
        for bad in ["", " ", "a/b.pdf", "..\\b.pdf", "a\nb.pdf"] {
            let ran = sent(&[&to[..], &["--name", bad]].concat());
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{bad:?}");
            assert!(ran.one_line().contains("--name takes a file name without"), "{}", ran.err);
        }
    }
    assert_eq!(place.emulator.messages().len(), 6);
}

#[test]
fn the_msg_id_of_a_file_is_not_enough_to_fetch_it() {
    let place = Place::new();
    let id = place.emulator.deliver(Incoming::file("a.pdf", &b"%PDF-1.7"[..]));
    for transport in TRANSPORTS {
        let ran = wx(&place, "fetch", transport, &["--out", "copy", &id]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        let words = "give its line of wx watch --json with --message";
        assert!(ran.err.contains(words), "{}", ran.err);
    }
    let ran = wx(&place, "fetch", "ureq", &["--out", "copy"]);
    assert!(ran.code == 2 && ran.one_line().contains("<--message <FILE>|MSG_ID>"), "{}", ran.err);
}

#[test]
fn a_login_of_the_file_transfer_helper_lists_nobody_whom_it_cannot_send_to() {
    let builder = Emulator::builder().profile(Profile::FileHelper).room("Club", ["Bob"]);
    let place = Place::with_emulator(builder.contact("Anna", ""));
    for more in [&[][..], &["--rooms"], &["--members", "name:Club"]] {
        let ran = wx(&place, "contacts", "ureq", &[more, &["--json"]].concat());
        assert_eq!((ran.code, ran.kinds()), (1, vec!["failed".to_owned()]), "{more:?}");
        assert!(ran.one_line().contains("it can only send to filehelper"), "{}", ran.err);
    }
    place.assert_silence();
}

#[test]
fn a_job_whose_login_is_over_is_not_said_to_be_resumable() {
    for (ret, words) in [
        (
            "1101",
            "the job cannot be resumed in another login; log in, and send the rest with a new",
        ),
        ("1205", "not everything is sent; wx resume tries the rest again"),
    ] {
        let place = Place::with(&[&format!("ret={ret}@webwxsendmsgimg#2")]);
        place.file("a.jpg", &jpeg(100, 1));
        place.file("b.jpg", &jpeg(100, 2));
        let more = ["--to", "filehelper", "--resume-dir", "job", "a.jpg", "b.jpg"];
        let ran = wx(&place, "send", "ureq", &more);
        assert!(ran.code != 0 && ran.err.contains(words), "{}", ran.err);
        assert_eq!(ran.err.contains("wx resume"), ret == "1205", "{}", ran.err);
    }
}
