//! The trait of jobs, which are the transitions of a flow without the handling of calls.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::response::Parts;

use super::Progress;
use super::retry::Retry;
use super::snapshot::SavedJob;
use crate::endpoint::api_request::ApiRequest;
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;

/// A complete reply.
pub(super) type Reply = Response<Bytes>;

/// The result of a transition of a job with the output `T`.
pub(super) type Transition<T, E = ErrorKind> = Result<Next<T>, E>;

/// The context of a transition.
pub(super) struct Cx<'a> {
    pub(super) policy: &'a Policy,
    pub(super) seed: Seed,
    pub(super) now: Duration,
    /// `now` as a time of the wall clock.
    pub(super) time: UnixMs,
    /// Whether the request of the current call may have reached the server more than once.
    pub(super) repeated: bool,
}

/// A job that a [`Runner`](super::runner::Runner) runs.
pub(super) trait Job {
    /// The result of the job.
    type Output: Clone;

    /// Whether the job belongs to the login that it began in.
    const WITHIN_LOGIN: bool = true;

    /// Returns the first step, and the step after each [`Next::Settle`]. Only this method can
    /// depend on the session or change it.
    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Transition<Self::Output>;

    /// Makes the request of the current call, for one try.
    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind>;

    /// Handles a complete reply. Returns the next step, or why the reply cannot be used.
    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<Self::Output, Fail>;

    /// Handles the final error of the call.
    fn failed(&mut self, kind: ErrorKind, _: &Cx<'_>) -> Transition<Self::Output> {
        Err(kind)
    }

    /// Handles the bytes that [`Next::Read`] requested.
    fn loaded(&mut self, _: Bytes, _: &Cx<'_>) -> Transition<Self::Output> {
        Err(ErrorKind::Cancelled)
    }

    /// Handles a part of a streamed reply.
    fn part(&mut self, _: Part, _: &Cx<'_>) -> Transition<Self::Output, Fail> {
        Err(ReplyError::Empty.into())
    }

    /// Returns whether a streamed call can be retried.
    fn is_restartable(&self) -> bool {
        true
    }

    /// Returns whether the cookies of the current call's reply are applied. They are not applied
    /// for calls without credentials.
    fn accepts_cookies(&self) -> bool {
        true
    }

    /// Returns the session that requests are made from and cookies are applied to. This is the
    /// borrowed session, unless the job creates another one.
    fn session<'a>(&'a mut self, borrowed: &'a mut Session) -> &'a mut Session {
        borrowed
    }

    /// Records the output of the job in the session. Called at least once.
    fn record(&self, _: &Self::Output, _: &mut Session) {}

    /// Returns the current step.
    fn step(&self) -> Step;

    /// Creates the error of the job.
    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.step(), kind)
    }

    /// Returns the progress of the job, without the state of its current call.
    fn progress(&self) -> Progress {
        Progress::new(self.step(), None)
    }

    /// Returns the state to save. `done` is the output, if the job has succeeded. `first_left` is
    /// the time when its message first left.
    fn saved(&self, _done: Option<&Self::Output>, _first_left: Option<UnixMs>) -> Option<SavedJob> {
        None
    }
}

/// The next step of a job.
#[derive(Clone, Debug)]
pub(super) enum Next<T> {
    /// Call [`Job::settle`] with the session, at the next poll.
    Settle,
    /// Make a call.
    Call(Retry),
    /// The long poll returned nothing: make this call.
    Idle(Retry),
    /// The long poll announced messages, but there were none: make this call after a pause.
    Pause(Retry),
    Read(Range<u64>),
    /// Receive more of the streamed reply.
    Receive,
    Write(u64, Bytes),
    Done(T),
}

impl<T> Next<T> {
    /// Continues with `done` if this job is done.
    pub(super) fn or_after<U>(self, done: impl FnOnce(T) -> Next<U>) -> Next<U> {
        match self {
            Self::Settle => Next::Settle,
            Self::Call(retry) => Next::Call(retry),
            Self::Idle(retry) => Next::Idle(retry),
            Self::Pause(retry) => Next::Pause(retry),
            Self::Read(span) => Next::Read(span),
            Self::Receive => Next::Receive,
            Self::Write(at, bytes) => Next::Write(at, bytes),
            Self::Done(output) => done(output),
        }
    }
}

/// Why there is no next step after a reply.
#[derive(Debug)]
pub(super) enum Fail {
    /// The reply cannot be used. The retry rules of the call decide whether there is another try.
    /// It begins after this time at the earliest.
    Unusable(ReplyError, Duration),
    /// The job ends with this error.
    Final(ErrorKind),
}

impl From<ReplyError> for Fail {
    fn from(error: ReplyError) -> Self {
        Self::Unusable(error, Duration::ZERO)
    }
}

impl From<ErrorKind> for Fail {
    fn from(kind: ErrorKind) -> Self {
        Self::Final(kind)
    }
}

/// A part of a streamed reply.
pub(super) enum Part {
    Head(Parts),
    Body(Bytes),
    /// The bytes of [`Next::Write`] were written.
    Written,
    End,
}
