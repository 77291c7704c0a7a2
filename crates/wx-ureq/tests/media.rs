//! Sources and sinks.

#![allow(clippy::unwrap_used)]

use std::io::{self, Cursor, Write};
use std::ops::Range;
use std::time::{Duration, UNIX_EPOCH};

use wx_emulator::Emulator;
use wx_proto::bytes::Bytes;
use wx_proto::endpoint::{Endpoint, js_login::JsLogin};
use wx_proto::flow::{Action, CallId, Flow, Input, Progress, UnexpectedInput, Upload};
use wx_proto::{
    Advice, ErrorChain, ErrorKind, MediaError, MediaKind, Policy, Recipient, Session, Step,
};
use wx_ureq::{Client, MediaIo, RunOptions, Sink, Source, drive, seed};

fn image() -> Vec<u8> {
    let mut image = include_bytes!("tiny.png").to_vec();
    image.resize(700_000, 9);
    image
}

fn arrives(source: Source) -> wx_emulator::Request {
    let server = Emulator::start().unwrap();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let client = Client::new(session).unwrap();
    client.send_image(&Recipient::new(server.friend()).unwrap(), source).run().unwrap();
    assert!(server.messages()[0].media == image(), "other bytes arrived");
    assert_eq!(server.violations(), Vec::<String>::new());
    server.requests().into_iter().find(|request| request.endpoint == "webwxuploadmedia").unwrap()
}

#[test]
fn every_kind_of_source_arrives() {
    arrives(Source::bytes("a.png", image()));
    arrives(Source::seekable("a.png", Cursor::new(image())).unwrap());
    for memory_limit in [0, 699_999, 700_000, u64::MAX] {
        let reader = Source::reader("a.png", image().as_slice(), memory_limit, 700_000).unwrap();
        arrives(reader);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("photo.png");
    let file = std::fs::File::create(&path).unwrap();
    (&file).write_all(&image()).unwrap();
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
        "the file /dev/null could not be read: the path does not lead to a regular file"
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
fn a_span_past_the_end_returns_the_bytes_before_the_end() {
    let bytes = Source::bytes("a", "0123456789".as_bytes());
    let seekable = Source::seekable("a", Cursor::new("0123456789")).unwrap();
    for mut source in [bytes, seekable] {
        assert_eq!(source.read(0..11).unwrap(), "0123456789");
        assert_eq!(source.read(8..9).unwrap(), "8");
        assert_eq!(source.read(8..20).unwrap(), "89");
        assert_eq!(source.read(10..11).unwrap(), "");
        assert_eq!(source.read(50..60).unwrap(), "");
    }
}

#[test]
fn media_that_is_not_an_image_is_refused_before_any_request() {
    let mut empty = Source::bytes("a.jpg", "");
    assert!(empty.is_empty());
    let error = empty.media().unwrap_err();
    assert_eq!(error.kind, ErrorKind::Media(MediaError::Empty));
    let text = Source::bytes("a.jpg", "plain text").media().unwrap();
    assert_eq!(text.kind(), MediaKind::File);
    let refused = MediaError::NotAnImage(text.format());
    assert_eq!(text.require_image(), Err(refused));
}

#[test]
fn offset_zero_starts_a_sink_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    let mut bytes = Vec::new();
    for mut sink in [Sink::path(&path), Sink::vec(&mut bytes)] {
        for (at, piece) in [(0, "0123456789"), (0, "abc"), (3, "def")] {
            sink.write(at, piece.into()).unwrap();
        }
        sink.finish().unwrap();
    }
    assert_eq!((std::fs::read(&path).unwrap(), bytes), (b"abcdef".to_vec(), b"abcdef".to_vec()));
}

/// Returns more bytes than requested.
struct OverlongSource(Source);

impl MediaIo for OverlongSource {
    fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        self.0.read(span.start..span.end + 1)
    }
}

/// A flow that reads or makes a call, and refuses every input except a failure.
struct RefusingFlow {
    reads: bool,
    received: Option<String>,
}

impl Flow for RefusingFlow {
    type Output = String;

    fn poll(&mut self, session: &mut Session, _: Duration) -> Action<String> {
        match &self.received {
            Some(received) => Action::Done(received.clone()),
            None if self.reads => Action::Read(0..1),
            None => Action::Send(
                CallId::FIRST,
                JsLogin::new(wx_proto::UnixMs::new(1)).request(session).unwrap(),
            ),
        }
    }

    fn handle(&mut self, input: Input, _: Duration) -> Result<(), UnexpectedInput> {
        self.received = Some(match input {
            Input::Local(error) => format!("{error}: {}", error.advice()),
            Input::Failed(_, error) => error.to_string(),
            _ => return Err(UnexpectedInput),
        });
        Ok(())
    }

    fn progress(&self) -> Progress {
        Progress::new(Step::Call, 0)
    }

    fn cancel(&mut self) {
        self.received = Some("cancelled".to_owned());
    }
}

/// A bug of a source or a flow is not reported as a cancelled job.
#[test]
fn a_bug_is_not_reported_as_a_cancel() {
    let server = Emulator::start().unwrap();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let client = Client::new(session.clone()).unwrap();
    let (http, cell) = (client.http(), client.session_cell());
    let mut source = Source::bytes("a.png", image());
    let media = source.media().unwrap();
    let to = Recipient::new(server.friend()).unwrap();
    let mut upload = Upload::new(&session, media, to, seed().unwrap(), Policy::default()).unwrap();
    let mut greedy = OverlongSource(source);
    let error = drive(http, cell, &mut greedy, &mut upload, &mut RunOptions::new()).unwrap_err();
    assert_eq!(error.advice(), Advice::Report);
    let words = "the source returned 524289 bytes for a read of 524288";
    assert_eq!(error.chain().to_string(), format!("the file could not be read: {words}"));
    for (reads, words) in [
        (true, format!("the flow refused the input for its own action: {}", Advice::Report)),
        (false, "the request to the server failed".to_owned()),
    ] {
        let mut flow = RefusingFlow { reads, received: None };
        let mut source = Source::bytes("a.png", image());
        assert_eq!(drive(http, cell, &mut source, &mut flow, &mut RunOptions::new()), words);
    }
}

/// The error names a missing directory.
#[test]
fn a_sink_without_its_directory_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let mut sink = Sink::path(dir.path().join("none/a.jpg"));
    let error = sink.write(0, Bytes::from_static(b"image")).unwrap_err();
    let words = format!("the directory {} does not exist", dir.path().join("none").display());
    assert_eq!((error.kind(), error.to_string()), (io::ErrorKind::NotFound, words));
}
