mod beginning;
mod body;
mod file;
mod recognised;

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use self::body::{Body, Outcome};
use super::Progress;
use super::job::{Cx, Fail, Job, Next, Part, Reply, Transition};
use super::newtype::flow;
use super::retry::Retry;
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::get_media::GetMedia;
use crate::endpoint::get_msg_img::GetMsgImg;
use crate::endpoint::get_video::GetVideo;
use crate::endpoint::get_voice::GetVoice;
use crate::model::attachment::{Attachment, AttachmentKind};
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
/// - an image is recognised by its first bytes, which are held back until then;
/// - so are a video, which has to be an MP4, and a voice message, which has to be an MP3. If the
///   reply is empty, the next try waits for [`Policy::recording_wait`]
///   ([P82](crate::protocol#p82));
/// - a file can be anything. Its length must match the one in the message
///   ([P76](crate::protocol#p76)), or the one that the server announces if the message has none. If
///   it does not match and the body is a web page or JSON, the error says so
///   ([P77](crate::protocol#p77)).
#[derive(Debug)]
pub struct Fetch(Runner<FetchJob>);

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
        FetchJob::start(session, attachment, restartable, seed, policy).map(Self)
    }
}

flow!(Fetch(FetchJob) -> Fetched);

/// Fetches an image by the id of its message: a [`Fetch`] of [`Attachment::image`].
#[derive(Debug)]
pub struct FetchImage(Runner<FetchJob>);

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
        FetchJob::start(session, attachment, restartable, seed, policy).map(Self)
    }
}

flow!(FetchImage(FetchJob) -> Fetched);

#[derive(Debug)]
struct FetchJob {
    attachment: Attachment,
    restartable: bool,
    /// Whether any bytes have been written to the sink, in any try.
    stored: bool,
    body: Option<Box<Body>>,
    /// The length of the media, once it is complete.
    fetched: Option<u64>,
}

impl FetchJob {
    fn start(
        session: &Session,
        attachment: Attachment,
        restartable: bool,
        seed: Seed,
        policy: Policy,
    ) -> Result<Runner<Self>, Error> {
        let job = Self { attachment, restartable, stored: false, body: None, fetched: None };
        Runner::for_login(job, session, seed, policy)
    }

    /// Returns the failure of a try. The next try waits for at least this time.
    fn unusable(&self, error: ReplyError, at_least: Duration, policy: &Policy) -> Fail {
        let is_recording =
            matches!(self.attachment.kind, AttachmentKind::Video | AttachmentKind::Voice);
        // The server may not be ready, if it was received just now.
        let wait = match error {
            ReplyError::Empty if is_recording => policy.recording_wait,
            _ => Duration::ZERO,
        };
        Fail::Unusable(error, at_least.max(wait))
    }

    fn next(&mut self, outcome: Outcome, policy: &Policy) -> Transition<Fetched, Fail> {
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
                Err(self.unusable(error, Duration::ZERO, policy))
            }
        }
    }
}

impl Job for FetchJob {
    type Output = Fetched;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Transition<Fetched> {
        Ok(Next::Call(Retry::download(cx.policy)))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        self.body = None;
        let id = self.attachment.msg_id.clone();
        Ok(match &self.attachment.kind {
            AttachmentKind::Image { variant } => {
                GetMsgImg::new(id, *variant, cx.seed).request(session)?
            }
            AttachmentKind::Video => GetVideo::new(id, cx.seed).request(session)?,
            AttachmentKind::Voice => GetVoice::new(id, cx.seed).request(session)?,
            AttachmentKind::File(file) => GetMedia::new(file.clone(), cx.seed).request(session)?,
        })
    }

    /// Never called, because the reply is streamed.
    fn reply(&mut self, _: &Reply, _: &Cx<'_>) -> Transition<Fetched, Fail> {
        Err(ReplyError::Empty.into())
    }

    fn part(&mut self, part: Part, cx: &Cx<'_>) -> Transition<Fetched, Fail> {
        let outcome = match (part, &mut self.body) {
            (Part::Head(head), body) => {
                match Body::new(&self.attachment.kind, &head, cx.policy) {
                    Ok(begun) => *body = Some(Box::new(begun)),
                    Err(error) => {
                        let wait = retry_after(&head.headers).min(cx.policy.longest_back_off);
                        return Err(self.unusable(error, wait, cx.policy));
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
