//! `wx fetch-image`.

use std::fs;

use crate::support::{Place, TRANSPORTS, fetch, jpeg, png};

#[test]
fn the_original_and_the_thumbnail() {
    for transport in TRANSPORTS {
        let picture = jpeg(300_000, 7);
        let place = Place::build(&[], &[&picture]);
        let id = place.emulator.incoming().remove(0);
        let get = |more: &[&str]| place.wx(&fetch(transport, &[&["--json", &id], more].concat()));
        let ran = get(&["--out", "original.jpg"]);
        let [event] = &ran.events()[..] else { panic!("{}", ran.err) };
        assert_eq!(ran.code, 0);
        assert_eq!(fs::read(place.path("original.jpg")).unwrap(), picture);
        assert_eq!(
            (&event["event"], &event["msg_id"], &event["path"]),
            (&"fetched".into(), &id.as_str().into(), &"original.jpg".into())
        );
        assert_eq!((&event["bytes"], &event["format"]), (&picture.len().into(), &"jpeg".into()));
        assert_eq!(event["md5"].as_str().unwrap().len(), 32);

        assert_eq!(get(&["--size", "thumb", "--out", "thumb.jpg"]).code, 0);
        let thumbnail =
            image::load_from_memory(&fs::read(place.path("thumb.jpg")).unwrap()).unwrap();
        assert_eq!(thumbnail.width().max(thumbnail.height()), 100);
        assert_eq!(get(&["--size", "big", "--out", "big.jpg"]).code, 0);
        assert_eq!(place.names(), ["big.jpg", "original.jpg", "thumb.jpg"]);
        assert_eq!(place.emulator.violations(), [""; 0]);
    }
}

#[test]
fn standard_output_gets_the_bytes_and_nothing_else() {
    for transport in TRANSPORTS {
        let picture = png();
        let place = Place::build(&[], &[&picture]);
        let id = place.emulator.incoming().remove(0);
        let ran = place.wx(&fetch(transport, &["--out", "-", &id]));
        assert_eq!((ran.code, ran.bytes), (0, picture), "{}", ran.err);
        assert!(ran.err.contains(&format!("fetched {id}: png, ")), "{}", ran.err);
        let ran = place.wx(&fetch("ureq", &["--json", "--out", "-", &id]));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        ran.one_line();
    }
}

#[test]
fn nothing_is_replaced_unless_forced() {
    let picture = jpeg(1000, 7);
    let place = Place::build(&[], &[&picture]);
    let id = place.emulator.incoming().remove(0);
    place.file("here.jpg", b"precious");
    let args = fetch("ureq", &["--json", "--out", "here.jpg", &id]);
    let ran = place.wx(&args);
    assert_eq!((ran.code, ran.column("step")), (1, vec!["prepare".to_owned()]));
    assert!(
        ran.one_line().contains("here.jpg: exists already; --force replaces it"),
        "{}",
        ran.err
    );
    assert_eq!(fs::read(place.path("here.jpg")).unwrap(), b"precious");
    place.assert_silence();
    assert_eq!(place.wx(&[&args[..], &["--force"]].concat()).code, 0);
    assert_eq!(fs::read(place.path("here.jpg")).unwrap(), picture);
    assert_eq!(place.names(), ["here.jpg"]);
}

