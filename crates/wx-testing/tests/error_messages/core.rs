//! The errors of the core, each with its advice.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::io;

use crate::error_walk::{ErrorWalk, check_chain};
use crate::sessions::{saved_logins, sessions};
use wx_proto::flow::{
    CertificateProblem, ProxyProblem, ResumeError, TransportError, TransportErrorKind,
    UnexpectedInput,
};
use wx_proto::http::header::COOKIE;
use wx_proto::{
    Advice, Error, ErrorChain, ErrorKind, FirstBytes, HostError, MediaError, MediaFormat, MediaId,
    MediaKind, MsgId, NameError, Outcome, RecordingFormat, ReplyError, ReplyField, RequestError,
    Ret, SessionError, SourceError, Step, UnixMs, UserName,
};

const STEPS: [Step; 13] = [
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
    Step::Call,
];

fn network(error: TransportError) -> ErrorKind {
    ErrorKind::Network { error, tries: 1 }
}

fn uncertain(last: Option<ErrorKind>) -> ErrorKind {
    ErrorKind::Uncertain { last: last.map(Box::new), tries: 4 }
}

fn refused(code: i64) -> ReplyError {
    ReplyError::Refused { ret: Ret(code), message: String::new() }
}

fn requests() -> Vec<(RequestError, Advice)> {
    vec![
        (RequestError::NotLoggedIn, Advice::LoginAgain),
        (RequestError::InitDue, Advice::Report),
        (RequestError::NoDataTicket, Advice::LoginAgain),
        (RequestError::LoginOver { since: UnixMs::EPOCH }, Advice::LoginAgain),
        (RequestError::NoSyncKey, Advice::Report),
        (RequestError::InvalidUri, Advice::Report),
        (RequestError::InvalidHeader(COOKIE), Advice::Report),
        (RequestError::InvalidJson, Advice::Report),
        (RequestError::EmptyText, Advice::WriteText),
        (RequestError::TooOldToRevoke, Advice::DeleteOnPhone),
        (RequestError::NotRevocable, Advice::DeleteOnPhone),
    ]
}

pub(crate) fn hosts() -> Vec<HostError> {
    let host = || Some("evil.example".to_owned());
    vec![
        HostError::Malformed,
        HostError::Foreign { host: host() },
        HostError::Foreign { host: None },
        HostError::NotHttps { host: host() },
        HostError::NotHttps { host: None },
        HostError::Loopback { host: "127.0.0.1".to_owned() },
    ]
}

fn media() -> Vec<(MediaError, Advice)> {
    let kind = MediaKind::Image;
    vec![
        (MediaError::Empty, Advice::CheckFile),
        (MediaError::TooLarge { len: 11, limit: 10 }, Advice::RaiseLimit),
        (MediaError::TooLargeForKind { kind, len: 11, limit: 10 }, Advice::RaiseLimit),
        (MediaError::TooLargeForProfile { len: 11, limit: 10 }, Advice::CheckFile),
        (MediaError::NotAnImage(MediaFormat::Other), Advice::CheckFile),
        (MediaError::NotAnImage(MediaFormat::Webp), Advice::CheckFile),
        (MediaError::WrongKind { format: MediaFormat::Gif, kind }, Advice::CheckFile),
    ]
}

const PROXY: [ProxyProblem; 7] = [
    ProxyProblem::Resolve,
    ProxyProblem::Connect,
    ProxyProblem::Refused(Some(407)),
    ProxyProblem::Refused(Some(502)),
    ProxyProblem::Refused(None),
    ProxyProblem::Closed,
    ProxyProblem::Stalled,
];

const CERTIFICATE: [CertificateProblem; 6] = [
    CertificateProblem::Expired,
    CertificateProblem::NotYetValid,
    CertificateProblem::UnknownIssuer,
    CertificateProblem::WrongName,
    CertificateProblem::Revoked,
    CertificateProblem::Other,
];

