mod beginning;
mod body;

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use self::body::{Body, Outcome};
use super::Progress;
use super::job::{Cx, Fail, Job, Next, Part, Reply, Transition};
use super::newtype::flow;
use super::retry::Retry;
use super::runner::Runner;
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

/// Fetches an image and streams it into the caller's sink. Succeeds only if the image is complete
/// and is one.
///
/// ```text
///   Send ─► Receive until the first bytes show an image ──► Write · Receive · … ─► whole? ─► Done
///    ▲                                                                                 │
///    └── dropped, stalled, truncated, empty, 408, 425, 429, 502–504: from byte 0, if ──┘
///        the sink can discard what it holds
/// ```
#[derive(Debug)]
pub struct FetchImage(Runner<Fetch>);

impl FetchImage {
    /// Fetches `variant` of the message `id`. `restartable` says whether the sink can discard what
    /// it holds. Only then is the download retried after its first bytes have been written.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in. Nothing is sent in that
    /// case.
    pub fn new(
        session: &Session,
        id: MsgId,
        variant: ImageVariant,
        restartable: bool,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let call = GetMsgImg::new(id, variant, seed);
        let job = Fetch { call, restartable, stored: false, body: None, fetched: None };
        Runner::for_login(job, session, seed, policy).map(Self)
    }
}

flow!(FetchImage(Fetch) -> Fetched);

#[derive(Debug)]
struct Fetch {
    call: GetMsgImg,
    restartable: bool,
    /// Whether any bytes have been written to the sink, in any try.
    stored: bool,
    body: Option<Box<Body>>,
    /// The length of the image, once it is complete.
    fetched: Option<u64>,
}

impl Fetch {
    fn next(&mut self, outcome: Outcome) -> Transition<Fetched, Fail> {
        match outcome {
            Outcome::More => Ok(match self.body.as_ref().and_then(|body| body.pending()) {
                Some((at, bytes)) => Next::Write(at, bytes),
                None => Next::Receive,
            }),
            Outcome::Complete(fetched) => {
                self.fetched = Some(fetched.bytes);
                self.body = None;
                Ok(Next::Done(fetched))
            }
            Outcome::Bad(error) => {
                self.body = None;
                Err(error.into())
            }
        }
    }
}

impl Job for Fetch {
    type Output = Fetched;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Transition<Fetched> {
        Ok(Next::Call(Retry::download(cx.policy)))
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        self.body = None;
        Ok(self.call.request(session)?)
    }

    /// Never called, because the reply is streamed.
    fn reply(&mut self, _: &Reply, _: &Cx<'_>) -> Transition<Fetched, Fail> {
        Err(ReplyError::Empty.into())
    }

    fn part(&mut self, part: Part, cx: &Cx<'_>) -> Transition<Fetched, Fail> {
        let outcome = match (part, &mut self.body) {
            (Part::Head(head), body) => {
                let read = get_msg_img::head(head.status, &head.headers, cx.policy.max_fetch);
                let head = read.map_err(|error| {
                    let wait = retry_after(&head.headers).min(cx.policy.longest_back_off);
                    Fail::Unusable(error, wait)
                })?;
                *body = Some(Box::new(Body::new(head, cx.policy)));
                Outcome::More
            }
            (_, None) => Outcome::Bad(ReplyError::Empty),
            (Part::Body(bytes), Some(body)) => body.chunk(bytes),
            (Part::Written, Some(body)) => {
                self.stored = true;
                body.stored()
            }
            (Part::End, Some(body)) => body.end(),
        };
        self.next(outcome)
    }

    fn is_restartable(&self) -> bool {
        self.restartable || !self.stored
    }

    fn step(&self) -> Step {
        Step::Download
    }

    fn progress(&self) -> Progress {
        let at = Progress::new(self.step(), None);
        match (&self.body, self.fetched) {
            (_, Some(bytes)) => Progress { done: bytes, total: Some(bytes), ..at },
            (Some(body), None) => Progress { done: body.received(), total: body.expected(), ..at },
            (None, None) => at,
        }
    }
}

/// Returns how long the server asks to wait. A date, the other form, is ignored: the usual wait
/// applies.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds =
        headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}
