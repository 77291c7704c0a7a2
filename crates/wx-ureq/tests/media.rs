//! Where pictures come from, and where they go.

#![allow(clippy::unwrap_used)]

use std::io::{self, Cursor, Write};
use std::time::{Duration, UNIX_EPOCH};

use wx_emulator::Emulator;
use wx_proto::{ErrorChain, ErrorKind, MediaError, Policy, Recipient, Session};
use wx_ureq::{Client, MediaIo, Sink, Source};

fn picture() -> Vec<u8> {
    let mut picture = include_bytes!("tiny.png").to_vec();
    picture.resize(700_000, 9);
    picture
}

fn arrives(source: Source) -> wx_emulator::Request {
    let server = Emulator::start().unwrap();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let client = Client::new(session).unwrap();
    client.send_image(&Recipient::new(server.friend()).unwrap(), source).unwrap();
    assert!(server.messages()[0].picture == picture(), "other bytes arrived");
    assert_eq!(server.violations(), Vec::<String>::new());
    server.requests().into_iter().find(|request| request.endpoint == "webwxuploadmedia").unwrap()
}

#[test]
fn every_kind_of_source_arrives() {
    arrives(Source::bytes("a.png", picture()));
    arrives(Source::seekable("a.png", Cursor::new(picture())).unwrap());
    for memory_limit in [0, 699_999, 700_000, u64::MAX] {
        let reader = Source::reader("a.png", picture().as_slice(), memory_limit, 700_000).unwrap();
        arrives(reader);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("photo.png");
    let file = std::fs::File::create(&path).unwrap();
    (&file).write_all(&picture()).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_511_493_942)).unwrap();
    let request = arrives(Source::path(&path).unwrap());
    let value = |name: &str| request.part(name).unwrap().value.clone().unwrap();
    assert_eq!(value("name"), "photo.png");
    assert!(
        value("lastModifiedDate").starts_with("Fri Nov 24 2017"),
        "{}",
        value("lastModifiedDate")
    );
}

#[test]
fn a_path_that_cannot_be_read_is_named_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let reason = |path: std::path::PathBuf| Source::path(path).unwrap_err();
    let path = dir.path().join("none");
    let missing = reason(path.clone());
    let words = format!("the file {} could not be read: there is no such file", path.display());
    assert_eq!(
        (missing.kind(), ErrorChain(&missing).to_string()),
        (io::ErrorKind::NotFound, words)
    );
    let directory = reason(dir.path().to_owned());
    let words = format!(
        "the file {} could not be read: the path leads to a directory instead of a file",
        dir.path().display()
    );
    assert_eq!(ErrorChain(&directory).to_string(), words);
    #[cfg(unix)]
    assert_eq!(
        ErrorChain(&reason("/dev/null".into())).to_string(),
        "the file /dev/null could not be read: the path leads to no regular file"
    );
}

#[test]
fn a_reader_stops_at_its_limit() {
    for memory_limit in [0, 10, u64::MAX] {
        let error = Source::reader("a", std::io::repeat(1), memory_limit, 1_000_000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(error.to_string(), "the reader has more than 1000000 bytes");
    }
}

#[test]
fn a_span_past_the_end_gives_what_there_is() {
    let bytes = Source::bytes("a", "0123456789".as_bytes());
    let seekable = Source::seekable("a", Cursor::new("0123456789")).unwrap();
    for mut source in [bytes, seekable] {
        assert_eq!(source.load(0..11).unwrap(), "0123456789");
        assert_eq!(source.load(8..9).unwrap(), "8");
        assert_eq!(source.load(8..20).unwrap(), "89");
        assert_eq!(source.load(10..11).unwrap(), "");
        assert_eq!(source.load(50..60).unwrap(), "");
    }
}

#[test]
fn what_is_no_picture_is_refused_before_any_request() {
    let mut empty = Source::bytes("a.jpg", "");
    assert!(empty.is_empty());
    let error = empty.picture(&Policy::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Media(MediaError::Empty));
    let error = Source::bytes("a.jpg", "plain text").picture(&Policy::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Media(MediaError::NotAPicture));
}

#[test]
fn offset_zero_starts_a_sink_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let mut bytes = Vec::new();
    for mut sink in [Sink::path(&path), Sink::vec(&mut bytes)] {
        for (at, piece) in [(0, "0123456789"), (0, "abc"), (3, "def")] {
            sink.store(at, piece.into()).unwrap();
        }
        sink.finish().unwrap();
    }
    assert_eq!((std::fs::read(&path).unwrap(), bytes), (b"abcdef".to_vec(), b"abcdef".to_vec()));
}
