use std::time::Duration;

use super::{Action, CallId, Flow, Input, Misuse, Progress, SendUploaded, Upload};
use crate::{Error, Picture, Policy, Seed, Sent, Session, Step, Uploaded, UserName};

/// Sends a picture: an [`Upload`], then a [`SendUploaded`] with what it won.
#[derive(Clone, Debug)]
pub struct SendImage {
    session: Session,
    to: UserName,
    seed: Seed,
    policy: Policy,
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
    /// [`Error`] at [`Step::Prepare`](crate::Step) if the session cannot upload; nothing is sent then.
    pub fn new(
        session: &Session,
        picture: Picture,
        to: UserName,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let upload = Upload::new(session, picture, to.clone(), seed, policy.clone())?;
        Ok(Self { session: session.clone(), to, seed, policy, stage: Stage::Upload(Box::new(upload)) })
    }

    /// What the upload won becomes the message.
    fn hand_over(&mut self, (next_id, uploaded): (CallId, Uploaded)) {
        let (to, policy) = (self.to.clone(), self.policy.clone());
        self.stage = match SendUploaded::after(next_id, &self.session, uploaded, to, self.seed, policy) {
            Ok(message) => Stage::Message(Box::new(message)),
            Err(error) => Stage::Failed(Box::new(error)),
        };
    }
}

impl Flow for SendImage {
    type Output = Result<Sent, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
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

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), Misuse> {
        match &mut self.stage {
            Stage::Upload(upload) => upload.handle(input, now),
            Stage::Message(message) => message.handle(input, now),
            Stage::Failed(_) => Err(Misuse),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Upload(upload) => upload.progress(),
            Stage::Message(message) => message.progress(),
            Stage::Failed(_) => Progress::at(Step::Message, 0),
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