#[test]
fn places_that_cannot_be_written_to() {
    let place = Place::build(&[], &[&jpeg(1000, 7)]);
    let id = place.emulator.incoming().remove(0);
    fs::create_dir(place.path("dir")).unwrap();
    for (out, words) in [
        ("dir", "dir: is a directory"),
        ("none/a.jpg", "the directory none does not exist"),
        ("/dev/null", "is not a regular file"),
    ] {
        for force in [&[][..], &["--force"]] {
            let ran = place.wx(&fetch("ureq", &[force, &["--json", "--out", out, &id]].concat()));
            assert_eq!((ran.code, ran.column("advice")), (1, vec!["check_output".to_owned()]));
            let line = ran.one_line();
            assert!(line.contains(words) && !line.contains(".wx-"), "{line}");
        }
    }
    place.assert_silence();
    assert_eq!(place.names(), ["dir"]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full() {
    let place = Place::build(&[], &[&jpeg(1000, 7)]);
    let id = place.emulator.incoming().remove(0);
    for transport in TRANSPORTS {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = place.command(&fetch(transport, &["--out", "-", &id]));
        let ran = command.stdout(full).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{said}");
        assert!(said.contains("; check the output") && !said.contains("check the file"), "{said}");
    }
}

#[test]
fn a_download_that_fails_leaves_what_was_there() {
    for transport in TRANSPORTS {
        for fault in ["html", "status=404", "redirect=https://example.com/"] {
            let place = Place::build(&[&format!("{fault}@webwxgetmsgimg")], &[&jpeg(1000, 7)]);
            let id = place.emulator.incoming().remove(0);
            place.file("old.jpg", b"old");
            let ran = place.wx(&fetch(transport, &["--json", "--force", "--out", "old.jpg", &id]));
            assert_eq!(
                (ran.code, ran.kinds()),
                (1, vec!["failed".to_owned()]),
                "{fault}: {}",
                ran.err
            );
            ran.one_line();
            assert_eq!(fs::read(place.path("old.jpg")).unwrap(), b"old");
            assert_eq!(place.names(), ["old.jpg"]);
            assert_eq!(place.emulator.requests().len(), 1, "{fault}");
        }
    }
}

#[test]
fn a_cut_download_leaves_nothing() {
    let run = |transport| {
        let place = Place::build(&["cut=500@webwxgetmsgimg"], &[&jpeg(100_000, 7)]);
        let id = place.emulator.incoming().remove(0);
        let ran = place.wx(&fetch(transport, &["--json", "--out", "new.jpg", &id]));
        assert_eq!((ran.code, ran.column("step")), (1, vec!["download".to_owned()]), "{}", ran.err);
        assert_eq!(ran.column("path"), ["new.jpg"]);
        assert!(ran.one_line().starts_with(&format!("wx: {id}: ")), "{}", ran.err);
        assert_eq!(place.names(), [""; 0]);
        assert_eq!(place.emulator.requests_to("webwxgetmsgimg"), 3);
    };
    // The fetch waits for 3 seconds.
    let threads = TRANSPORTS.map(|transport| std::thread::spawn(move || run(transport)));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_msg_id_is_digits() {
    let place = Place::new();
    for id in ["12a", "-5", "1.5", "../x", "", "123456789012345678901", "１２"] {
        let ran = place.wx(&fetch("ureq", &["--json", "--out", "x.jpg", id]));
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{id}");
        ran.one_line();
    }
    place.assert_silence();
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_message_without_a_picture() {
    let place = Place::new();
    let ran = place.wx(&fetch("ureq", &["--out", "x.jpg", "12345"]));
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.one_line().starts_with("wx: 12345: the download failed: "), "{}", ran.err);
    assert_eq!(place.names(), [""; 0]);
}

/// The beginning of a video, which a server may send in place of a picture.
const FILM: &[u8] = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41 and so on";

#[test]
fn what_is_not_a_known_picture_is_kept_only_on_request() {
    for transport in TRANSPORTS {
        let place = Place::build(&[], &[FILM]);
        let id = place.emulator.incoming().remove(0);
        let args = fetch(transport, &["--out", "film.bin", &id]);
        let ran = place.wx(&args);
        assert_eq!((ran.code, place.names()), (1, vec![]), "{}", ran.err);
        assert!(ran.one_line().contains("it begins with 00 00 00 20 66 74 79 70"), "{}", ran.err);
        let ran = place.wx(&[&args[..], &["--keep-unknown"]].concat());
        assert_eq!(
            (ran.code, &fs::read(place.path("film.bin")).unwrap()[..]),
            (0, FILM),
            "{}",
            ran.err
        );
        // An HTML page is not such a file.
        let page = Place::build(&[], &[b"<html>not a picture</html>"]);
        let id = page.emulator.incoming().remove(0);
        let ran = page.wx(&fetch(transport, &["--keep-unknown", "--out", "film.bin", &id]));
        assert_eq!((ran.code, page.names()), (1, vec![]), "{}", ran.err);
        assert!(ran.one_line().contains("web page"), "{}", ran.err);
    }
}

#[test]
fn statuses_have_words_of_their_own() {
    for (status, words) in [
        ("204", "there is no content (204)"),
        ("304", "nothing has changed (304)"),
        ("429", "there were too many requests (429)"),
    ] {
        let fault = format!("status={status}@webwxgetmsgimg");
        let place = Place::build(&[&fault], &[&jpeg(1000, 7)]);
        let id = place.emulator.incoming().remove(0);
        let ran = place.wx(&fetch("ureq", &["--out", "a.jpg", &id]));
        assert_eq!(ran.code, 1);
        assert!(ran.one_line().contains(words), "{}", ran.err);
    }
}