fn failure_kinds() -> Vec<(TransportErrorKind, Advice)> {
    let mut kinds: Vec<_> = [
        TransportErrorKind::Resolve,
        TransportErrorKind::Connect,
        TransportErrorKind::Tls,
        TransportErrorKind::Dropped,
        TransportErrorKind::Stalled,
        TransportErrorKind::Protocol,
        TransportErrorKind::Other,
    ]
    .map(|kind| (kind, Advice::CheckNetwork))
    .into();
    kinds.extend(PROXY.map(|problem| (TransportErrorKind::Proxy(problem), Advice::CheckProxy)));
    kinds.extend(
        CERTIFICATE.map(|problem| (TransportErrorKind::Certificate(problem), Advice::CheckProxy)),
    );
    kinds
}

fn failures() -> Vec<(TransportError, Advice)> {
    let error = |(kind, advice)| (TransportError::never_connected(kind), advice);
    failure_kinds().into_iter().map(error).collect()
}

fn replies() -> Vec<(ReplyError, Advice)> {
    let host = Some("evil.example".to_owned());
    let (first, expected) = (|| FirstBytes::new(b"hello"), RecordingFormat::Mp4);
    vec![
        (ReplyError::Redirect { status: 302, host }, Advice::CheckProxy),
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
        (ReplyError::EmptyFile, Advice::AskSender),
        (ReplyError::Truncated { expected: Some(12), got: 7 }, Advice::RetryLater),
        (ReplyError::Truncated { expected: Some(7), got: 12 }, Advice::RetryLater),
        (ReplyError::Truncated { expected: None, got: 7 }, Advice::RetryLater),
        (ReplyError::NoLength, Advice::CheckProxy),
        (ReplyError::Encoding("br".to_owned()), Advice::CheckProxy),
        (ReplyError::CorruptGzip, Advice::CheckProxy),
        (ReplyError::Html, Advice::CheckProxy),
        (ReplyError::NotJson, Advice::CheckProxy),
        (ReplyError::TruncatedJson, Advice::RetryLater),
        (ReplyError::Json, Advice::Report),
        (ReplyError::NotAnImage { first: first() }, Advice::Report),
        (ReplyError::NotARecording { expected, first: first() }, Advice::Report),
        (ReplyError::NoDataTicket { expired: false }, Advice::LoginAgain),
        (ReplyError::NoDataTicket { expired: true }, Advice::SetClock),
        (ReplyError::NoRet, Advice::Report),
        (ReplyError::InvalidField, Advice::Report),
        (ReplyError::Missing(ReplyField::WxUin), Advice::Report),
        (ReplyError::LoginPageLoop, Advice::Report),
        (ReplyError::Code(400), Advice::Report),
        (refused(1101), Advice::LoginAgain),
        (refused(1205), Advice::Wait),
        (refused(-1), Advice::RetryLater),
        (refused(1203), Advice::UseFileHelper),
        (refused(1204), Advice::CheckRecipient),
        (refused(77), Advice::Report),
        (ReplyError::Refused { ret: Ret(77), message: "so it says".to_owned() }, Advice::Report),
        (ReplyError::NoMediaId, Advice::Report),
        (ReplyError::NoMsgId, Advice::Report),
        (ReplyError::Assembled { expected: 12, got: 24 }, Advice::Report),
    ]
}

/// Every kind, and its advice when an image is uploaded.
fn kinds() -> Vec<(ErrorKind, Advice)> {
    let dropped = TransportError::on_the_way(TransportErrorKind::Dropped);
    let not_found = SourceError::new(io::ErrorKind::NotFound, "there is no such file");
    let mut kinds = vec![
        (ErrorKind::Network { error: dropped, tries: 3 }, Advice::CheckNetwork),
        (uncertain(None), Advice::LookAtPhone),
        (uncertain(Some(network(dropped))), Advice::LookAtPhone),
        (uncertain(Some(ErrorKind::Network { error: dropped, tries: 3 })), Advice::LookAtPhone),
        (uncertain(Some(ErrorKind::Reply(ReplyError::Empty))), Advice::LookAtPhone),
        (uncertain(Some(ErrorKind::Reply(refused(1205)))), Advice::LookAtPhone),
        (uncertain(Some(ErrorKind::Cancelled)), Advice::LookAtPhone),
        (ErrorKind::Uncertain { last: None, tries: 1 }, Advice::LookAtPhone),
        (ErrorKind::NotConfirmed { codes: 3 }, Advice::LoginAgain),
        (ErrorKind::Cancelled, Advice::BeginAgain),
        (ErrorKind::LoginChanged, Advice::BeginAgain),
        (ErrorKind::Changed, Advice::CheckFile),
        (ErrorKind::OtherMedia, Advice::CheckFile),
        (ErrorKind::SourceEnded { expected: 12, got: 7 }, Advice::CheckFile),
        (ErrorKind::Source(not_found.clone()), Advice::CheckFile),
        (
            ErrorKind::Source(
                SourceError::new(io::ErrorKind::InvalidInput, "the key is in use")
                    .with_advice(Advice::CheckKey),
            ),
            Advice::CheckKey,
        ),
    ];
    kinds.extend(requests().into_iter().map(|(error, advice)| (error.into(), advice)));
    kinds.extend(media().into_iter().map(|(error, advice)| (error.into(), advice)));
    kinds.extend(replies().into_iter().map(|(error, advice)| (error.into(), advice)));
    kinds.extend(failures().into_iter().map(|(error, advice)| (network(error), advice)));
    kinds.extend(hosts().into_iter().map(|host| (ErrorKind::Host(host), Advice::CheckProxy)));
    kinds
}

