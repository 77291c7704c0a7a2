//! What people and scripts read: each cause of an error in one line of its own, with the advice
//! that fits it.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::error::Error as _;

use wx_proto::flow::{
    CertificateProblem, ProxyProblem, ResumeError, TransportError, TransportErrorKind,
};
use wx_proto::{
    Advice, Error, ErrorKind, FirstBytes, HostError, ImageFormat, MediaId, MsgId, PictureError,
    Policy, ReplyError, RequestError, Ret, SourceError, Step, UserName,
};

const STEPS: [Step; 12] = [
    Step::Prepare,
    Step::Digest,
    Step::Report,
    Step::Check,
    Step::Upload,
    Step::Message,
    Step::Download,
    Step::Login,
    Step::Init,
    Step::Sync,
    Step::Contacts,
    Step::Logout,
];

fn network(kind: TransportErrorKind) -> ErrorKind {
    ErrorKind::Network { failure: TransportError::never_connected(kind), tries: 1 }
}

fn uncertain(last: Option<ErrorKind>) -> ErrorKind {
    ErrorKind::Uncertain { last: last.map(Box::new), tries: 4 }
}

fn refused(code: i64) -> ReplyError {
    ReplyError::Refused { ret: Ret(code), message: String::new() }
}

fn not_a_picture() -> ReplyError {
    ReplyError::NotAPicture { first: FirstBytes::new(b"hello") }
}

/// Causes of their own, and what to do about each when a picture is sent.
fn causes() -> Vec<(ErrorKind, Advice)> {
    let host = || "evil.example".to_owned();
    let mut causes = vec![
        (ErrorKind::Request(RequestError::NotLoggedIn), Advice::LoginAgain),
        (ErrorKind::Request(RequestError::NoDataTicket), Advice::LoginAgain),
        (ErrorKind::Request(RequestError::Unsendable("the language")), Advice::Report),
        (ErrorKind::Host(HostError::Foreign { host: host() }), Advice::CheckProxy),
        (ErrorKind::NotConfirmed { codes: 3 }, Advice::LoginAgain),
        (ErrorKind::Media(PictureError::Empty), Advice::CheckFile),
        (ErrorKind::Media(PictureError::TooLarge { len: 11, limit: 10 }), Advice::RaiseLimit),
        (
            ErrorKind::Media(PictureError::TooLargeForProfile { len: 11, limit: 10 }),
            Advice::CheckFile,
        ),
        (ErrorKind::Media(PictureError::NotAPicture), Advice::CheckFile),
        (ErrorKind::Media(PictureError::Unsupported(ImageFormat::Webp)), Advice::CheckFile),
        (ErrorKind::Cancelled, Advice::RetryLater),
        (ErrorKind::Changed, Advice::CheckFile),
        (ErrorKind::OtherPicture, Advice::CheckFile),
        (ErrorKind::SourceEnded { expected: 12, got: 7 }, Advice::CheckFile),
        (
            ErrorKind::Source(SourceError::new(std::io::ErrorKind::NotFound, "no such file")),
            Advice::CheckFile,
        ),
        (uncertain(None), Advice::LookAtPhone),
        (uncertain(Some(network(TransportErrorKind::Stalled))), Advice::LookAtPhone),
        (uncertain(Some(ErrorKind::Reply(ReplyError::Empty))), Advice::LookAtPhone),
        (uncertain(Some(ErrorKind::Reply(refused(1205)))), Advice::LookAtPhone),
    ];
    let in_between = [
        TransportErrorKind::Proxy(ProxyProblem::Resolve),
        TransportErrorKind::Proxy(ProxyProblem::Connect),
        TransportErrorKind::Proxy(ProxyProblem::Refused(Some(407))),
        TransportErrorKind::Proxy(ProxyProblem::Refused(Some(502))),
        TransportErrorKind::Proxy(ProxyProblem::Refused(None)),
        TransportErrorKind::Proxy(ProxyProblem::Closed),
        TransportErrorKind::Proxy(ProxyProblem::Stalled),
        TransportErrorKind::Certificate(CertificateProblem::Expired),
        TransportErrorKind::Certificate(CertificateProblem::NotYetValid),
        TransportErrorKind::Certificate(CertificateProblem::UnknownIssuer),
        TransportErrorKind::Certificate(CertificateProblem::WrongName),
        TransportErrorKind::Certificate(CertificateProblem::Revoked),
        TransportErrorKind::Certificate(CertificateProblem::Other),
    ];
    causes.extend(in_between.map(|kind| (network(kind), Advice::CheckProxy)));
    let failures = [
        TransportErrorKind::Resolve,
        TransportErrorKind::Connect,
        TransportErrorKind::Tls,
        TransportErrorKind::Dropped,
        TransportErrorKind::Stalled,
        TransportErrorKind::Protocol,
        TransportErrorKind::Other,
    ];
    causes.extend(failures.map(|kind| (network(kind), Advice::CheckNetwork)));
    let replies = [
        (ReplyError::Redirect { status: 302, host: Some(host()) }, Advice::CheckProxy),
        (ReplyError::Redirect { status: 302, host: None }, Advice::CheckProxy),
        (ReplyError::Status(404), Advice::Report),
        (ReplyError::Status(204), Advice::Report),
        (ReplyError::Status(206), Advice::Report),
        (ReplyError::Status(304), Advice::CheckProxy),
        (ReplyError::Status(429), Advice::RetryLater),
        (ReplyError::Status(500), Advice::RetryLater),
        (ReplyError::Status(599), Advice::RetryLater),
        (ReplyError::TooLarge { limit: 10 }, Advice::Report),
        (ReplyError::Empty, Advice::RetryLater),
        (ReplyError::Cut { expected: Some(12), got: 7 }, Advice::RetryLater),
        (ReplyError::Cut { expected: None, got: 7 }, Advice::RetryLater),
        (ReplyError::NoLength, Advice::CheckProxy),
        (ReplyError::Encoding("br".to_owned()), Advice::CheckProxy),
        (ReplyError::Html, Advice::CheckProxy),
        (ReplyError::NotJson, Advice::CheckProxy),
        (ReplyError::CutJson, Advice::RetryLater),
        (ReplyError::Json, Advice::Report),
        (not_a_picture(), Advice::Report),
        (ReplyError::NoDataTicket { expired: false }, Advice::LoginAgain),
        (ReplyError::NoDataTicket { expired: true }, Advice::SetClock),
        (ReplyError::NoRet, Advice::Report),
        (refused(1101), Advice::LoginAgain),
        (refused(1205), Advice::Wait),
        (refused(-1), Advice::RetryLater),
        (refused(1204), Advice::CheckRecipient),
        (refused(77), Advice::Report),
        (ReplyError::Refused { ret: Ret(77), message: "so it says".to_owned() }, Advice::Report),
        (ReplyError::NoMediaId, Advice::Report),
        (ReplyError::NoMsgId, Advice::Report),
        (ReplyError::Assembled { expected: 12, got: 24 }, Advice::Report),
    ];
    causes.extend(replies.map(|(reply, advice)| (ErrorKind::Reply(reply), advice)));
    causes
}

