//! Failures of the connection to the server. All of them are retried, except for a certificate that
//! does not verify.

use std::time::Duration;

use wx_emulator::Emulator;
use wx_proto::flow::{
    CertificateProblem, Delivery, ProxyProblem, TransportError, TransportErrorKind,
};
use wx_proto::{Error, ErrorKind, Outcome, Policy};
use wx_testing::{Flaw, TunnelFault};

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
        ErrorKind::Network { error, tries } => (error, tries),
        _ => panic!("{error:?}"),
    }
}

/// Returns whether the error names the fault. Of the proxy's statuses, reqwest only reports 407.
fn is_named(kind: TransportErrorKind, fault: TunnelFault) -> bool {
    match fault {
        TunnelFault::ProxyStatus(407) => {
            kind == TransportErrorKind::Proxy(ProxyProblem::Refused(Some(407)))
        }
        TunnelFault::ProxyStatus(status) => [Some(status), None]
            .map(|status| TransportErrorKind::Proxy(ProxyProblem::Refused(status)))
            .contains(&kind),
        TunnelFault::ProxyCloses => kind == TransportErrorKind::Proxy(ProxyProblem::Closed),
        _ => kind == TransportErrorKind::Tls,
    }
}

fn start() -> Server {
    place::start(Emulator::builder())
}

pub(crate) fn tunnel_faults_are_retried<T: Transport>() {
    for fault in [
        // No client waits for a final reply after this one.
        TunnelFault::ProxyStatus(100),
        TunnelFault::ProxyStatus(403),
        TunnelFault::ProxyStatus(407),
        TunnelFault::ProxyStatus(502),
        TunnelFault::ProxyCloses,
        TunnelFault::Cut(0),
        TunnelFault::Cut(99),
        TunnelFault::Reset(0),
        TunnelFault::Reset(99),
        TunnelFault::Alert,
        TunnelFault::NotTls,
    ] {
        let server = start();
        let to = friend(&server);
        server.bed().fail_next(fault, usize::MAX);
        let error = T::new(session(&server), one_try(), None).upload(&to, small()).unwrap_err();
        let (failure, tries) = failure(&error);
        assert!(is_named(failure.kind, fault), "{fault:?}: {failure:?}");
        assert_eq!((failure.delivery, tries), (Delivery::Never, 1), "{fault:?}");
        assert_eq!((error.outcome(), server.requests().len()), (Outcome::NotSent, 0), "{fault:?}");

        let client = T::new(session(&server), policy(), None);
        server.bed().fail_next(fault, 2);
        client.send(&to, small(), |_| {}).unwrap();
        assert_eq!(server.messages().len(), 1, "{fault:?}");

        // More failures than the tries of a request.
        let client = T::new(session(&server), policy(), None);
        client.restore().unwrap();
        server.deliver(small());
        server.bed().fail_next(fault, 5);
        let arrived = client.batches(1).remove(0).map(|batch| batch.len());
        assert_eq!(arrived, Ok(1), "{fault:?}");
    }
}

/// An endless reply before the request is sent is given up in time, even if bytes keep arriving.
pub(crate) fn nothing_before_a_request_is_endless<T: Transport>() {
    const STALLED: TransportErrorKind = TransportErrorKind::Proxy(ProxyProblem::Stalled);
    const REFUSED: TransportErrorKind = TransportErrorKind::Proxy(ProxyProblem::Refused(None));
    for (fault, socks, kind) in [
        (TunnelFault::ProxySilent, false, STALLED),
        (TunnelFault::ProxySilent, true, STALLED),
        (TunnelFault::ProxyTrickles, false, STALLED),
        (TunnelFault::ProxyTrickles, true, STALLED),
        (TunnelFault::ProxyFloods, false, REFUSED),
        (TunnelFault::HandshakeTrickles, false, STALLED),
        (TunnelFault::HandshakeTrickles, true, STALLED),
    ] {
        let server = start();
        if socks {
            place::over_socks();
        }
        server.bed().fail_next(fault, usize::MAX);
        let client =
            T::new(session(&server), one_try().with_stall(Duration::from_millis(300)), None);
        let upload = client.upload(&friend(&server), small()).map(drop);
        // A request without a body.
        let fetch = client.contacts().map(drop);
        for error in [upload.unwrap_err(), fetch.unwrap_err()] {
            let (failure, _) = failure(&error);
            let expected = (kind, Delivery::Never);
            assert_eq!((failure.kind, failure.delivery), expected, "{fault:?}, SOCKS: {socks}");
        }
        assert_eq!(server.requests().len(), 0);
        assert_eq!(server.bed().over_socks() > 0, socks, "{fault:?}");
    }
}

/// Truncates the handshake after each byte from the server.
pub(crate) fn a_truncated_handshake_is_no_certificate_error<T: Transport>() {
    let server = start();
    let client = T::new(session(&server), one_try(), None);
    for len in 0.. {
        server.bed().fail_next(TunnelFault::Cut(len), 1);
        let Err(error) = client.upload(&friend(&server), small()) else {
            panic!("not truncated at {len}")
        };
        let (failure, _) = failure(&error);
        if failure.kind == TransportErrorKind::Dropped {
            // The handshake was complete, so the request may have been delivered.
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
        server.bed().fail_next(TunnelFault::Certificate(flaw), usize::MAX);
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
