mod beginning;
mod body;

use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Response};

use self::body::{Body, Outcome};
use super::Progress;
use super::job::{Cx, Fail, Job, Next, Part};
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

/// Fetches a picture into the caller's sink, piece by piece, and ends well only if it came whole
/// and is a picture.
///
/// ```text
///   Send ─► Receive until the first bytes show a picture ─► Write · Receive · … ─► whole? ─► Done
///    ▲                                                                                 │
///    └── dropped, stalled, cut, empty, 408, 425, 429, 502–504: again from byte 0, if the sink allows
/// ```
#[derive(Debug)]
pub struct FetchImage(Runner<Fetch>);

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
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        let call = GetMsgImg::new(id, size, seed);
        let job = Fetch { call, restartable, stored: false, body: None, fetched: None };
        Ok(Self(Runner::new(job, session, seed, policy)))
    }
}

flow!(FetchImage(Fetch) -> Fetched);

#[derive(Debug)]
struct Fetch {
    call: GetMsgImg,
    restartable: bool,
    /// Whether any bytes have gone to the sink, in any try.
    stored: bool,
    body: Option<Box<Body>>,
    /// Bytes of the picture, once it is whole.
    fetched: Option<u64>,
}

impl Fetch {
    fn next(&mut self, outcome: Outcome) -> Result<Next<Fetched>, Fail> {
        match outcome {
            Outcome::More => Ok(match self.body.as_ref().and_then(|body| body.pending()) {
                Some((at, bytes)) => Next::Write(at, bytes),
                None => Next::Receive,
            }),
            Outcome::Whole(fetched) => {
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

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Result<Next<Fetched>, ErrorKind> {
        Ok(Next::Call(Retry::download(cx.policy)))
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        self.body = None;
        Ok(self.call.request(session)?)
    }

    /// The reply is streamed.
    fn reply(&mut self, _: &Response<Bytes>, _: &Cx<'_>) -> Result<Next<Fetched>, Fail> {
        Err(ReplyError::Empty.into())
    }

    fn part(&mut self, part: Part, cx: &Cx<'_>) -> Result<Next<Fetched>, Fail> {
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

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(Step::Download, kind)
    }

    fn progress(&self) -> Progress {
        let at = Progress::new(Step::Download, 0);
        match (&self.body, self.fetched) {
            (_, Some(bytes)) => Progress { done: bytes, total: bytes, ..at },
            (Some(body), None) => Progress { done: body.received(), total: body.expected(), ..at },
            (None, None) => at,
        }
    }
}

/// How long the server asks to wait. Its other form, a date, is not read: the usual wait holds
/// then.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds =
        headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}
