//! The job that sends a message.

use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::remembered::Remembered;
use super::retry::Retry;
use super::runner::Runner;
use super::snapshot::{Content, SavedJob, SavedMessage};
use super::{Progress, ResumeError, ResumeOptions, Snapshot};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::send_msg::SendMsg;
use crate::model::error::{Error, ErrorKind};
use crate::model::inline_content::InlineContent;
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::model::uploaded::{Sent, Uploaded};
use crate::session::Session;

/// Sends an upload, or content that needs none, as a message. It is also the second half of
/// [`SendMessage`](super::SendMessage).
#[derive(Clone, Debug)]
pub(super) struct Sending {
    to: Recipient,
    call: SendMsg,
    content: Content,
}

impl Sending {
    /// Sends an upload.
    pub(super) fn uploaded(uploaded: Uploaded, to: Recipient, seed: Seed) -> Self {
        let call = SendMsg::new(&uploaded, to.clone(), seed);
        Self { to, call, content: Content::Uploaded(uploaded) }
    }

    /// Sends content that needs no upload.
    pub(super) fn inline(content: InlineContent, to: Recipient, seed: Seed) -> Self {
        let call = SendMsg::inline(&content, to.clone(), seed);
        Self { to, call, content: Content::Inline(content) }
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
        let job = match saved.content {
            Content::Uploaded(uploaded) => Self::uploaded(uploaded, saved.to, seed),
            Content::Inline(content) => Self::inline(content, saved.to, seed),
        };
        let (retry, delivery) = (Retry::message(&policy), Remembered::saved(saved.first_left, at));
        let runner = Runner::new(wrap(job), session, seed, policy);
        Ok(runner.remembering(retry, delivery, at.start()))
    }

    fn upload(&self) -> Option<&Uploaded> {
        match &self.content {
            Content::Uploaded(uploaded) => Some(uploaded),
            Content::Inline(_) => None,
        }
    }
}

impl Job for Sending {
    type Output = Sent;

    fn settle(&mut self, _: &mut Session, cx: &Cx<'_>) -> Transition<Sent> {
        Ok(Next::Call(Retry::message(cx.policy)))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        // The call has the time of its first try.
        session.check_alive(cx.time)?;
        Ok(self.call.request(session)?)
    }

    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<Sent, Fail> {
        let receipt = SendMsg::read(reply)?;
        let local_id = self.call.local_id().clone();
        // A job can be resumed without knowing the time.
        let accepted_at = Some(cx.time).filter(|time| *time >= local_id.made_at());
        let (msg_id, uploaded) = (receipt.msg_id, self.upload().cloned());
        Ok(Next::Done(Sent { msg_id, local_id, uploaded, accepted_at }))
    }

    fn record(&self, sent: &Sent, session: &mut Session) {
        session.remember_sent(&sent.msg_id);
    }

    fn step(&self) -> Step {
        Step::Message
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error {
            uploaded: self.upload().cloned().map(Box::new),
            local_id: Some(self.call.local_id().clone()),
            ..Error::new(self.step(), kind)
        }
    }

    fn progress(&self) -> Progress {
        let total = self.upload().map(|uploaded| uploaded.bytes);
        Progress {
            done: total.unwrap_or(0),
            local_id: Some(self.call.local_id().clone()),
            ..Progress::new(self.step(), total)
        }
    }

    fn saved(&self, done: Option<&Sent>, first_left: Option<UnixMs>) -> Option<SavedJob> {
        if done.is_some() {
            return None;
        }
        let (to, content) = (self.to.clone(), self.content.clone());
        Some(SavedJob::Message(SavedMessage { to, content, first_left }))
    }
}
