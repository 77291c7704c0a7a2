//! Errors before a request has left. All of them are retried, except for a certificate that does
//! not verify.

use wx_proto::flow::{
    CertificateProblem, FetchImage, NextMessages, ProxyProblem, SendMessage, TransportError,
    TransportErrorKind,
};
use wx_proto::{Advice, Error, ErrorKind, ImageVariant, MsgId, Outcome, Policy, Session, Uploaded};

use super::login::{code, good, run as log_in};
use wx_testing::harness::*;

const PASSING: [TransportErrorKind; 11] = [
    TransportErrorKind::Resolve,
    TransportErrorKind::Connect,
    TransportErrorKind::Proxy(ProxyProblem::Resolve),
    TransportErrorKind::Proxy(ProxyProblem::Connect),
    TransportErrorKind::Proxy(ProxyProblem::Refused(Some(407))),
    TransportErrorKind::Proxy(ProxyProblem::Closed),
    TransportErrorKind::Proxy(ProxyProblem::Stalled),
    TransportErrorKind::Tls,
    TransportErrorKind::Stalled,
    TransportErrorKind::Protocol,
    TransportErrorKind::Other,
];
const FINAL: [TransportErrorKind; 6] = [
    TransportErrorKind::Certificate(CertificateProblem::Expired),
    TransportErrorKind::Certificate(CertificateProblem::NotYetValid),
    TransportErrorKind::Certificate(CertificateProblem::UnknownIssuer),
    TransportErrorKind::Certificate(CertificateProblem::WrongName),
    TransportErrorKind::Certificate(CertificateProblem::Revoked),
    TransportErrorKind::Certificate(CertificateProblem::Other),
];

fn never(kind: TransportErrorKind) -> Answer {
    Answer::Fail(TransportError::never_connected(kind))
}

fn message(answers: Vec<Answer>) -> (Harness, Result<(), Error>) {
    let uploaded: Uploaded = serde_json::from_value(serde_json::json!({
        "media_id": "@m", "thumbnail": [100, 71], "encry_file_name": null, "name": "a.jpg",
        "kind": "image",
        "bytes": 12, "md5": "900150983cd24fb0d6963f7d28e17f72", "chunks": 1,
        "server_byte_count": null
    }))
    .unwrap();
    let mut harness = Harness::new("", answers);
    let mut flow =
        SendMessage::uploaded(&session(), uploaded, to(), SEED, Policy::default()).unwrap();
    let result = harness.run(&mut flow).map(drop);
    (harness, result)
}

fn uploaded(answers: Vec<Answer>) -> (Harness, Result<(), Error>) {
    let bytes = jpeg(12);
    let mut harness = Harness::new(bytes.clone(), answers);
    let result = harness.run(&mut upload(&bytes, &Policy::default()).unwrap()).map(drop);
    (harness, result)
}

fn fetch(answers: Vec<Answer>) -> (Harness, Result<(), Error>) {
    let id = MsgId::new("1").unwrap();
    let policy = Policy::default();
    let mut flow =
        FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, policy).unwrap();
    let mut harness = Harness::new("", answers);
    let result = harness.run(&mut flow).map(drop);
    (harness, result)
}

fn messages(answers: Vec<Answer>) -> (Harness, Result<(), Error>) {
    let saved = Session::from_json(session().to_json().expose()).unwrap();
    let mut harness = Harness::new("", answers).with_session(&saved);
    let result =
        harness.run(&mut NextMessages::new(&saved, SEED, Policy::default()).unwrap()).map(drop);
    (harness, result)
}

type Job = fn(Vec<Answer>) -> (Harness, Result<(), Error>);

#[test]
fn a_certificate_that_does_not_verify_ends_every_job_at_once() {
    for kind in FINAL {
        for job in [message as Job, uploaded, fetch, messages] {
            let (harness, result) = job(vec![never(kind)]);
            let error = result.unwrap_err();
            assert!(
                matches!(error.kind, ErrorKind::Network { error, tries: 1 }
                    if error.kind == kind),
                "{error:?}"
            );
            assert_eq!((error.outcome(), error.advice()), (Outcome::NotSent, Advice::CheckProxy));
            assert_eq!(harness.seen.len(), 1);
        }
        let (_, result, _) = log_in([code(), never(kind)]);
        assert!(matches!(result.unwrap_err().kind, ErrorKind::Network { error, .. }
                if error.kind == kind));
    }
}

#[test]
fn a_message_that_may_have_arrived_stays_in_doubt() {
    let (_, result) = message(vec![dropped(), never(FINAL[0])]);
    assert_eq!(result.unwrap_err().outcome(), Outcome::Unknown);
}

#[test]
fn everything_else_is_repeated() {
    for kind in PASSING {
        for (job, good) in [(message as Job, sent()), (uploaded, last("@m", 12))] {
            let (harness, result) = job(vec![never(kind), never(kind), good]);
            assert_eq!((result, harness.seen.len()), (Ok(()), 3), "{kind:?}");
        }
        let (harness, result) = fetch(vec![never(kind); 3]);
        let error = result.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Network { tries: 3, .. }), "{error:?}");
        assert_eq!(harness.seen.len(), 3);

        // More failures than the tries of a request: a login that waits for the phone continues.
        let [code, scanned, confirmed, rest @ ..] = good();
        let failures = std::iter::repeat_n(never(kind), 5);
        let answers = [code, scanned].into_iter().chain(failures).chain([confirmed]).chain(rest);
        let (_, result, _) = log_in(answers);
        assert!(result.is_ok(), "{kind:?}: {result:?}");
    }
}

#[test]
fn the_error_names_the_host() {
    let (_, result) = uploaded(vec![never(TransportErrorKind::Resolve); 3]);
    let message = result.unwrap_err().chain().to_string();
    assert!(message.contains("the host name of file.wx.qq.com could not be resolved"), "{message}");
    let (_, result) = fetch(vec![never(FINAL[3])]);
    let message = result.unwrap_err().chain().to_string();
    assert!(message.contains("the certificate of wx.qq.com is for another host"), "{message}");
    let (_, result) =
        fetch(vec![never(TransportErrorKind::Proxy(ProxyProblem::Refused(Some(502)))); 3]);
    let message = result.unwrap_err().chain().to_string();
    assert!(message.contains("the proxy refused to connect (status 502)"), "{message}");
}
