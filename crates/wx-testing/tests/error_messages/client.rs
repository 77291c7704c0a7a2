//! The errors that both clients share.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::error_walk::{ErrorWalk, check_chain};
use wx_client::lock::{LockError, LockedFile};
use wx_client::outbox::{Outbox, OutboxError, OutboxErrorKind};
use wx_client::proxy::ProxySettings;
use wx_client::session_file::{SessionFile, SessionFileError, SessionFileErrorKind};
use wx_client::{BuildError, FileError, LoginError, creation};
use wx_proto::flow::ResumeError;
use wx_proto::{
    Advice, Error, ErrorChain, HostError, Media, MediaError, Recipient, ReplyError, Session,
    SessionError, Step,
};

fn foreign() -> HostError {
    HostError::Foreign { host: None }
}

fn io_error() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "the disk is full")
}

/// Errors about the same path.
fn session_files() -> Vec<SessionFileError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.json");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        SessionFile::read(&path).unwrap_err()
    };
    let loopback = r#"{"version": 1, "base": "http://127.0.0.1", "cookies": [], "user_name": ""}"#;
    let mut errors = vec![read(""), read("[]"), read(r#"{"version": 2}"#), read(loopback)];
    File::create(&path).unwrap().set_len(5 << 20).unwrap();
    errors.push(SessionFile::read(&path).unwrap_err());
    let locked = SessionFile::open(&path).unwrap();
    errors.push(SessionFile::open(&path).unwrap_err());
    drop(locked);
    fs::remove_file(&path).unwrap();
    errors.push(SessionFile::open(&path).unwrap_err());
    fs::create_dir(&path).unwrap();
    errors.push(SessionFile::open(&path).unwrap_err());
    fs::remove_dir(&path).unwrap();
    fs::remove_dir(dir.path()).unwrap();
    errors.push(SessionFile::open_or_create(&path).unwrap_err());
    errors
}

fn locks() -> Vec<LockError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let _locked = LockedFile::open(&path, true).unwrap();
    vec![
        LockedFile::open(&path, true).unwrap_err(),
        LockError::Busy(None),
        LockError::Io(io::Error::other(SessionError::Host(HostError::Malformed))),
        LockError::Io(io::Error::other(SessionError::Host(foreign()))),
    ]
}

fn outbox_kinds() -> Vec<OutboxErrorKind> {
    let key = || "invoice 17".to_owned();
    vec![
        OutboxErrorKind::Busy(LockError::Busy(None)),
        OutboxErrorKind::Busy(LockError::Io(io_error())),
        OutboxErrorKind::NotAnOutbox { line: 3 },
        OutboxErrorKind::Version(2),
        OutboxErrorKind::EmptyKey,
        OutboxErrorKind::KnownKey(key()),
        OutboxErrorKind::OtherMedia(key()),
        used_key(),
        OutboxErrorKind::Active(key()),
        OutboxErrorKind::Uploading(key()),
        OutboxErrorKind::GivenUp(key()),
        OutboxErrorKind::Io(io::Error::other(SessionError::Host(HostError::Malformed))),
        OutboxErrorKind::Io(io::Error::other(SessionError::Host(foreign()))),
    ]
}

fn used_key() -> OutboxErrorKind {
    let outbox = Outbox::in_memory();
    let to = Recipient::file_helper();
    let session = Session::builder("https://wx.qq.com").uin(1).user_name("@me").build().unwrap();
    let job = outbox.job("invoice 17", &to, &session).unwrap();
    let used = serde_json::json!({
        "media_id": "@m", "thumbnail": null, "encry_file_name": null, "name": "a.jpg",
        "kind": "image", "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72", "chunks": 1,
        "server_byte_count": null
    });
    let used = serde_json::from_value(used).unwrap();
    let gif = Media::new("a.gif", 13, b"GIF89a\x01\0\x01\0\0\0\0").unwrap();
    job.compare(&used, &gif).unwrap_err().into_kind()
}

fn outboxes() -> Vec<OutboxError> {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    fs::write(at("file"), "").unwrap();
    for name in ["odd", "busy"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("odd").join(Outbox::FILE), "[]\n").unwrap();
    let _open = Outbox::open(at("busy")).unwrap();
    let mut errors: Vec<_> =
        ["file", "odd", "busy"].map(|name| Outbox::open(at(name)).unwrap_err()).into();
    let removed = Outbox::in_memory();
    removed.remove().unwrap();
    errors.push(removed.plan(serde_json::Value::Null, []).unwrap_err());
    errors.extend(outbox_kinds().into_iter().map(OutboxError::from));
    errors
}

