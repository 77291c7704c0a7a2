use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::newtype::flow;
use super::remembered::Remembered;
use super::retry::Retry;
use super::runner::Runner;
use super::snapshot::{SavedJob, SavedMessage};
use super::{Progress, ResumeError, ResumeOptions, Snapshot};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::send_media::SendMedia;
use crate::model::error::{Error, ErrorKind};
use crate::model::ids::LocalId;
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::model::uploaded::{Sent, Uploaded};
use crate::session::Session;

/// Sends an upload to one recipient: with webwxsendmsgimg, with webwxsendemoticon for a GIF, or
/// with webwxsendappmsg for an upload [as a file](crate::MediaKind::File).
///
/// ```text
///              ┌───────── never connected: back-off; no clear answer: 15 s ────────┐
///              ▼                                                                   │
///   hand out (same ClientMsgId each time) ── Ret 0 and a MsgID ──► Sent            │
///              ├── Ret ≠ 0, and no earlier try may have been delivered ──► not sent│
///              ├── Ret ≠ 0 after one that may have been ──► Uncertain              │
///              ├── closed, on a reused connection ──► at once on a new one, within the try
///              └── anything else ──────────────────────────────────────────────────┘
///        tries used up, or too late for another ──► Uncertain, or not sent if none ever connected
/// ```
///
/// Once a message may have been delivered, it is handed out again only within
/// [`Policy::resend_within`] of its first hand-out, whatever the number of tries, because it is
/// unknown how long the server remembers a ClientMsgId.
///
/// Retries rely on the server dropping messages whose ClientMsgId it has already seen. The official
/// page relies on this too ([§4.7](crate::protocol#s4-7)), but it is not proven.
#[derive(Clone, Debug)]
pub struct SendUploaded(Runner<Sending>);

impl SendUploaded {
    /// Sends `uploaded` to `to`. Each message needs its own seed, because its ids are derived from
    /// it.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in.
    pub fn new(
        session: &Session,
        uploaded: Uploaded,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        if let Err(error) = session.check_sender() {
            let uploaded = Some(Box::new(uploaded));
            return Err(Error { uploaded, ..Error::new(Step::Prepare, error) });
        }
        let job = Sending::new(uploaded, to, seed);
        Ok(Self(Runner::new(job, session, seed, policy)))
    }

    /// Resumes a saved message in the same login. If it was handed out before, it is handed out
    /// again with the same ClientMsgId within [`Policy::resend_within`] of its first hand-out, or
    /// of now if [`ResumeOptions::resend`] is set. Otherwise it ends as [`ErrorKind::Uncertain`] at
    /// once.
    ///
    /// # Errors
    /// Returns a [`ResumeError`]. Nothing is sent in that case.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        Sending::resume(session, snapshot, policy, at, |job| job).map(Self)
    }

    /// Sets the time of the first poll. By default it is that of the seed, which an
    /// [`IdSource`](crate::IdSource) may have moved ahead of the clock.
    #[must_use]
    pub fn started_at(self, time: UnixMs) -> Self {
        Self(self.0.started_at(time))
    }

    /// Returns whether the job is over. A resumed message is over from the beginning if it is too
    /// late to hand it out again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_over()
    }

    /// Returns the LocalID and ClientMsgId of every try.
    #[must_use]
    pub fn local_id(&self) -> &LocalId {
        self.0.job.call.local_id()
    }
}

flow!(SendUploaded(Sending) -> Sent, saved);

/// The job, which is also the second half of [`SendImage`](super::SendImage).
#[derive(Clone, Debug)]
pub(super) struct Sending {
    to: Recipient,
    call: SendMedia,
    uploaded: Uploaded,
}

impl Sending {
    pub(super) fn new(uploaded: Uploaded, to: Recipient, seed: Seed) -> Self {
        let call = SendMedia::new(&uploaded, to.clone(), seed);
        Self { to, call, uploaded }
    }

    /// Resumes a saved message as the job that `wrap` creates from it.
    pub(super) fn resume<J: Job>(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
        wrap: impl FnOnce(Self) -> J,
    ) -> Result<Runner<J>, ResumeError> {
        session.check_sender()?;
        let (seed, saved) = snapshot.message(session)?;
        let job = wrap(Self::new(saved.uploaded, saved.to, seed));
        let (retry, delivery) = (Retry::message(&policy), Remembered::saved(saved.handed_out, at));
        Ok(Runner::new(job, session, seed, policy).remembering(retry, delivery, at.start()))
    }
}

impl Job for Sending {
    type Output = Sent;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Transition<Sent> {
        Ok(Next::Call(Retry::message(cx.policy)))
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(self.call.request(session)?)
    }

    fn reply(&mut self, reply: &Reply, _: &Cx<'_>) -> Transition<Sent, Fail> {
        let receipt = SendMedia::read(reply)?;
        Ok(Next::Done(Sent {
            msg_id: receipt.msg_id,
            local_id: self.call.local_id().clone(),
            uploaded: self.uploaded.clone(),
        }))
    }

    fn step(&self) -> Step {
        Step::Message
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error {
            uploaded: Some(Box::new(self.uploaded.clone())),
            local_id: Some(self.call.local_id().clone()),
            ..Error::new(self.step(), kind)
        }
    }

    fn progress(&self) -> Progress {
        let total = self.uploaded.bytes;
        Progress {
            done: total,
            local_id: Some(self.call.local_id().clone()),
            ..Progress::new(self.step(), total)
        }
    }

    fn saved(&self, done: Option<&Sent>, handed_out: Option<UnixMs>) -> Option<SavedJob> {
        if done.is_some() {
            return None;
        }
        let (to, uploaded) = (self.to.clone(), self.uploaded.clone());
        Some(SavedJob::Message(SavedMessage { to, uploaded, handed_out }))
    }
}
