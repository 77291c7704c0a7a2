//! The job of a check, and the record of its run, as plain data.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode, Uri};

/// A driver under test. Implemented by [`driver_test!`](crate::driver_test!), because it uses the
/// flows of the core.
pub trait Driver: Sync {
    /// Runs the flow that `job` describes, and records the actions and inputs that the flow and the
    /// driver exchange.
    fn run(&self, job: &mut Job);
}

/// A flow to run, with its session, limits, data, and the point at which it stops.
#[derive(Debug)]
#[non_exhaustive]
pub struct Job {
    /// The flow to run.
    pub operation: Operation,
    /// The session, as a session file of version 1.
    pub session_json: SessionJson,
    /// The time, in milliseconds since 1970.
    pub unix_ms: u64,
    /// The maximum number of tries of each call.
    pub tries: u32,
    /// The time without a byte after which an exchange has stalled.
    pub stall: Duration,
    /// The time after which the minimum rate applies.
    pub slow_after: Duration,
    /// The minimum rate, in bytes per second.
    pub min_rate: u64,
    /// The maximum duration of a long poll.
    pub poll_limit: Duration,
    /// The I/O of the driver.
    pub io: Io,
    /// The record of the run.
    pub record: Record,
}

/// A session file. `Debug` does not show its content.
pub struct SessionJson(pub String);

impl fmt::Debug for SessionJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionJson")
    }
}

/// A flow of the core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// `ListContacts`: a GET whose reply is received completely, whatever its status.
    ListContacts,
    /// `NextMessages`: a long poll, a GET.
    NextMessages,
    /// `FetchImage`: a GET whose reply is written piece by piece.
    FetchImage,
    /// `SendMessage`: a POST for each chunk, and one for the message.
    SendMessage {
        /// Whether its states have to be saved.
        checkpointed: bool,
    },
}

impl Job {
    pub(super) fn new(operation: Operation, session_json: String, unix_ms: u64) -> Self {
        Self {
            operation,
            session_json: SessionJson(session_json),
            unix_ms,
            tries: 1,
            stall: Duration::from_secs(5),
            slow_after: Duration::from_secs(10),
            min_rate: 1024,
            poll_limit: Duration::from_secs(10),
            io: Io::default(),
            record: Record::default(),
        }
    }
}

/// The I/O with which a driver answers `Read`, `Write` and `Save`.
#[derive(Default)]
pub struct Io {
    pub(super) image: Bytes,
    pub(super) sink: BytesMut,
    pub(super) store: Store,
    pub(super) stop_after: Option<Duration>,
}

impl Io {
    /// Returns the image to be sent.
    #[must_use]
    pub fn image(&self) -> &Bytes {
        &self.image
    }

    /// Answers `Read`: returns the bytes of `span`, or fewer at the end of the image.
    #[must_use]
    pub fn read(&self, span: Range<u64>) -> Bytes {
        let at = |at| usize::try_from(at).unwrap_or(usize::MAX).min(self.image.len());
        self.image.slice(at(span.start)..at(span.end).max(at(span.start)))
    }

    /// Answers `Write`: writes `bytes` at the offset `at`.
    pub fn write(&mut self, at: u64, bytes: &[u8]) {
        self.sink.truncate(usize::try_from(at).unwrap_or(usize::MAX));
        self.sink.extend_from_slice(bytes);
    }

    /// Returns the store that answers `Save`.
    #[must_use]
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Returns the time after which the driver has to be stopped, by dropping its future or by
    /// cancelling its token. A driver that cannot be stopped ignores it.
    #[must_use]
    pub fn stop_after(&self) -> Option<Duration> {
        self.stop_after
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io")
            .field("image", &self.image.len())
            .field("sink", &self.sink.len())
            .field("stop_after", &self.stop_after)
            .finish_non_exhaustive()
    }
}

/// The store for the states of a flow. Clones share the same store.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<StoreState>);

#[derive(Debug, Default)]
struct StoreState {
    fails: AtomicBool,
    saves: AtomicUsize,
}