fn logins(builds: &[BuildError]) -> Vec<LoginError> {
    let session = Session::builder("https://wx.qq.com").uin(1).user_name("@me").build().unwrap();
    let mut logins: Vec<_> = builds.iter().copied().map(LoginError::Build).collect();
    for reply in [ReplyError::Empty, ReplyError::Status(503)] {
        let error = Error::new(Step::Init, reply);
        logins.push(LoginError::Login(error.clone()));
        logins.push(LoginError::Unfinished { error, session: Box::new(session.clone()) });
    }
    logins
}

#[test]
fn every_chain_is_made_of_sentences_that_are_said_once() {
    let mut walk = ErrorWalk::new("wx-client");
    let files = session_files();
    walk.data(
        "SessionFileErrorKind",
        &files.iter().map(SessionFileError::kind).collect::<Vec<_>>(),
    );
    walk.errors("SessionFileError", files);
    walk.errors(
        "SessionFileErrorKind",
        [
            SessionFileErrorKind::NotFound,
            SessionFileErrorKind::NoLogin,
            SessionFileErrorKind::Busy(None),
            SessionFileErrorKind::TooLarge,
            SessionFileErrorKind::Session(SessionError::Host(HostError::Malformed)),
            SessionFileErrorKind::Session(SessionError::Host(foreign())),
            SessionFileErrorKind::Io(io_error()),
            SessionFileErrorKind::Io(io::Error::other(ResumeError::Media(MediaError::Empty))),
            SessionFileErrorKind::Io(io::Error::other(ResumeError::Media(MediaError::TooLarge {
                len: 2,
                limit: 1,
            }))),
        ],
    );
    walk.errors("LockError", locks());
    walk.errors("OutboxErrorKind", outbox_kinds());
    walk.errors("OutboxError", outboxes());
    let refused = |name| ProxySettings::parse(|set| (set == name).then(|| "ftp://a".into()));
    walk.errors("ProxyError", ["ALL_PROXY", "https_proxy"].map(|name| refused(name).unwrap_err()));
    let builds = [
        BuildError::NoTls,
        BuildError::NoCryptoProvider,
        BuildError::Unverified,
        BuildError::Client,
        BuildError::Loopback,
        BuildError::Proxy(refused("ALL_PROXY").unwrap_err()),
        BuildError::Proxy(refused("https_proxy").unwrap_err()),
    ];
    walk.errors("BuildError", builds);
    walk.errors("LoginError", logins(&builds));
    let not_found = io::Error::from_raw_os_error(2);
    walk.errors("FileError", [io_error(), not_found].map(|error| FileError::new("a.jpg", error)));
    walk.finish();
    for error in [io_error(), io::Error::from_raw_os_error(2), io::Error::from_raw_os_error(20)] {
        let explained = creation::explain(Path::new("none/file"), error);
        check_chain(explained.get_ref().unwrap());
    }
    check_chain(creation::explain_unnamed(io_error()).get_ref().unwrap());
}

#[test]
fn converted_errors_keep_their_chain_and_advice() {
    for error in outboxes() {
        let advice = match error.kind() {
            OutboxErrorKind::EmptyKey
            | OutboxErrorKind::KnownKey(_)
            | OutboxErrorKind::OtherMedia(_)
            | OutboxErrorKind::UsedKey(_) => Advice::CheckKey,
            OutboxErrorKind::Active(_) | OutboxErrorKind::Uploading(_) => Advice::RetryLater,
            _ => Advice::CheckFile,
        };
        let shown = ErrorChain(&error).to_string();
        let wrapped = Error::from(error);
        assert_eq!((wrapped.chain().to_string(), wrapped.advice()), (shown, advice));
    }
}

#[test]
fn the_advice_fits_the_session_file() {
    let advice: Vec<_> = session_files().iter().map(SessionFileError::advice).collect();
    let login = Advice::LoginAgain;
    let (file, later) = (Advice::CheckFile, Advice::RetryLater);
    assert_eq!(advice, [login, login, login, file, login, later, login, file, file]);
}
