//! The faults as data.

use wx_proto::flow::{CertificateProblem, ProxyProblem, TransportError, TransportErrorKind};

use crate::rules::Class;

/// A fault of the server or the network.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// What decides how a job ends.
    pub(crate) class: Class,
    /// What the core sees in place of the good reply.
    pub(crate) seen: Seen,
    /// Whether the server has acted on the request. Each of the values is a case.
    pub(crate) acted: &'static [bool],
    /// How the emulator provokes it. `None` if it cannot.
    pub(crate) emulated: Option<Emulated>,
}

/// What the core sees of a fault.
#[derive(Clone, Copy)]
pub(crate) enum Seen {
    Failed(TransportError),
    /// A page with this status.
    Status(u16),
    /// A refusal with this Ret and the MediaId of another file.
    Ret(i32),
    /// A reply with status 200 and this body.
    Body(&'static str),
    /// The first half of the reply, after which the connection is closed.
    Torn,
    /// The first half of the reply, as a complete reply.
    Half,
    /// The reply, piece by piece.
    Pieces,
    /// The reply with another value of this key.
    Key(&'static str, KeyValue),
    Redirect,
    /// The reply with spaces up to this length.
    Padded(usize),
    Gzip,
    /// A reply that says to be gzip and is not.
    NotGzip,
    /// A reply with an encoding that nobody asked for.
    OtherEncoding,
    /// A chunked reply.
    Chunked,
    /// A reply with neither a length nor chunks.
    Unbounded,
    /// A 206 with this range, which depends on the number of bytes.
    Part(fn(usize) -> Option<String>),
    /// A 206 whose parts have ranges of their own.
    Multipart,
}

#[derive(Clone, Copy)]
pub(crate) enum KeyValue {
    Empty,
    Number(u64),
}

/// A fault in the emulator's notation. `URL` stands for a foreign address, and `PART` for the range
/// of a 206.
#[derive(Clone, Copy)]
pub(crate) struct Emulated {
    pub(crate) action: &'static str,
    /// The same for what is fetched, where it differs.
    pub(crate) of_a_fetch: &'static str,
    /// Whether the emulator acts on the request.
    pub(crate) acts: bool,
}

const NEVER: &[bool] = &[false];
const DONE: &[bool] = &[true];
const BOTH: &[bool] = &[false, true];

const HTML: &str = "<!DOCTYPE html>\n<html><head><title>502</title></head></html>";

const fn fault(name: &'static str, class: Class, seen: Seen, acted: &'static [bool]) -> Fault {
    Fault { name, class, seen, acted, emulated: None }
}

const fn fails(name: &'static str, class: Class, kind: TransportErrorKind) -> Fault {
    fault(name, class, Seen::Failed(TransportError::on_the_way(kind)), BOTH)
}

const fn unconnected(name: &'static str, class: Class, kind: TransportErrorKind) -> Fault {
    fault(name, class, Seen::Failed(TransportError::never_connected(kind)), NEVER)
}

const fn status(name: &'static str, class: Class, code: u16) -> Fault {
    fault(name, class, Seen::Status(code), BOTH)
}

/// A 206 to a fetch, of which the emulator provokes those with a range.
const fn part(name: &'static str, class: Class, range: fn(usize) -> Option<String>) -> Fault {
    fault(name, class, Seen::Part(range), DONE)
}

const fn ret(name: &'static str, code: i32) -> Fault {
    fault(name, Class::Refused(code), Seen::Ret(code), BOTH)
}

impl Fault {
    /// The emulator provokes it instead of acting on the request.
    const fn instead(self, action: &'static str) -> Self {
        Self { emulated: Some(Emulated { action, of_a_fetch: action, acts: false }), ..self }
    }

    /// The emulator provokes it after it has acted on the request.
    const fn after(self, action: &'static str, of_a_fetch: &'static str) -> Self {
        Self { emulated: Some(Emulated { action, of_a_fetch, acts: true }), ..self }
    }
}

const DROPPED: TransportErrorKind = TransportErrorKind::Dropped;

pub(crate) static FAULTS: [Fault; 54] = [
    Fault { acted: NEVER, ..fails("connection closed before the body", Class::Transient, DROPPED) }
        .instead("drop=before"),
    Fault {
        acted: NEVER,
        ..fails("connection closed in the middle of the body", Class::Transient, DROPPED)
    }
    .instead("drop=100"),
    Fault { acted: DONE, ..fails("connection closed after the body", Class::Transient, DROPPED) }
        .after("drop=after", "drop=after"),
    fault(
        "a pooled connection closed before the request",
        Class::Reused,
        Seen::Failed(TransportError::on_reused_connection()),
        BOTH,
    )
    .instead("close-idle"),
    status("status 500", Class::Unclear, 500).instead("status=500"),
    status("status 502", Class::Transient, 502).instead("status=502"),
    status("status 503", Class::Transient, 503).instead("status=503"),
    ret("Ret 1", 1).instead("ret=1"),
    ret("Ret −1", -1).instead("ret=-1"),
    ret("Ret 1100", 1100).instead("ret=1100"),
    ret("Ret 1101", 1101).instead("ret=1101"),
    ret("Ret 1205 and somebody else's MediaId", 1205).instead("foreign-media-id"),
    fault("a page of HTML", Class::Unclear, Seen::Body(HTML), BOTH).after("html", "html"),
    fault("an empty reply", Class::Empty, Seen::Body(""), BOTH).after("empty", "empty"),
    fault("a truncated reply", Class::Transient, Seen::Torn, BOTH).after("cut=20", "cut=200"),
    fault("a reply in small pieces", Class::Harmless, Seen::Pieces, DONE)
        .after("trickle=40", "trickle=65536"),
    fault("StartPos 7", Class::StartPos, Seen::Key("StartPos", KeyValue::Number(7)), DONE)
        .after("start-pos=7", "start-pos=7"),
    fault("a redirect to a foreign host", Class::Unclear, Seen::Redirect, BOTH)
        .instead("redirect=URL"),
    fault("a reply of 100 MB", Class::TooLarge, Seen::Padded(2 * 1024 * 1024), BOTH)
        .after("big=100000000", "big=100000000"),
    fault("a gzipped reply", Class::Gzipped, Seen::Gzip, DONE).after("gzip", "gzip"),
    fault("a reply with chunked encoding", Class::Harmless, Seen::Chunked, DONE)
        .after("chunked", "chunked"),
    part("a 206 with a part", Class::Part, |len| Some(format!("bytes 0-{}/{}", len - 1, len + 1)))
        .instead("content-range=PART"),
    part("a 206 that begins at byte 1", Class::Part, |len| {
        Some(format!("bytes 1-{len}/{}", len + 1))
    })
    .instead("content-range=PART"),
    part("a 206 with too few bytes", Class::ShortPart, |len| {
        Some(format!("bytes 0-{len}/{}", len + 1))
    })
    .instead("content-range=PART"),
    // Those that follow are only provoked in virtual time.
    part("a 206 without a range", Class::Part, |_| None),
    part("a 206 of unknown length", Class::Part, |len| Some(format!("bytes 0-{}/*", len - 1))),
    part("a 206 with an unsatisfied range", Class::Part, |len| Some(format!("bytes */{len}"))),
    part("a 206 with an invalid range", Class::Part, |len| {
        Some(format!("bytes 0-{}/{len} and more", len - 1))
    }),
    fault("a 206 in several parts", Class::Part, Seen::Multipart, DONE),
    unconnected("the host name is not resolved", Class::Unconnected, TransportErrorKind::Resolve),
    unconnected("no connection", Class::Unconnected, TransportErrorKind::Connect),
    unconnected("no TLS connection", Class::Unconnected, TransportErrorKind::Tls),
    unconnected(
        "the proxy refuses to connect",
        Class::Unconnected,
        TransportErrorKind::Proxy(ProxyProblem::Refused(Some(503))),
    ),
    unconnected("another error in connecting", Class::Unconnected, TransportErrorKind::Other),
    unconnected(
        "an invalid certificate",
        Class::Untrusted,
        TransportErrorKind::Certificate(CertificateProblem::UnknownIssuer),
    ),
    fails("the connection stalls", Class::Transient, TransportErrorKind::Stalled),
    fails("the reply is not HTTP", Class::Unclear, TransportErrorKind::Protocol),
    fails("another network error", Class::Unclear, TransportErrorKind::Other),
    status("status 204", Class::Transient, 204),
    status("status 404", Class::Unclear, 404),
    status("status 408", Class::FetchTransient, 408),
    status("status 425", Class::FetchTransient, 425),
    status("status 429", Class::FetchTransient, 429),
    status("status 501", Class::Unclear, 501),
    status("status 504", Class::Transient, 504),
    ret("Ret −14", -14),
    ret("Ret 3", 3),
    fault("half of the JSON, as a complete reply", Class::HalfJson, Seen::Half, BOTH),
    fault("a text in place of the reply", Class::NotJson, Seen::Body("busy"), BOTH),
    fault("an unknown encoding", Class::Unclear, Seen::OtherEncoding, BOTH),
    fault("a reply that is not gzip and says so", Class::Unclear, Seen::NotGzip, BOTH),
    fault("a reply of unknown length", Class::Unbounded, Seen::Unbounded, DONE),
    fault("Ret 0 without a MediaId", Class::NoMediaId, Seen::Key("MediaId", KeyValue::Empty), DONE),
    fault("Ret 0 without a MsgID", Class::NoMsgId, Seen::Key("MsgID", KeyValue::Empty), DONE),
];
