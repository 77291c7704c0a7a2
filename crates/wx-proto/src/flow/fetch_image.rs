mod body;

use std::time::Duration;

use self::body::{Body, Next};
use super::{Action, CallId, Failure, Flow, Input, Misuse, Progress, repeating};
use crate::endpoint::Endpoint;
use crate::endpoint::get_msg_img::{self, GetMsgImg, ImageSize};
use crate::{Cause, Error, Fetched, MsgId, Outgoing, Policy, ReplyError, Seed, Session, Step};

/// Fetches a picture into the caller's sink, piece by piece, and ends well only if it came whole and is a picture.
///
/// ```text
///   Send ─► Pull until the first bytes show a picture ─► Store · Pull · Store · … ─► whole? ─► Done
///    ▲                                                                                 │
///    └── dropped, stalled, cut, empty, 502–504: again from byte 0, if the sink allows ─┘
/// ```
#[derive(Debug)]
pub struct FetchImage {
    outgoing: Outgoing,
    restartable: bool,
    policy: Policy,
    id: CallId,
    /// Counted from 1.
    tries: u32,
    /// Whether any bytes have gone to the sink, in any try.
    stored: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Wait(Duration),
    Send,
    Body(Box<Body>),
    Done(Result<Fetched, Box<Error>>),
}

impl FetchImage {
    /// Fetches `size` of the message `id`. `restartable` says whether the sink can drop what it holds: only then is a
    /// picture begun again after its first bytes have been stored.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if nobody is logged in; nothing is sent then.
    pub fn new(
        session: &Session,
        id: MsgId,
        size: ImageSize,
        restartable: bool,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let request = GetMsgImg::new(id, size, seed).request(session);
        let outgoing =
            request.map_err(|unready| Error::new(Step::Prepare, unready))?.with_stall(policy.call_stall);
        Ok(Self {
            outgoing,
            restartable,
            policy,
            id: CallId::FIRST,
            tries: 1,
            stored: false,
            stage: Stage::Send,
        })
    }

    fn fail(&mut self, cause: Cause) {
        self.stage = Stage::Done(Err(Box::new(Error::new(Step::Download, cause))));
    }

    fn again(&mut self, cause: Cause, repeatable: bool, now: Duration) {
        let sink_allows = self.restartable || !self.stored;
        if !repeatable || !sink_allows || self.tries >= self.policy.fetch_tries.max(1) {
            return self.fail(cause);
        }
        self.stage = Stage::Wait(now.saturating_add(self.policy.back_off_after(self.tries)));
        self.id = self.id.next();
        self.outgoing = self.outgoing.clone().with_new_connection(false);
        self.tries += 1;
    }

    fn refused(&mut self, error: ReplyError, now: Duration) {
        let repeatable = repeating::is_passing(&error);
        self.again(error.into(), repeatable, now);
    }

    fn failed(&mut self, failure: Failure, now: Duration) {
        let failure = failure.of(&self.outgoing);
        self.again(Cause::Network { failure, tries: self.tries }, failure.is_passing(), now);
    }
}

impl Flow for FetchImage {
    type Output = Result<Fetched, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        if let Stage::Wait(until) = self.stage {
            if now < until {
                return Action::Wait(until);
            }
            self.stage = Stage::Send;
        }
        match &self.stage {
            Stage::Wait(until) => Action::Wait(*until),
            Stage::Send => Action::Send(self.id, self.outgoing.clone()),
            Stage::Done(done) => Action::Done(done.clone().map_err(|error| *error)),
            Stage::Body(body) => match body.pending() {
                Some((at, bytes)) => Action::Store(at, bytes),
                None => Action::Pull(self.id),
            },
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), Misuse> {
        let next = match (&mut self.stage, input) {
            (Stage::Send, Input::Head(id, head)) if id == self.id => {
                match get_msg_img::head(head.status, &head.headers, self.policy.max_fetch) {
                    Ok(head) => self.stage = Stage::Body(Box::new(Body::new(head, self.policy.max_fetch))),
                    Err(error) => self.refused(error, now),
                }
                return Ok(());
            }
            (Stage::Send, Input::Failed(id, failure))
                if id == self.id && failure.calls_for_new_connection(&self.outgoing) =>
            {
                // Due at once, and not answered before it is handed out.
                self.stage = Stage::Wait(now);
                self.id = self.id.next();
                self.outgoing = self.outgoing.clone().with_new_connection(true);
                return Ok(());
            }
            (Stage::Send | Stage::Body(_), Input::Failed(id, failure)) if id == self.id => {
                self.failed(failure, now);
                return Ok(());
            }
            (Stage::Body(body), Input::Local(error)) if body.pending().is_some() => {
                self.fail(error.into());
                return Ok(());
            }
            (Stage::Body(body), Input::Stored) if body.pending().is_some() => {
                self.stored = true;
                body.stored()
            }
            (Stage::Body(body), Input::Chunk(id, bytes)) if id == self.id && body.pending().is_none() => {
                body.chunk(bytes)
            }
            (Stage::Body(body), Input::End(id)) if id == self.id && body.pending().is_none() => body.end(),
            _ => return Err(Misuse),
        };
        match next {
            Next::More => {}
            Next::Whole(fetched) => self.stage = Stage::Done(Ok(fetched)),
            Next::Bad(error) => self.refused(error, now),
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        let at = Progress { attempt: self.tries, ..Progress::at(Step::Download, 0) };
        match &self.stage {
            Stage::Wait(_) | Stage::Send => at,
            Stage::Body(body) => Progress { done: body.received(), total: body.expected(), ..at },
            Stage::Done(Ok(fetched)) => Progress { done: fetched.bytes, total: fetched.bytes, ..at },
            Stage::Done(Err(_)) => at,
        }
    }

    fn cancel(&mut self) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.fail(Cause::Cancelled);
        }
    }
}