fn assert_distinct_lines(texts: impl IntoIterator<Item = String>) {
    let mut seen = BTreeSet::new();
    for text in texts {
        assert!(!text.is_empty() && !text.contains('\n') && !text.ends_with('.'), "{text:?}");
        assert!(seen.insert(text.clone()), "said of two things: {text:?}");
    }
}

#[test]
fn every_cause_has_a_line_of_its_own_and_its_advice() {
    for (kind, advice) in causes() {
        let error = Error::new(Step::Upload, kind);
        assert_eq!(error.advice(), advice, "{error}");
        // What wraps another error shows it as its source, with the same words.
        if let Some(source) = error.source() {
            assert_eq!(error.to_string(), format!("uploading: {source}"));
        }
    }
    assert_distinct_lines(causes().into_iter().map(|(kind, _)| kind.to_string()));
    let text = |kind: ErrorKind| Error::new(Step::Prepare, kind).to_string();
    assert_eq!(
        text(ErrorKind::SourceEnded { expected: 12, got: 7 }).matches("7 of 12 bytes").count(),
        1
    );
    assert_eq!(
        text(ErrorKind::Reply(ReplyError::Refused {
            ret: Ret(77),
            message: "so it says".to_owned()
        })),
        "the server refused it: Ret 77: so it says"
    );
    assert_eq!(
        text(ErrorKind::Reply(refused(1205))),
        "the server refused it: Ret 1205 (too frequent)"
    );
}

#[test]
fn every_step_and_advice_has_a_name_and_words_of_its_own() {
    // Nothing was done yet at the first of them, so it says nothing of itself.
    let of_step = |step: &Step| Error::new(*step, ErrorKind::Cancelled).to_string();
    assert_distinct_lines(STEPS.iter().map(of_step));
    assert_eq!(of_step(&Step::Prepare), "cancelled");
    let mut advice: Vec<_> = causes().into_iter().map(|(_, advice)| advice).collect();
    advice.push(Error::new(Step::Download, ReplyError::Empty).advice());
    advice.sort_by_key(|advice| advice.name());
    advice.dedup();
    assert_eq!(advice.len(), 12, "all of them: {advice:?}");
    assert_distinct_lines(advice.iter().map(ToString::to_string));
    let names: Vec<_> =
        STEPS.iter().map(|step| step.name()).chain(advice.iter().map(|one| one.name())).collect();
    assert!(
        names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    );
    // A step and an advice may share one: both tell of a report.
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len() - 1);
}

#[test]
fn every_reason_not_to_resume_has_a_line_of_its_own() {
    let reasons = [
        ResumeError::NotASnapshot,
        ResumeError::Version(2),
        ResumeError::OtherLogin,
        ResumeError::OtherJob,
        ResumeError::Invalid("acked"),
        ResumeError::RequestError(RequestError::NotLoggedIn),
    ];
    assert_distinct_lines(reasons.iter().map(ToString::to_string));
    assert!(ResumeError::Version(2).to_string().contains("version 2"));
}

#[test]
fn names_say_what_they_should_have_looked_like() {
    let errors = [
        MsgId::new("x").unwrap_err(),
        UserName::new("").unwrap_err(),
        MediaId::new("").unwrap_err(),
    ];
    assert_distinct_lines(errors.iter().map(ToString::to_string));
    assert_eq!("7".parse::<MsgId>().unwrap().to_string(), "7");
}

#[test]
fn a_format_that_is_not_sent_is_named() {
    let first: [(&[u8], &str, &str); 4] = [
        (b"RIFF\0\0\0\0WEBP", "webp", "image/webp"),
        (b"\0\0\0\x18ftypheic", "heif", "image/heif"),
        (b"II*\0\x08\0\0\0", "tiff", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "tiff", "image/tiff"),
    ];
    for (first, name, mime) in first {
        let refused =
            wx_proto::Picture::new("a", first.len() as u64, first, &Policy::default()).unwrap_err();
        let PictureError::Unsupported(format) = refused.clone() else { panic!("{refused}") };
        assert_eq!((format.name(), format.mime()), (name, mime));
        assert!(refused.to_string().contains(&format!(" {name} ")), "{refused}");
    }
}