#[test]
fn every_chain_is_made_of_sentences_that_are_said_once() {
    let mut walk = ErrorWalk::new("wx-proto");
    walk.errors("RequestError", requests().into_iter().map(|(error, _)| error));
    walk.errors("HostError", hosts());
    walk.errors("MediaError", media().into_iter().map(|(error, _)| error));
    walk.errors("ReplyError", replies().into_iter().map(|(error, _)| error));
    walk.errors("TransportError", failures().into_iter().map(|(error, _)| error));
    let kinds_of_failure: Vec<_> = failure_kinds().into_iter().map(|(kind, _)| kind).collect();
    walk.data("TransportErrorKind", &kinds_of_failure);
    walk.data("ProxyProblem", &PROXY);
    walk.data("CertificateProblem", &CERTIFICATE);
    walk.errors("ErrorKind", kinds().into_iter().map(|(kind, _)| kind));
    walk.errors("SessionError", sessions());
    walk.errors("SavedLoginError", saved_logins());
    crate::values::check(&mut walk);
    walk.errors(
        "NameError",
        [
            MsgId::new("x").unwrap_err(),
            UserName::new("").unwrap_err(),
            MediaId::new("").unwrap_err(),
            NameError::Recipient,
            NameError::LocalId,
            NameError::DeviceId,
        ],
    );
    let mut resumes = vec![
        ResumeError::NotASnapshot,
        ResumeError::Version(2),
        ResumeError::OtherLogin,
        ResumeError::OtherJob,
        ResumeError::TooManyChunks { acked: 7 },
    ];
    resumes.extend(media().into_iter().map(|(error, _)| ResumeError::Media(error)));
    resumes.extend(requests().into_iter().map(|(error, _)| ResumeError::Request(error)));
    walk.errors("ResumeError", resumes);
    walk.errors("UnexpectedInput", [UnexpectedInput]);
    let custom = io::Error::other(RequestError::NotLoggedIn);
    walk.errors(
        "SourceError",
        [
            SourceError::new(io::ErrorKind::NotFound, "there is no such file"),
            SourceError::from(custom),
        ],
    );
    let steps =
        STEPS.iter().flat_map(|step| kinds().into_iter().map(|(kind, _)| Error::new(*step, kind)));
    walk.data("Step", &STEPS);
    let steps: Vec<Error> = steps.filter(|error| error.outcome() == Outcome::NotSent).collect();
    walk.errors("Error", steps);
    walk.finish();
    for (kind, _) in kinds() {
        let _ = check_chain(&Error::new(Step::Message, kind));
    }
}

#[test]
fn the_predicates_agree_with_the_advice() {
    for step in STEPS {
        for (kind, advice) in kinds() {
            let error = Error::new(step, kind);
            if step == Step::Upload {
                assert_eq!(error.advice(), advice, "{}", error.chain());
            }
            let reported = (error.is_retryable(), error.is_rate_limited(), error.is_logged_out());
            let expected = match error.advice() {
                Advice::RetryLater | Advice::CheckNetwork => (true, false, false),
                Advice::Wait => (false, true, false),
                Advice::LoginAgain | Advice::SetClock => (false, false, true),
                _ => (false, false, false),
            };
            assert_eq!(reported, expected, "{}", error.chain());
            let is_in_doubt = error.outcome() == Outcome::Unknown;
            let look = error.advice() == Advice::LookAtPhone;
            assert_eq!(is_in_doubt, look, "{}", error.chain());
        }
    }
}