impl Store {
    /// Saves a state. The content is not stored, because the test only needs to know when states
    /// are saved.
    /// # Errors
    /// # Errors
    ///
    /// Returns an error in checks in which states cannot be saved. The driver has to pass it on to
    /// the flow.
    pub fn save(&self) -> io::Result<()> {
        self.0.saves.fetch_add(1, Ordering::Relaxed);
        if self.0.fails.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    pub(super) fn set_failing(&self, fails: bool) {
        self.0.fails.store(fails, Ordering::Relaxed);
    }

    pub(super) fn saves(&self) -> usize {
        self.0.saves.load(Ordering::Relaxed)
    }
}

/// The actions and inputs of a flow and its driver, with their times.
///
/// `Debug` shows no requests.
#[derive(Default)]
pub struct Record {
    pub(super) exchanges: Vec<Exchange>,
    /// The result of the flow. `None` if the driver was stopped before it was done.
    pub(super) result: Option<Result<(), String>>,
    /// The number of times that the driver was stopped and run again with the same flow.
    pub(super) restarts: usize,
    /// The point at which the flow pretends to be done.
    pub(super) stop: Option<Stop>,
    /// The first answer of a driver that was run with a flow that had already started.
    pub(super) first_end: Option<ExchangeEnd>,
    is_first: bool,
}

/// A point at which the driver returns because the flow pretends to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// After the first head. The driver is run again with the same flow.
    AtHead,
    /// After this many exchanges.
    After(usize),
}

/// A request that was handed out, and the answer of the driver.
pub(super) struct Exchange {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Whether the request has to be sent on a new connection.
    pub(super) new_connection: bool,
    pub(super) began: Instant,
    pub(super) head: Option<(StatusCode, HeaderMap)>,
    pub(super) received: Vec<u8>,
    pub(super) end: Option<(ExchangeEnd, Duration)>,
}

/// An answer of a driver to `Send` or `Receive`. Heads and pieces of bodies are only answers if
/// they do not belong to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExchangeEnd {
    Head,
    Body,
    End,
    Failed {
        kind: &'static str,
        /// Whether the driver reports that the request never left.
        never_delivered: bool,
    },
}

impl fmt::Display for ExchangeEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("a head"),
            Self::Body => f.write_str("a piece of a body"),
            Self::End => f.write_str("the end of a body"),
            Self::Failed { kind, never_delivered } => {
                let left = if *never_delivered { ", never delivered" } else { "" };
                write!(f, "a failure of kind {kind}{left}")
            }
        }
    }
}

impl Record {
    /// Records a request that is handed out to the driver, and whether it has to be sent on a new
    /// connection.
    pub fn sent<'a>(
        &mut self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: impl IntoIterator<Item = &'a Bytes>,
        new_connection: bool,
    ) {
        self.exchanges.push(Exchange {
            method: method.clone(),
            uri: uri.clone(),
            headers: headers.clone(),
            body: body.into_iter().flat_map(|segment| segment.iter().copied()).collect(),
            new_connection,
            began: Instant::now(),
            head: None,
            received: Vec::new(),
            end: None,
        });
    }

    /// Records `Input::Head`.
    pub fn head(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.answered(ExchangeEnd::Head);
        if let Some(exchange) = self.exchanges.last_mut() {
            exchange.head = Some((status, headers.clone()));
        }
    }

    /// Records `Input::Body`.
    pub fn body(&mut self, bytes: &[u8]) {
        self.answered(ExchangeEnd::Body);
        if let Some(exchange) = self.exchanges.last_mut() {
            exchange.received.extend_from_slice(bytes);
        }
    }

    /// Records `Input::End`.
    pub fn end(&mut self) {
        self.over(ExchangeEnd::End);
    }

    /// Records `Input::Failed`, with the name of the kind. `never_delivered` is whether the
    /// delivery is `Never`.
    pub fn failed(&mut self, kind: &'static str, never_delivered: bool) {
        self.over(ExchangeEnd::Failed { kind, never_delivered });
    }

    /// Records the result of the flow.
    pub fn ended(&mut self, result: Result<(), String>) {
        self.result = Some(result);
    }

    /// Records that a stopped driver is run again with the same flow. Returns whether to do so.
    pub fn restart(&mut self) -> bool {
        self.restarts += 1;
        self.is_first = true;
        self.restarts <= 1 && !matches!(self.stop, Some(Stop::After(_)))
    }

    /// Returns whether the flow has to pretend that it is done, which makes the driver return.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let mut exchanges = self.exchanges.iter();
        match self.stop {
            Some(Stop::AtHead) => {
                self.restarts == 0 && exchanges.any(|exchange| exchange.head.is_some())
            }
            Some(Stop::After(number)) => {
                exchanges.filter(|exchange| exchange.end.is_some()).count() >= number
            }
            None => false,
        }
    }

    fn answered(&mut self, answer: ExchangeEnd) {
        if std::mem::take(&mut self.is_first) {
            self.first_end = Some(answer);
        }
    }

    fn over(&mut self, answer: ExchangeEnd) {
        self.answered(answer);
        if let Some(exchange) = self.exchanges.last_mut() {
            exchange.end.get_or_insert((answer, exchange.began.elapsed()));
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("exchanges", &self.exchanges.len()).finish_non_exhaustive()
    }
}
