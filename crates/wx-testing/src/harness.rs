//! A driver without I/O: virtual time, a scripted server, and a record of all requests.

use std::collections::VecDeque;
use std::time::Duration;

use wx_proto::bytes::Bytes;
use wx_proto::flow::{
    Action, CallId, Flow, Input, Observer, Snapshot, TransportError, TransportErrorKind,
};
use wx_proto::{ApiRequest, Session, SourceError};

mod answer;
mod sample_jobs;
mod sent_request;

use answer::reply_of;
pub use answer::{Answer, closed, dropped, last, middle, ok, ret, sent, status, unreachable};
pub use sample_jobs::{CHUNK, SEED, SOI, jpeg, media, session, to, upload};
pub use sent_request::SentRequest;

/// Runs flows against a scripted server, and records their requests.
pub struct Harness {
    /// The virtual time.
    pub now: Duration,
    /// The image to send.
    pub image: Bytes,
    /// The requests so far.
    pub seen: Vec<SentRequest>,
    /// The bytes written so far.
    pub stored: Vec<u8>,
    /// The size of the pieces of a reply.
    pub piece: usize,
    /// Called before each read. May change the image.
    pub before_read: Box<dyn FnMut(&mut Bytes)>,
    /// If set, each read fails with this error.
    pub read_error: Option<SourceError>,
    /// If set, each write fails with this error.
    pub write_error: Option<SourceError>,
    /// The number of steps after which the program is "killed".
    pub steps_left: usize,
    /// The seconds that pass during each of the next requests, for example because the computer
    /// sleeps. No time passes during later requests.
    pub passing: VecDeque<u64>,
    /// The snapshot at the moment when the program was killed, which is after a poll and before its
    /// action.
    pub saved: Option<String>,
    /// The number of saves of a checkpointed job that succeed. Later saves fail.
    pub saves_left: usize,
    /// The snapshots that a checkpointed job has saved.
    pub checkpoints: Vec<Snapshot>,
    /// The session that the flow borrows.
    pub session: Session,
    /// Answers the requests that follow the scripted ones. By default there must not be any.
    pub respond: Box<dyn FnMut(&ApiRequest) -> Answer>,
    answers: VecDeque<Answer>,
}

/// Far more than any flow in a test needs.
const STEPS: usize = 20_000;

