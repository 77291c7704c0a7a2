//! Two jobs in a row. The second one is created from the output of the first.

use bytes::Bytes;

use super::Progress;
use super::job::{Cx, Fail, Job, Next, Part, Reply, Transition};
use super::snapshot::SavedJob;
use crate::endpoint::api_request::ApiRequest;
use crate::model::error::{Error, ErrorKind};
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;

/// A job that is followed by another one.
pub(super) trait FollowedBy<B>: Job {
    /// Creates the second job from the `output` of this one.
    fn follow(&mut self, output: Self::Output, cx: &Cx<'_>) -> B;
}

/// Two jobs in a row. The first one is dropped when it is over.
#[derive(Clone, Debug)]
pub(super) enum Chain<A, B> {
    First(Box<A>),
    Second(Box<B>),
}

impl<A, B> Chain<A, B> {
    pub(super) fn first(job: A) -> Self {
        Self::First(Box::new(job))
    }

    pub(super) fn second(job: B) -> Self {
        Self::Second(Box::new(job))
    }
}

/// Evaluates `$with` for the current job.
macro_rules! current {
    ($chain:ident, $job:ident => $with:expr) => {
        match $chain {
            Chain::First($job) => $with,
            Chain::Second($job) => $with,
        }
    };
}

/// Calls a transition of the current job.
macro_rules! transition {
    ($chain:ident, $cx:ident, $job:ident => $transition:expr) => {
        match $chain {
            Chain::First($job) => {
                let next = $transition?;
                Ok($chain.followed(next, $cx))
            }
            Chain::Second($job) => $transition,
        }
    };
}

impl<A: FollowedBy<B>, B: Job> Chain<A, B> {
    /// Begins the second job if the first one is over.
    fn followed(&mut self, next: Next<A::Output>, cx: &Cx<'_>) -> Next<B::Output> {
        next.or_after(|output| {
            if let Self::First(job) = self {
                *self = Self::second(job.follow(output, cx));
            }
            Next::Settle
        })
    }
}

impl<A: FollowedBy<B>, B: Job> Job for Chain<A, B> {
    type Output = B::Output;
    const WITHIN_LOGIN: bool = A::WITHIN_LOGIN;

    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Transition<B::Output> {
        transition!(self, cx, job => job.settle(session, cx))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        current!(self, job => job.request(session, cx))
    }

    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<B::Output, Fail> {
        transition!(self, cx, job => job.reply(reply, cx))
    }

    fn failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Transition<B::Output> {
        transition!(self, cx, job => job.failed(kind, cx))
    }

    fn loaded(&mut self, bytes: Bytes, cx: &Cx<'_>) -> Transition<B::Output> {
        transition!(self, cx, job => job.loaded(bytes, cx))
    }

    fn part(&mut self, part: Part, cx: &Cx<'_>) -> Transition<B::Output, Fail> {
        transition!(self, cx, job => job.part(part, cx))
    }

    fn is_restartable(&self) -> bool {
        current!(self, job => job.is_restartable())
    }

    fn accepts_cookies(&self) -> bool {
        current!(self, job => job.accepts_cookies())
    }

    fn session<'a>(&'a mut self, borrowed: &'a mut Session) -> &'a mut Session {
        current!(self, job => job.session(borrowed))
    }

    fn record(&self, output: &B::Output, session: &mut Session) {
        if let Self::Second(job) = self {
            job.record(output, session);
        }
    }

    fn step(&self) -> Step {
        current!(self, job => job.step())
    }

    fn error(&self, kind: ErrorKind) -> Error {
        current!(self, job => job.error(kind))
    }

    fn progress(&self) -> Progress {
        current!(self, job => job.progress())
    }

    fn saved(&self, done: Option<&B::Output>, first_left: Option<UnixMs>) -> Option<SavedJob> {
        match self {
            Self::First(job) => job.saved(None, first_left),
            Self::Second(job) => job.saved(done, first_left),
        }
    }
}
