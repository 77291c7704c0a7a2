//! What a job is: its transitions, and nothing of how calls are made.

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
use crate::session::Session;

/// What a transition may look at besides the job.
pub(super) struct Cx<'a> {
    pub(super) policy: &'a Policy,
    pub(super) seed: Seed,
    pub(super) now: Duration,
    /// `now` by the wall clock, in Unix milliseconds.
    pub(super) unix_ms: u64,
    /// Whether the request of the current call may have reached the server more than once.
    pub(super) repeated: bool,
}

/// A job of a [`Runner`](super::runner::Runner).
pub(super) trait Job {
    /// What it ends with.
    type Output: Clone;

    /// Whether it belongs to the login that it began in.
    const WITHIN_LOGIN: bool = true;

    /// What comes first, and after each [`Next::Settle`]: all that looks at the session to decide,
    /// or changes it.
    fn settle(
        &mut self,
        session: &mut Session,
        cx: &Cx<'_>,
    ) -> Result<Next<Self::Output>, ErrorKind>;

    /// Makes the request of the call that is due, for one try.
    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind>;

    /// Takes a whole reply: what comes next, or why it cannot be used.
    fn reply(&mut self, reply: &Response<Bytes>, cx: &Cx<'_>) -> Result<Next<Self::Output>, Fail>;

    /// The call came to nothing, for good.
    fn failed(&mut self, kind: ErrorKind, _: &Cx<'_>) -> Result<Next<Self::Output>, ErrorKind> {
        Err(kind)
    }

    /// Takes what [`Next::Read`] asked for.
    fn loaded(&mut self, _: Bytes, _: &Cx<'_>) -> Result<Next<Self::Output>, ErrorKind> {
        Err(ErrorKind::Cancelled)
    }

    /// Takes a part of a streamed reply.
    fn part(&mut self, _: Part, _: &Cx<'_>) -> Result<Next<Self::Output>, Fail> {
        Err(ReplyError::Empty.into())
    }

    /// Whether a streamed call can be begun again.
    fn is_restartable(&self) -> bool {
        true
    }

    /// Whether the cookies of the call that is due count: those of calls without credentials do
    /// not.
    fn takes_cookies(&self) -> bool {
        true
    }

    /// The session that its requests are made of and its cookies go to: the one that is lent,
    /// unless it has one of its own in the making.
    fn session<'a>(&'a mut self, lent: &'a mut Session) -> &'a mut Session {
        lent
    }

    /// Says where it went wrong.
    fn error(&self, kind: ErrorKind) -> Error;

    /// How far it is; the runner adds what it knows of the call.
    fn progress(&self) -> Progress;

    /// Returns what is saved of it, `done` or not. `first_ms` says when its message first left.
    fn saved(&self, _done: Option<&Self::Output>, _first_ms: Option<u64>) -> Option<SavedJob> {
        None
    }
}

/// What a job does next.
#[derive(Clone, Debug)]
pub(super) enum Next<T> {
    /// Look at the session, when it is lent the next time.
    Settle,
    /// Make the call that is due.
    Call(Retry),
    /// The long poll was answered with nothing: make this one.
    Idle(Retry),
    /// The long poll was answered, and came to nothing all the same: make this one, after a pause.
    Pause(Retry),
    Read(Range<u64>),
    /// Go on with the streamed reply.
    Receive,
    Write(u64, Bytes),
    Done(T),
}

impl<T> Next<T> {
    /// What an inner job does next, as what the outer one does.
    pub(super) fn then<U>(self, done: impl FnOnce(T) -> Next<U>) -> Next<U> {
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
    /// It cannot be used: the row of the call says whether there is another try, which waits for at
    /// least so long.
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
    /// What [`Next::Write`] asked for is written.
    Written,
    End,
}
