//! The trait of a job: its transitions, independent of how calls are made.

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

/// What a transition can use besides the job.
pub(super) struct Cx<'a> {
    pub(super) policy: &'a Policy,
    pub(super) seed: Seed,
    pub(super) now: Duration,
    /// `now` by the wall clock.
    pub(super) time: UnixMs,
    /// Whether the request of the current call may have reached the server more than once.
    pub(super) repeated: bool,
}

/// A job of a [`Runner`](super::runner::Runner).
pub(super) trait Job {
    /// The result of the job.
    type Output: Clone;

    /// Whether the job belongs to the login that it began in.
    const WITHIN_LOGIN: bool = true;

    /// Decides what comes first, and what comes after each [`Next::Settle`]. Only this method can
    /// decide by the session, or change it.
    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Transition<Self::Output>;

    /// Makes the request of the call that is due, for one try.
    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind>;

    /// Takes a complete reply. Returns what comes next, or why the reply cannot be used.
    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<Self::Output, Fail>;

    /// Takes the final error of the call.
    fn failed(&mut self, kind: ErrorKind, _: &Cx<'_>) -> Transition<Self::Output> {
        Err(kind)
    }

    /// Takes the bytes that [`Next::Read`] asked for.
    fn loaded(&mut self, _: Bytes, _: &Cx<'_>) -> Transition<Self::Output> {
        Err(ErrorKind::Cancelled)
    }

    /// Takes a part of a streamed reply.
    fn part(&mut self, _: Part, _: &Cx<'_>) -> Transition<Self::Output, Fail> {
        Err(ReplyError::Empty.into())
    }

    /// Whether a streamed call can be retried.
    fn is_restartable(&self) -> bool {
        true
    }

    /// Whether cookies of the current call count. Those of calls without credentials do not.
    fn takes_cookies(&self) -> bool {
        true
    }

    /// Returns the session that requests are made from and that takes the cookies: the borrowed
    /// one, unless the job is creating its own.
    fn session<'a>(&'a mut self, lent: &'a mut Session) -> &'a mut Session {
        lent
    }

    /// Returns the current step.
    fn step(&self) -> Step;

    /// Creates the error of the job.
    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.step(), kind)
    }

    /// Returns the progress of the job, to which the runner adds that of the call.
    fn progress(&self) -> Progress {
        Progress::new(self.step(), None)
    }

    /// Returns the state to save. `done` is the output, if the job has succeeded; `first_left` is
    /// when its message first left.
    fn saved(&self, _done: Option<&Self::Output>, _first_left: Option<UnixMs>) -> Option<SavedJob> {
        None
    }
}

/// What a job does next.
#[derive(Clone, Debug)]
pub(super) enum Next<T> {
    /// Call [`Job::settle`] with the session, at the next poll.
    Settle,
    /// Make the call that is due.
    Call(Retry),
    /// The long poll returned nothing: make this call.
    Idle(Retry),
    /// The long poll announced something that never came: make this call, after a pause.
    Pause(Retry),
    Read(Range<u64>),
    /// Receive more of the streamed reply.
    Receive,
    Write(u64, Bytes),
    Done(T),
}

impl<T> Next<T> {
    /// Continues with `done` after this job.
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

/// Why a reply leads to no next step.
#[derive(Debug)]
pub(super) enum Fail {
    /// The reply cannot be used. The retry row of the call decides whether there is another try,
    /// which waits for at least this long.
    Unusable(ReplyError, Duration),
    /// The job is over.
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