#[test]
fn a_chain_shows_the_step_then_the_kind_then_its_cause() {
    let shown = |step, kind: ErrorKind| Error::new(step, kind).chain().to_string();
    let error = TransportError {
        host: Some("file.wx.qq.com"),
        ..TransportError::on_the_way(TransportErrorKind::Dropped)
    };
    assert_eq!(
        shown(Step::Upload, ErrorKind::Network { error, tries: 3 }),
        "the file could not be uploaded: there was no usable reply in 3 tries: \
         the connection to file.wx.qq.com was closed"
    );
    assert_eq!(
        shown(Step::Upload, network(error)),
        "the file could not be uploaded: the connection to file.wx.qq.com was closed"
    );
    assert_eq!(
        shown(Step::Message, uncertain(Some(network(error)))),
        "the message may have been delivered by one of 4 tries: \
         the connection to file.wx.qq.com was closed"
    );
    assert_eq!(
        shown(Step::Message, uncertain(Some(ErrorKind::Reply(refused(1205))))),
        "the message may have been delivered by an earlier try: \
         the server refused the request: Ret 1205 (too frequent)"
    );
    let message = "so it says".to_owned();
    assert_eq!(
        shown(Step::Prepare, ReplyError::Refused { ret: Ret(77), message }.into()),
        "the server refused the request: Ret 77: so it says"
    );
    let field = ReplyError::Missing(ReplyField::WxUin);
    assert_eq!(
        shown(Step::Login, field.into()),
        "the login failed: the response has no valid \"wxuin\""
    );
}

#[test]
fn the_source_of_an_error_is_the_payload_itself() {
    let error = Error::new(Step::Upload, ReplyError::Empty);
    assert_eq!(error.source().unwrap().downcast_ref(), Some(&ReplyError::Empty));
    let error = Error::new(Step::Upload, ErrorKind::Changed);
    assert_eq!(error.source().unwrap().downcast_ref(), Some(&ErrorKind::Changed));
}

#[test]
fn a_source_error_keeps_the_io_error_that_it_was_made_from() {
    let failed = || io::Error::from_raw_os_error(28);
    let error = SourceError::from(failed());
    assert_eq!(error.io_error().raw_os_error(), Some(28));
    assert_eq!((error.kind(), error.to_string()), (failed().kind(), failed().to_string()));
    assert!(error.source().is_none(), "the text would occur twice");
    assert_eq!(error, SourceError::from(failed()));
    assert_ne!(error, SourceError::from(io::Error::from_raw_os_error(13)));
    assert_ne!(error, SourceError::from(failed()).with_advice(Advice::CheckKey));
    let wrapped = SourceError::from(io::Error::other(SessionError::Host(HostError::Malformed)));
    assert_eq!(
        ErrorChain(&wrapped).to_string(),
        "the session's \"base\" is not accepted: the address is not a URL like https://wx.qq.com"
    );
}

#[test]
fn every_step_and_advice_has_a_unique_name_and_text() {
    let mut advice: Vec<_> = kinds().into_iter().map(|(_, advice)| advice).collect();
    advice.push(Error::new(Step::Download, ReplyError::Empty).advice());
    advice.sort_by_key(|advice| advice.name());
    advice.dedup();
    ErrorWalk::new("wx-proto").data("Advice", &advice);
    let texts: BTreeSet<_> = advice.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), advice.len());
    let steps: BTreeSet<_> =
        STEPS.iter().map(|step| Error::new(*step, ErrorKind::Cancelled).to_string()).collect();
    assert_eq!(steps.len(), STEPS.len());
    let names: Vec<_> =
        STEPS.iter().map(|step| step.name()).chain(advice.iter().map(|one| one.name())).collect();
    assert!(
        names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
    );
    // A step and an advice may share a name: both are called a report.
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len() - 1);
}
