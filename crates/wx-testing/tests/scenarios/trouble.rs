//! Failures on the way to the server: only a certificate that does not verify is final.

use std::time::Duration;

use wx_emulator::Emulator;
use wx_proto::flow::{
    CertificateProblem, Delivery, ProxyProblem, TransportError, TransportErrorKind,
};
use wx_proto::{Error, ErrorKind, Outcome, Policy};
use wx_testing::{Flaw, Trouble};

use crate::place::{self, Server, friend, session};
use crate::{Transport, policy, small};

const FLAWS: [(Flaw, CertificateProblem); 4] = [
    (Flaw::Expired, CertificateProblem::Expired),
    (Flaw::NotYetValid, CertificateProblem::NotYetValid),
    (Flaw::WrongName, CertificateProblem::WrongName),
    (Flaw::UnknownIssuer, CertificateProblem::UnknownIssuer),
];

fn one_try() -> Policy {
    let mut policy = policy();
    (policy.chunk_tries, policy.message_tries, policy.fetch_tries) = (1, 1, 1);
    policy
}

fn failure(error: &Error) -> (TransportError, u32) {
    match error.kind {
        ErrorKind::Network { failure, tries } => (failure, tries),
        _ => panic!("{error:?}"),
    }
}

/// Whether the error names the trouble. Of the statuses of a proxy, reqwest keeps only 407.
fn is_named(kind: TransportErrorKind, trouble: Trouble) -> bool {
    match trouble {
        Trouble::ProxyStatus(407) => {
            kind == TransportErrorKind::Proxy(ProxyProblem::Refused(Some(407)))
        }
        Trouble::ProxyStatus(status) => [Some(status), None]
            .map(|status| TransportErrorKind::Proxy(ProxyProblem::Refused(status)))
            .contains(&kind),
        Trouble::ProxyCloses => kind == TransportErrorKind::Proxy(ProxyProblem::Closed),
        _ => kind == TransportErrorKind::Tls,
    }
}

fn start() -> Server {
    place::start(Emulator::builder())
}

pub(crate) fn trouble_on_the_way_is_waited_out<T: Transport>() {
    for trouble in [
        // Whatever would follow: no client waits for a final answer.
        Trouble::ProxyStatus(100),
        Trouble::ProxyStatus(403),
        Trouble::ProxyStatus(407),
        Trouble::ProxyStatus(502),
        Trouble::ProxyCloses,
        Trouble::Cut(0),
        Trouble::Cut(99),
        Trouble::Reset(0),
        Trouble::Reset(99),
        Trouble::Alert,
        Trouble::NotTls,
    ] {
        let server = start();
        let to = friend(&server);
        server.bed().expect(trouble, usize::MAX);
        let error = T::new(session(&server), one_try(), None).upload(&to, small()).unwrap_err();
        let (failure, tries) = failure(&error);
        assert!(is_named(failure.kind, trouble), "{trouble:?}: {failure:?}");
        assert_eq!((failure.delivery, tries), (Delivery::Never, 1), "{trouble:?}");
        assert_eq!(
            (error.outcome(), server.requests().len()),
            (Outcome::NotSent, 0),
            "{trouble:?}"
        );

        let client = T::new(session(&server), policy(), None);
        server.bed().expect(trouble, 2);
        client.send(&to, small(), |_| {}).unwrap();
        assert_eq!(server.messages().len(), 1, "{trouble:?}");

        // More often than a request has tries.
        let client = T::new(session(&server), policy(), None);
        client.restore().unwrap();
        server.deliver(small());
        server.bed().expect(trouble, 5);
        let arrived = client.batches(1).remove(0).map(|batch| batch.len());
        assert_eq!(arrived, Ok(1), "{trouble:?}");
    }
}

/// Whatever is endless before the request leaves is given up in time, even if bytes keep moving.
pub(crate) fn nothing_before_a_request_is_endless<T: Transport>() {
    const STALLED: TransportErrorKind = TransportErrorKind::Proxy(ProxyProblem::Stalled);
    const REFUSED: TransportErrorKind = TransportErrorKind::Proxy(ProxyProblem::Refused(None));
    for (trouble, socks, kind) in [
        (Trouble::ProxySilent, false, STALLED),
        (Trouble::ProxySilent, true, STALLED),
        (Trouble::ProxyTrickles, false, STALLED),
        (Trouble::ProxyTrickles, true, STALLED),
        (Trouble::ProxyFloods, false, REFUSED),
        (Trouble::HandshakeTrickles, false, STALLED),
        (Trouble::HandshakeTrickles, true, STALLED),
    ] {
        let server = start();
        if socks {
            place::over_socks();
        }
        server.bed().expect(trouble, usize::MAX);
        let client =
            T::new(session(&server), one_try().with_stall(Duration::from_millis(300)), None);
        let upload = client.upload(&friend(&server), small()).map(drop);
        // A request without a body.
        let fetch = client.contacts().map(drop);
        for error in [upload.unwrap_err(), fetch.unwrap_err()] {
            let (failure, _) = failure(&error);
            let expected = (kind, Delivery::Never);
            assert_eq!((failure.kind, failure.delivery), expected, "{trouble:?}, SOCKS: {socks}");
        }
        assert_eq!(server.requests().len(), 0);
        assert_eq!(server.bed().over_socks() > 0, socks, "{trouble:?}");
    }
}

/// The handshake is cut after each byte from the server.
pub(crate) fn a_cut_handshake_is_never_a_certificate<T: Transport>() {
    let server = start();
    let client = T::new(session(&server), one_try(), None);
    for len in 0.. {
        server.bed().expect(Trouble::Cut(len), 1);
        let Err(error) = client.upload(&friend(&server), small()) else {
            panic!("not cut at {len}")
        };
        let (failure, _) = failure(&error);
        if failure.kind == TransportErrorKind::Dropped {
            // The handshake was complete, so the request may have got through before the cut.
            assert!(len > 500, "a handshake of {len} bytes");
            break;
        }
        let expected = (TransportErrorKind::Tls, Delivery::Never);
        assert_eq!((failure.kind, failure.delivery), expected, "after {len} bytes");
        assert_eq!(server.requests().len(), 0, "after {len} bytes");
    }
    client.upload(&friend(&server), small()).unwrap();
}

pub(crate) fn a_certificate_that_does_not_verify_is_final<T: Transport>() {
    for (flaw, problem) in FLAWS {
        let server = start();
        let client = T::new(session(&server), policy(), None);
        server.bed().expect(Trouble::Certificate(flaw), usize::MAX);
        let sent = client.send(&friend(&server), small(), |_| {}).map(drop);
        assert_eq!(server.bed().tunnels(), 1, "{flaw:?}");
        let watched = client.batches(2).remove(0).map(drop);
        assert_eq!(server.bed().tunnels(), 2, "{flaw:?}");
        for error in [sent.unwrap_err(), watched.unwrap_err()] {
            let (failure, tries) = failure(&error);
            assert_eq!(failure.kind, TransportErrorKind::Certificate(problem), "{flaw:?}");
            assert_eq!((failure.delivery, tries), (Delivery::Never, 1));
            assert_eq!(error.outcome(), Outcome::NotSent);
        }
        assert_eq!(server.requests().len(), 0);
    }
}