impl Harness {
    /// Creates a harness with an image to send and the server's answers to the requests, in order.
    pub fn new(image: impl Into<Bytes>, answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            now: Duration::from_secs(1000),
            image: image.into(),
            seen: Vec::new(),
            stored: Vec::new(),
            piece: 100_000,
            before_read: Box::new(|_| {}),
            read_error: None,
            write_error: None,
            steps_left: STEPS,
            passing: [].into(),
            saved: None,
            saves_left: usize::MAX,
            checkpoints: Vec::new(),
            session: session(),
            respond: Box::new(|request| panic!("unscripted request {}", request.endpoint())),
            answers: answers.into_iter().collect(),
        }
    }

    /// Sets the session that the flow borrows.
    pub fn with_session(self, session: &Session) -> Self {
        Self { session: session.clone(), ..self }
    }

    /// Inserts answers for the next requests, before the remaining scripted ones.
    pub fn answer_next(&mut self, answers: impl IntoIterator<Item = Answer>) {
        let rest = std::mem::take(&mut self.answers);
        self.answers = answers.into_iter().chain(rest).collect();
    }

    /// Returns the wire names of the calls so far.
    pub fn endpoints(&self) -> Vec<&'static str> {
        self.seen.iter().map(SentRequest::endpoint).collect()
    }

    /// Returns the number of requests so far that send a message.
    pub fn messages(&self) -> usize {
        self.seen.iter().filter(|seen| seen.endpoint().starts_with("webwxsend")).count()
    }

    /// Line 11 of the contract: if a reused connection turns out to be closed, the same request
    /// follows on a new connection. No other request requires a new connection.
    fn check_repeat<T>(&self, action: &Action<T>) {
        let failed = self.seen.last().filter(|seen| seen.is_to_repeat());
        let Some(failed) = failed else {
            let asks =
                matches!(action, Action::Send(_, request) if request.limits().new_connection);
            assert!(!asks, "a new connection without a reason");
            return;
        };
        // The message may be too old to be repeated.
        let message = |seen: &&SentRequest| {
            seen.endpoint().starts_with("webwxsend") && seen.may_be_delivered()
        };
        let first = self.seen.iter().find(message);
        if first.is_some_and(|first| self.now - first.at > Duration::from_secs(60)) {
            assert!(matches!(action, Action::Done(_)));
            return;
        }
        let Action::Send(_, request) = action else { panic!("the repeat follows at once") };
        let (repeat, failed) = (request.http(), failed.http());
        assert!(request.limits().new_connection);
        assert_eq!((repeat.uri(), repeat.headers()), (failed.uri(), failed.headers()));
        assert_eq!(repeat.body().to_vec(), failed.body().to_vec());
    }

    /// Returns the seconds between consecutive requests.
    pub fn pauses(&self) -> Vec<u64> {
        self.seen.windows(2).map(|pair| (pair[1].at - pair[0].at).as_secs()).collect()
    }

    /// Runs a flow to its end.
    ///
    /// # Panics
    ///
    /// Panics if the flow breaks its contract or has no end.
    pub fn run<F: Flow>(&mut self, flow: &mut F) -> F::Output {
        self.run_until_killed(flow).unwrap_or_else(|| panic!("no end after {STEPS} steps"))
    }

    /// Runs a flow until it ends or the program is killed.
    pub fn run_until_killed<F: Flow>(&mut self, flow: &mut F) -> Option<F::Output> {
        self.run_inspected(flow, |_, _| {})
    }

    /// Like [`Harness::run_until_killed`]. Calls `inspect` with the flow before each request is
    /// sent, and with whether the request is the message.
    pub fn run_inspected<F: Flow>(
        &mut self,
        flow: &mut F,
        mut inspect: impl FnMut(&F, bool),
    ) -> Option<F::Output> {
        self.run_observed(flow, &mut (), &mut inspect)
    }

    /// Like [`Harness::run_inspected`], with an observer.
    pub fn run_observed<F: Flow>(
        &mut self,
        flow: &mut F,
        observer: &mut impl Observer<F>,
        inspect: &mut impl FnMut(&F, bool),
    ) -> Option<F::Output> {
        let mut reply: Option<(CallId, Bytes, bool)> = None;
        // The first action may belong to a request that an earlier run has begun.
        let mut has_begun = false;
        let mut latest: Option<CallId> = None;
        loop {
            let action = flow.poll(&mut self.session, self.now);
            observer.on_action(flow, &action, self.now);
            if self.steps_left == 0 {
                self.saved = flow.snapshot().map(|snapshot| snapshot.to_json());
                return None;
            }
            self.steps_left -= 1;
            if std::mem::replace(&mut has_begun, true) {
                self.check_repeat(&action);
            }
            let input = match action {
                Action::Done(output) => return Some(output),
                Action::Wait(until) => {
                    assert!(until > self.now, "the flow waits for a time in the past");
                    self.now = until;
                    continue;
                }
                Action::Read(span) => self.read(&span),
                Action::Save(snapshot) => self.save(snapshot),
                Action::Write(at, bytes) => self.write(at, &bytes),
                Action::Receive(id) => match &mut reply {
                    Some((held, rest, breaks)) if *held == id => {
                        if !rest.is_empty() {
                            Input::Body(id, rest.split_to(rest.len().min(self.piece)))
                        } else if *breaks {
                            Input::Failed(
                                id,
                                TransportError::never_connected(TransportErrorKind::Dropped),
                            )
                        } else {
                            Input::End(id)
                        }
                    }
                    _ => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
                },
                Action::Send(id, request) => {
                    inspect(flow, request.endpoint().starts_with("webwxsend"));
                    assert!(latest.replace(id).is_none_or(|latest| latest < id), "ids grow");
                    let scripted = self.answers.pop_front();
                    let answer = scripted.unwrap_or_else(|| (self.respond)(&request));
                    self.seen.push(SentRequest { at: self.now, answer: answer.clone(), request });
                    self.now += Duration::from_secs(self.passing.pop_front().unwrap_or_default());
                    match answer {
                        Answer::Fail(error) => Input::Failed(id, error),
                        Answer::Reply(code, headers, body) => {
                            let (head, body) = reply_of(code, &headers, body);
                            reply = Some((id, body, false));
                            Input::Head(id, head)
                        }
                        Answer::Break(announced, body) => {
                            let headers = [("content-length", announced.to_string())];
                            let (head, body) = reply_of(200, &headers, body);
                            reply = Some((id, body, true));
                            Input::Head(id, head)
                        }
                    }
                }
            };
            observer.on_input(&input, self.now);
            flow.handle(input, self.now).expect("the driver keeps the contract");
        }
    }

    /// Reads a range of the image.
    pub fn read(&mut self, span: &std::ops::Range<u64>) -> Input {
        (self.before_read)(&mut self.image);
        if let Some(error) = &self.read_error {
            return Input::Local(error.clone());
        }
        let len = self.image.len();
        let [start, end] = [span.start, span.end].map(|at| usize::try_from(at).unwrap().min(len));
        Input::Read(self.image.slice(start..end))
    }

    fn save(&mut self, snapshot: Snapshot) -> Input {
        if self.saves_left == 0 {
            return Input::Local(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
        }
        self.saves_left -= 1;
        self.checkpoints.push(snapshot);
        Input::Saved
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Input {
        if let Some(error) = &self.write_error {
            return Input::Local(error.clone());
        }
        let at = usize::try_from(at).unwrap();
        if at == 0 {
            self.stored.clear();
        }
        assert_eq!(at, self.stored.len(), "a gap or an overlap");
        self.stored.extend_from_slice(bytes);
        Input::Written
    }
}
