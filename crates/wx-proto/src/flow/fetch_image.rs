mod beginning;
mod body;

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use self::body::{Body, Next};
use super::{
    Action, CallId, Flow, Input, Progress, TransportError, TransportErrorKind, UnexpectedInput,
    repeating,
};
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::get_msg_img::GetMsgImg;
use crate::endpoint::{Endpoint, get_msg_img};
use crate::model::error::{Error, ErrorKind};
use crate::model::ids::MsgId;
use crate::model::image_variant::ImageVariant;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::uploaded::Fetched;
use crate::session::Session;

/// Fetches a picture into the caller's sink, piece by piece, and ends well only if it came whole
/// and is a picture.
///
/// ```text
///   Send ─► Pull until the first bytes show a picture ─► Store · Pull · Store · … ─► whole? ─► Done
///    ▲                                                                                 │
///    └── dropped, stalled, cut, empty, 408, 425, 429, 502–504: again from byte 0, if the sink allows
/// ```
#[derive(Debug)]
pub struct FetchImage {
    outgoing: ApiRequest,
    restartable: bool,
    policy: Policy,
    id: CallId,
    /// Counted from 1.
    tries: u32,
    /// Why the last try failed.
    last_error: Option<ErrorKind>,
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
    /// Fetches `size` of the message `id`. `restartable` says whether the sink can drop what it
    /// holds: only then is a picture begun again after its first bytes have been stored.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if nobody is logged in; nothing is sent then.
    pub fn new(
        session: &Session,
        id: MsgId,
        size: ImageVariant,
        restartable: bool,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let request = GetMsgImg::new(id, size, seed).request(session);
        let outgoing =
            request.map_err(|unready| Error::new(Step::Prepare, unready))?.for_call(&policy);
        Ok(Self {
            outgoing,
            restartable,
            policy,
            id: CallId::FIRST,
            tries: 1,
            last_error: None,
            stored: false,
            stage: Stage::Send,
        })
    }

    fn fail(&mut self, kind: ErrorKind) {
        self.stage = Stage::Done(Err(Box::new(Error::new(Step::Download, kind))));
    }

    /// The next try, not before `wait` has passed, or the end.
    fn again(&mut self, kind: ErrorKind, repeatable: bool, wait: Duration, now: Duration) {
        let sink_allows = self.restartable || !self.stored;
        if !repeatable || !sink_allows || self.tries >= self.policy.fetch_tries.max(1) {
            return self.fail(kind);
        }
        let wait = self.policy.back_off_after(self.tries).max(wait);
        self.stage = Stage::Wait(now.saturating_add(wait));
        self.last_error = Some(kind);
        self.id = self.id.next();
        self.outgoing = self.outgoing.clone().with_new_connection(false);
        self.tries += 1;
    }

    fn refused(&mut self, error: ReplyError, wait: Duration, now: Duration) {
        let asks_for_repeat = matches!(error, ReplyError::Status(408 | 425 | 429));
        let repeatable = asks_for_repeat || repeating::is_passing(&error);
        self.again(error.into(), repeatable, wait, now);
    }

    fn failed(&mut self, failure: TransportError, now: Duration) {
        let failure = self.outgoing.failed(failure);
        let kind = ErrorKind::Network { failure, tries: self.tries };
        self.again(kind, failure.is_passing(), Duration::ZERO, now);
    }
}

/// How long the server asks to wait. Its other form, a date, is not read: the usual wait holds
/// then.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds =
        headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
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
                Some((at, bytes)) => Action::Write(at, bytes),
                None => Action::Receive(self.id),
            },
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        let next = match (&mut self.stage, input) {
            (Stage::Send, Input::Head(id, head))
                if id == self.id && !self.outgoing.limits().admit(&head) =>
            {
                self.failed(TransportError::on_the_way(TransportErrorKind::Protocol), now);
                return Ok(());
            }
            (Stage::Send, Input::Head(id, head)) if id == self.id => {
                match get_msg_img::head(head.status, &head.headers, self.policy.max_fetch) {
                    Ok(head) => self.stage = Stage::Body(Box::new(Body::new(head, &self.policy))),
                    Err(error) => {
                        let wait = retry_after(&head.headers).min(self.policy.longest_back_off);
                        self.refused(error, wait, now);
                    }
                }
                return Ok(());
            }
            (Stage::Send, Input::Failed(id, failure))
                if id == self.id && self.outgoing.is_due_again(failure) =>
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
            (Stage::Body(body), Input::Written) if body.pending().is_some() => {
                self.stored = true;
                body.stored()
            }
            (Stage::Body(body), Input::Body(id, bytes))
                if id == self.id && body.pending().is_none() =>
            {
                body.chunk(bytes)
            }
            (Stage::Body(body), Input::End(id)) if id == self.id && body.pending().is_none() => {
                body.end()
            }
            _ => return Err(UnexpectedInput),
        };
        match next {
            Next::More => {}
            Next::Whole(fetched) => self.stage = Stage::Done(Ok(fetched)),
            Next::Bad(error) => self.refused(error, Duration::ZERO, now),
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        let at = Progress::at(Step::Download, 0).with_try(self.tries, self.last_error.as_ref());
        match &self.stage {
            Stage::Wait(_) | Stage::Send => at,
            Stage::Body(body) => Progress { done: body.received(), total: body.expected(), ..at },
            Stage::Done(Ok(fetched)) => {
                Progress { done: fetched.bytes, total: fetched.bytes, ..at }
            }
            Stage::Done(Err(_)) => at,
        }
    }

    fn cancel(&mut self) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.fail(ErrorKind::Cancelled);
        }
    }
}
