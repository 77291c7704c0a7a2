mod avatar;
mod beginning;
mod body;
mod file;
mod place;
mod recognised;
mod target;

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

pub use self::avatar::FetchAvatar;
use self::body::{Body, Outcome};
use self::target::{Absent, AttachmentTarget, Target};
use super::Progress;
use super::job::{Cx, Fail, Job, Next, Part, Reply, Transition};
use super::newtype::flow;
use super::retry::is_absent;
use super::runner::Runner;
use crate::endpoint::api_request::ApiRequest;
use crate::model::attachment::Attachment;
use crate::model::error::{Error, ErrorKind};
use crate::model::ids::MsgId;
use crate::model::image_variant::ImageVariant;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::uploaded::Fetched;
use crate::session::Session;

/// A web page or a refusal in place of the media is read up to this many bytes. It is usually far
/// shorter.
const TEXT_LIMIT: u64 = 64 * 1024;

/// Fetches the media of a message and streams it into the caller's sink.
///
/// ```text
///   Send ─► Receive until it can be the media ──► Write · Receive · … ─► complete? ─► Done
///    ▲                                                                      │
///    └── dropped, stalled, truncated, empty, 408, 425, 429, 502–504: ───────┘
///        from byte 0, if the sink can discard its content
/// ```
///
/// It succeeds only if the media is complete. What that means depends on its kind:
///
/// - an image is recognised by its first bytes, which are held back until then. An unknown format
///   is refused at that point, before the rest is received;
/// - so are a video, which has to be an MP4, and a voice message, which has to be an MP3. If the
///   reply is empty, the next try waits for [`Policy::recording_wait`]
///   ([P82](crate::protocol#p82));
/// - an emoticon that the server does not have in its own size is requested as an image, and then,
///   if [`Policy::outside_hosts`] is set, from the addresses in its message
///   ([P85](crate::protocol#p85)). If these fail, too, the error is that of the server;
/// - a file can be anything. Its length must match the one in the message
///   ([P76](crate::protocol#p76)), or the one that the server announces if the message has none. If
///   it does not match and the body is a web page or JSON, the error says so
///   ([P77](crate::protocol#p77)).
#[derive(Debug)]
pub struct Fetch(Runner<FetchJob<AttachmentTarget>>);

impl Fetch {
    /// Fetches `attachment`. `restartable` says whether the sink can discard its content. Only then
    /// is the download retried after its first bytes have been written.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in. Nothing is sent in that
    /// case.
    pub fn new(
        session: &Session,
        attachment: Attachment,
        restartable: bool,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let target = AttachmentTarget::new(attachment, &policy);
        FetchJob::start(session, target, restartable, seed, policy).map(Self)
    }
}

flow!(Fetch(FetchJob<AttachmentTarget>) -> Fetched);

/// Fetches an image by the id of its message: a [`Fetch`] of [`Attachment::image`].
#[derive(Debug)]
pub struct FetchImage(Runner<FetchJob<AttachmentTarget>>);

impl FetchImage {
    /// Fetches `variant` of the message `id`, like [`Fetch::new`].
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
        let attachment = Attachment::image(id, variant);
        let target = AttachmentTarget::new(attachment, &policy);
        FetchJob::start(session, target, restartable, seed, policy).map(Self)
    }
}

flow!(FetchImage(FetchJob<AttachmentTarget>) -> Fetched);

/// Downloads a target.
#[derive(Debug)]
struct FetchJob<T> {
    target: T,
    restartable: bool,
    /// Whether any bytes have been written to the sink, in any try.
    stored: bool,
    body: Option<Box<Body>>,
    /// The length of the media, once it is complete.
    fetched: Option<u64>,
}

impl<T: Target> FetchJob<T> {
    fn start(
        session: &Session,
        target: T,
        restartable: bool,
        seed: Seed,
        policy: Policy,
    ) -> Result<Runner<Self>, Error> {
        let job = Self { target, restartable, stored: false, body: None, fetched: None };
        Runner::for_login(job, session, seed, policy)
    }

    /// Handles the failure of a try. The next try waits for at least this time.
    fn unusable(
        &mut self,
        error: ReplyError,
        at_least: Duration,
        policy: &Policy,
    ) -> Transition<T::Output, Fail> {
        if is_absent(&error) {
            match self.target.absent(error.clone(), policy) {
                Absent::Error(error, wait) => {
                    return Err(Fail::Unusable(error, at_least.max(wait)));
                }
                // It was there a moment ago.
                _ if self.stored => {}
                Absent::Ask(target) => {
                    self.target = target;
                    return Ok(Next::Call(self.target.retry(policy)));
                }
                Absent::Done(output) => return Ok(Next::Done(output)),
            }
        }
        Err(Fail::Unusable(error, at_least))
    }

    fn next(&mut self, outcome: Outcome, policy: &Policy) -> Transition<T::Output, Fail> {
        match outcome {
            Outcome::More => Ok(match self.body.as_ref().and_then(|body| body.pending()) {
                Some((at, bytes)) => Next::Write(at, bytes),
                None => Next::Receive,
            }),
            Outcome::Complete(fetched) => {
                self.fetched = Some(fetched.bytes);
                self.body = None;
                Ok(Next::Done(self.target.output(fetched)))
            }
            Outcome::Bad(error) => {
                self.body = None;
                self.unusable(error, Duration::ZERO, policy)
            }
        }
    }
}

impl<T: Target> Job for FetchJob<T> {
    type Output = T::Output;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Transition<T::Output> {
        Ok(Next::Call(self.target.retry(cx.policy)))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        self.body = None;
        Ok(self.target.request(session, cx.seed)?)
    }

    fn failed(&mut self, kind: ErrorKind, _: &Cx<'_>) -> Transition<T::Output> {
        if !self.is_restartable() {
            return Err(kind);
        }
        self.target.next_place(kind).map(|()| Next::Settle)
    }

    /// Never called, because the reply is streamed.
    fn reply(&mut self, _: &Reply, _: &Cx<'_>) -> Transition<T::Output, Fail> {
        Err(ReplyError::Empty.into())
    }

    fn part(&mut self, part: Part, cx: &Cx<'_>) -> Transition<T::Output, Fail> {
        let outcome = match (part, &mut self.body) {
            (Part::Head(head), body) => {
                match Body::new(self.target.expected(cx.policy), &head, cx.policy) {
                    Ok(begun) => *body = Some(Box::new(begun)),
                    Err(error) => {
                        let wait = retry_after(&head.headers).min(cx.policy.longest_back_off);
                        return self.unusable(error, wait, cx.policy);
                    }
                }
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
        self.next(outcome, cx.policy)
    }

    fn is_restartable(&self) -> bool {
        self.restartable || !self.stored
    }

    fn accepts_cookies(&self) -> bool {
        !self.target.is_outside()
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

/// Returns the wait in seconds that `Retry-After` requests. The other form, a date, is ignored.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds =
        headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Duration::from_secs(seconds.unwrap_or(0))
}
