use bytes::Bytes;
use http::Response;

use super::job::{Cx, Fail, Job, Next};
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
use crate::model::uploaded::{Sent, Uploaded};
use crate::session::Session;

/// Sends what was uploaded to one recipient: webwxsendmsgimg, or webwxsendemoticon for a GIF, or
/// webwxsendappmsg for what was uploaded [as a file](crate::MediaKind::File).
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
/// Once it may have been delivered, it is handed out again only within
/// [`Policy::resend_within`] of its first hand-out, whatever the number of tries: how long the
/// server remembers a ClientMsgId is unknown.
///
/// That a server drops a repeat by its ClientMsgId is what the official page relies on (§4.7); it
/// is not proven.
#[derive(Clone, Debug)]
pub struct SendUploaded(Runner<Sending>);

impl SendUploaded {
    /// A message with `uploaded` to `to`. Each message needs a seed of its own: its ids follow from
    /// it.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if nobody is logged in.
    pub fn new(
        session: &Session,
        uploaded: Uploaded,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        if let Err(unready) = session.check_sender() {
            let uploaded = Some(Box::new(uploaded));
            return Err(Error { uploaded, ..Error::new(Step::Prepare, unready) });
        }
        let job = Sending::new(uploaded, to, seed);
        Ok(Self(Runner::new(job, session, seed, policy)))
    }

    /// Takes up a saved message, in the same login. One that was handed out is handed out again
    /// with its own ClientMsgId within [`Policy::resend_within`] of its first hand-out, or of now
    /// if [`ResumeOptions::resend`] says so; else it ends as [`ErrorKind::Uncertain`] at once.
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent then.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        session.check_sender()?;
        let (seed, saved) = snapshot.message(session)?;
        let job = Sending::new(saved.uploaded, saved.to, seed);
        let delivery = Remembered::saved(saved.handed_out_ms, at);
        let retry = Retry::message(&policy);
        let runner = Runner::new(job, session, seed, policy);
        Ok(Self(runner.remembering(retry, delivery, at.start_ms())))
    }

    /// Sets the time of the first poll, in Unix milliseconds. Without it that is the seed's, which
    /// an [`IdSource`](crate::IdSource) may have moved ahead of the clock.
    #[must_use]
    pub fn started_at(self, unix_ms: u64) -> Self {
        Self(self.0.started_at(unix_ms))
    }

    /// LocalID and ClientMsgId of every try.
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
}

impl Job for Sending {
    type Output = Sent;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Result<Next<Sent>, ErrorKind> {
        Ok(Next::Call(Retry::message(cx.policy)))
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(self.call.request(session)?)
    }

    fn reply(&mut self, reply: &Response<Bytes>, _: &Cx<'_>) -> Result<Next<Sent>, Fail> {
        let receipt = SendMedia::read(reply)?;
        Ok(Next::Done(Sent {
            msg_id: receipt.msg_id,
            local_id: self.call.local_id().clone(),
            uploaded: self.uploaded.clone(),
        }))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error {
            uploaded: Some(Box::new(self.uploaded.clone())),
            local_id: Some(self.call.local_id().clone()),
            ..Error::new(Step::Message, kind)
        }
    }

    fn progress(&self) -> Progress {
        let total = self.uploaded.bytes;
        Progress {
            done: total,
            local_id: Some(self.call.local_id().clone()),
            ..Progress::new(Step::Message, total)
        }
    }

    fn saved(&self, done: Option<&Sent>, handed_out_ms: Option<u64>) -> Option<SavedJob> {
        if done.is_some() {
            return None;
        }
        let (to, uploaded) = (self.to.clone(), self.uploaded.clone());
        Some(SavedJob::Message(SavedMessage { to, uploaded, handed_out_ms }))
    }
}
