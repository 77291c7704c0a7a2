use std::time::Duration;

use super::clock::Clock;
use super::{
    Action, CallId, Flow, Input, Progress, ResumeError, ResumeOptions, SendUploaded, Snapshot,
    UnexpectedInput, Upload,
};
use crate::model::error::Error;
use crate::model::ids::UserName;
use crate::model::picture::Picture;
use crate::model::policy::Policy;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::uploaded::{Sent, Uploaded};
use crate::session::Session;

/// Sends a picture: an [`Upload`], then a [`SendUploaded`] with what it won.
#[derive(Clone, Debug)]
pub struct SendImage {
    session: Session,
    to: UserName,
    seed: Seed,
    policy: Policy,
    clock: Clock,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    Upload(Box<Upload>),
    Message(Box<SendUploaded>),
    Failed(Box<Error>),
}

impl SendImage {
    /// Sends `picture` to `to`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`](crate::Step) if the session cannot upload; nothing is sent
    /// then.
    pub fn new(
        session: &Session,
        picture: Picture,
        to: UserName,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let upload = Upload::new(session, picture, to.clone(), seed, policy.clone())?;
        let (session, clock) = (session.clone(), Clock::new(seed.unix_ms));
        Ok(Self { session, to, seed, policy, clock, stage: Stage::Upload(Box::new(upload)) })
    }

    /// Takes up a saved job, in the same login, where it was: see [`Upload::resume`] and
    /// [`SendUploaded::resume`].
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent then.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        let (seed, to) = (snapshot.seed(), snapshot.to().clone());
        let stage = if snapshot.uploaded().is_some() {
            Stage::Message(Box::new(SendUploaded::resume(session, snapshot, policy.clone(), at)?))
        } else {
            Stage::Upload(Box::new(Upload::resume(session, snapshot, policy.clone(), at)?))
        };
        Ok(Self {
            session: session.clone(),
            to,
            seed,
            policy,
            clock: Clock::new(at.unix_ms),
            stage,
        })
    }

    /// What the upload won becomes the message.
    fn hand_over(&mut self, (next_id, uploaded): (CallId, Uploaded)) {
        let (to, policy) = (self.to.clone(), self.policy.clone());
        self.stage = match SendUploaded::after(
            next_id,
            &self.session,
            uploaded,
            to,
            self.seed,
            policy,
            self.clock,
        ) {
            Ok(message) => Stage::Message(Box::new(message)),
            Err(error) => Stage::Failed(Box::new(error)),
        };
    }
}

impl Flow for SendImage {
    type Output = Result<Sent, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        self.clock.start(now);
        loop {
            let won = match &mut self.stage {
                Stage::Upload(upload) => match upload.poll(now).split() {
                    Ok(action) => return action,
                    Err(Err(error)) => return Action::Done(Err(error)),
                    Err(Ok(uploaded)) => (upload.next_id(), uploaded),
                },
                Stage::Message(message) => return message.poll(now),
                Stage::Failed(error) => return Action::Done(Err((**error).clone())),
            };
            self.hand_over(won);
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        match &mut self.stage {
            Stage::Upload(upload) => upload.handle(input, now),
            Stage::Message(message) => message.handle(input, now),
            Stage::Failed(_) => Err(UnexpectedInput),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Upload(upload) => upload.progress(),
            Stage::Message(message) => message.progress(),
            Stage::Failed(_) => Progress::at(Step::Message, 0),
        }
    }

    fn snapshot(&self) -> Option<Snapshot> {
        match &self.stage {
            Stage::Upload(upload) => upload.snapshot(),
            Stage::Message(message) => message.snapshot(),
            Stage::Failed(_) => None,
        }
    }

    fn cancel(&mut self) {
        match &mut self.stage {
            Stage::Upload(upload) => upload.cancel(),
            Stage::Message(message) => message.cancel(),
            Stage::Failed(_) => {}
        }
    }
}
