use bytes::Bytes;
use http::Response;

use super::job::{Cx, Fail, Job, Next};
use super::message::Sending;
use super::newtype::flow;
use super::remembered::Remembered;
use super::retry::Retry;
use super::runner::Runner;
use super::snapshot::SavedJob;
use super::upload::Uploading;
use super::{Progress, ResumeError, ResumeOptions, Snapshot};
use crate::endpoint::api_request::ApiRequest;
use crate::model::error::{Error, ErrorKind};
use crate::model::media::Media;
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::seed::Seed;
use crate::model::uploaded::{Sent, Uploaded};
use crate::session::Session;

/// Sends a picture: an [`Upload`](super::Upload), then a [`SendUploaded`](super::SendUploaded) with
/// what it won.
#[derive(Clone, Debug)]
pub struct SendImage(Runner<Send>);

impl SendImage {
    /// Sends `picture` to `to`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`](crate::Step) if the session cannot upload; nothing is sent
    /// then.
    pub fn new(
        session: &Session,
        picture: Media,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let upload = Uploading::new(session, picture, to.clone(), seed)?;
        let job = Send { to, seed, stage: Stage::Upload(Box::new(upload)) };
        Ok(Self(Runner::new(job, session, seed, policy)))
    }

    /// Takes up a saved job, in the same login, where it was: see
    /// [`Upload::resume`](super::Upload::resume) and
    /// [`SendUploaded::resume`](super::SendUploaded::resume).
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent then.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        if snapshot.uploaded().is_none() {
            let seed = snapshot.seed();
            let upload = Uploading::resume(session, snapshot, &policy, at)?;
            let job =
                Send { to: upload.to().clone(), seed, stage: Stage::Upload(Box::new(upload)) };
            let runner = Runner::new(job, session, seed, policy);
            return Ok(Self(runner.started_at(at.start_ms())));
        }
        session.check_sender()?;
        let (seed, saved) = snapshot.message(session)?;
        let message = Sending::new(saved.uploaded, saved.to.clone(), seed);
        let job = Send { to: saved.to, seed, stage: Stage::Message(Box::new(message)) };
        let retry = Retry::message(&policy);
        let runner = Runner::new(job, session, seed, policy);
        let delivery = Remembered::saved(saved.handed_out_ms, at);
        Ok(Self(runner.remembering(retry, delivery, at.start_ms())))
    }
}

flow!(SendImage(Send) -> Sent, saved);

#[derive(Clone, Debug)]
struct Send {
    to: Recipient,
    seed: Seed,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Upload(Box<Uploading>),
    Message(Box<Sending>),
}

impl Send {
    /// The completed upload becomes the message.
    fn then(&mut self, next: Next<Uploaded>, cx: &Cx<'_>) -> Next<Sent> {
        next.then(|uploaded| {
            let message = Sending::new(uploaded, self.to.clone(), self.seed);
            self.stage = Stage::Message(Box::new(message));
            Next::Call(Retry::message(cx.policy))
        })
    }
}

impl Job for Send {
    type Output = Sent;

    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Result<Next<Sent>, ErrorKind> {
        match &mut self.stage {
            Stage::Upload(upload) => {
                let next = upload.settle(session, cx)?;
                Ok(self.then(next, cx))
            }
            Stage::Message(message) => message.settle(session, cx),
        }
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        match &mut self.stage {
            Stage::Upload(upload) => upload.request(session, cx),
            Stage::Message(message) => message.request(session, cx),
        }
    }

    fn reply(&mut self, reply: &Response<Bytes>, cx: &Cx<'_>) -> Result<Next<Sent>, Fail> {
        match &mut self.stage {
            Stage::Upload(upload) => {
                let next = upload.reply(reply, cx)?;
                Ok(self.then(next, cx))
            }
            Stage::Message(message) => message.reply(reply, cx),
        }
    }

    fn failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Result<Next<Sent>, ErrorKind> {
        match &mut self.stage {
            Stage::Upload(upload) => {
                let next = upload.failed(kind, cx)?;
                Ok(self.then(next, cx))
            }
            Stage::Message(message) => message.failed(kind, cx),
        }
    }

    fn loaded(&mut self, bytes: Bytes, cx: &Cx<'_>) -> Result<Next<Sent>, ErrorKind> {
        match &mut self.stage {
            Stage::Upload(upload) => {
                let next = upload.loaded(bytes, cx)?;
                Ok(self.then(next, cx))
            }
            Stage::Message(message) => message.loaded(bytes, cx),
        }
    }

    fn takes_cookies(&self) -> bool {
        match &self.stage {
            Stage::Upload(upload) => upload.takes_cookies(),
            Stage::Message(message) => message.takes_cookies(),
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        match &self.stage {
            Stage::Upload(upload) => upload.error(kind),
            Stage::Message(message) => message.error(kind),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Upload(upload) => upload.progress(),
            Stage::Message(message) => message.progress(),
        }
    }

    fn saved(&self, done: Option<&Sent>, first_ms: Option<u64>) -> Option<SavedJob> {
        match &self.stage {
            Stage::Upload(upload) => upload.saved(None, first_ms),
            Stage::Message(message) => message.saved(done, first_ms),
        }
    }
}
