use std::time::Duration;

use wx_proto::endpoint::batch_get_contact::{BatchGetContact, FoundContacts};
use wx_proto::flow::{
    Action, Flow, Input, OneCall, Progress, ResumeError, Snapshot, UnexpectedInput,
};
use wx_proto::{Error, ErrorKind, Policy, ReplyError, Seed, Session, Step, UserName};

use crate::MarkRead;

/// Looks up a conversation, and then marks it as read. Ends with the name of the conversation.
///
/// Its state is saved between the two calls, so that it can be resumed with the second one.
#[derive(Debug)]
pub struct OpenConversation {
    user_name: UserName,
    seed: Seed,
    policy: Policy,
    stage: Stage,
    snapshot: Snapshot,
}

#[derive(Debug)]
enum Stage {
    LookUp(OneCall<BatchGetContact>),
    /// The name is known, and the state is being saved.
    Save(String),
    Saved(String),
    Mark(String, OneCall<MarkRead>),
    Failed(Box<Error>),
}

/// Identifies the snapshots of this flow.
const NAME: &str = "open-conversation";

impl OpenConversation {
    /// Creates the flow for the conversation with `user_name`.
    #[must_use]
    pub fn new(session: &Session, user_name: UserName, seed: Seed, policy: Policy) -> Self {
        let call = BatchGetContact::new([user_name.clone()], seed);
        let stage = Stage::LookUp(OneCall::new(call, session, seed, policy.clone()));
        let snapshot = Snapshot::custom(session, seed, NAME, "");
        Self { user_name, seed, policy, stage, snapshot }
    }

    /// Resumes a saved flow, in the same login.
    ///
    /// # Errors
    /// [`ResumeError`] if the snapshot is of another login or another job.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        user_name: UserName,
        policy: Policy,
    ) -> Result<Self, ResumeError> {
        let seed = snapshot.seed();
        let name = snapshot.custom_state(session, NAME)?.to_owned();
        let mut flow = Self::new(session, user_name, seed, policy);
        if !name.is_empty() {
            flow.stage = Stage::Saved(name);
        }
        Ok(Self { snapshot, ..flow })
    }

    /// Handles the result of the look-up.
    fn found(&mut self, found: Result<FoundContacts, Error>) {
        let name = found.and_then(|found| match found.contacts.first() {
            Some(contact) => Ok(contact.name().into_owned()),
            None => Err(Error::new(Step::Call, ErrorKind::Reply(ReplyError::Empty))),
        });
        self.stage = match name {
            Ok(name) => {
                self.snapshot = self.snapshot.clone().with_custom_state(name.as_str());
                Stage::Save(name)
            }
            Err(error) => Stage::Failed(Box::new(error)),
        };
    }
}

impl Flow for OpenConversation {
    type Output = Result<String, Error>;

    fn poll(&mut self, session: &mut Session, now: Duration) -> Action<Self::Output> {
        loop {
            match &mut self.stage {
                Stage::LookUp(call) => match call.poll(session, now).into_done() {
                    Ok(found) => self.found(found),
                    Err(action) => return action,
                },
                Stage::Save(_) => return Action::Save(self.snapshot.clone()),
                Stage::Saved(name) => {
                    let (name, policy) = (std::mem::take(name), self.policy.clone());
                    let call = MarkRead::new(self.user_name.clone(), self.seed);
                    let call = OneCall::new(call, session, self.seed, policy).tries(2);
                    self.stage = Stage::Mark(name, call);
                }
                Stage::Mark(name, call) => {
                    return match call.poll(session, now).into_done() {
                        Ok(done) => Action::Done(done.map(|()| name.clone())),
                        Err(action) => action,
                    };
                }
                Stage::Failed(error) => return Action::Done(Err(Error::clone(error))),
            }
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        match (&mut self.stage, input) {
            (Stage::LookUp(call), input) => return call.handle(input, now),
            (Stage::Mark(_, call), input) => return call.handle(input, now),
            (Stage::Save(name), Input::Saved) => self.stage = Stage::Saved(std::mem::take(name)),
            (Stage::Save(_), Input::Local(error)) => {
                self.stage = Stage::Failed(Box::new(Error::new(Step::Call, error)));
            }
            _ => return Err(UnexpectedInput),
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::LookUp(call) => call.progress(),
            Stage::Mark(_, call) => call.progress(),
            Stage::Save(_) | Stage::Saved(_) | Stage::Failed(_) => Progress::new(Step::Call, None),
        }
    }

    fn snapshot(&self) -> Option<Snapshot> {
        Some(self.snapshot.clone())
    }

    fn cancel(&mut self) {
        match &mut self.stage {
            Stage::LookUp(call) => call.cancel(),
            Stage::Mark(_, call) => call.cancel(),
            Stage::Save(_) | Stage::Saved(_) => {
                let error = Error::new(Step::Call, ErrorKind::Cancelled);
                self.stage = Stage::Failed(Box::new(error));
            }
            Stage::Failed(_) => {}
        }
    }
}
