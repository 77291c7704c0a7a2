use std::time::Duration;

use super::repeating::{Repeating, is_no_verdict};
use super::{Action, CallId, Flow, Input, Progress, UnexpectedInput};
use crate::endpoint::Endpoint;
use crate::endpoint::logout::LogoutCall;
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::session::Session;

/// Ends a login. Only a redirect to a page of web WeChat, or an answer that says so, ends well. Any
/// other answer, or none, is an error: the login may then go on.
///
/// After that, [`Session::end`] removes its secrets; what is left can [push](super::Login::push)
/// the next login.
#[derive(Debug)]
pub struct Logout {
    repeating: Repeating,
    policy: Policy,
    done: Option<Result<(), Box<Error>>>,
}

impl Logout {
    /// Ends the login of `session`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        let request = LogoutCall::new(seed.unix_ms)
            .request(session)
            .map_err(|unready| Error::new(Step::Prepare, unready))?;
        let repeating = Repeating::new(CallId::FIRST, request.for_call(&policy));
        let repeating = repeating.repeated_if(is_no_verdict);
        Ok(Self { repeating, policy, done: None })
    }
}

impl Flow for Logout {
    type Output = Result<(), Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        match &self.done {
            Some(done) => Action::Done(done.clone().map_err(|error| *error)),
            None => self.repeating.poll(now),
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        if self.done.is_some() {
            return Err(UnexpectedInput);
        }
        let ended = self.repeating.handle(input, now, &self.policy, LogoutCall::read)?;
        self.done =
            ended.map(|ended| ended.map_err(|kind| Box::new(Error::new(Step::Logout, kind))));
        Ok(())
    }

    fn progress(&self) -> Progress {
        let at = Progress::at(Step::Logout, 0);
        if self.done.is_some() { at } else { self.repeating.progress(at) }
    }

    fn cancel(&mut self) {
        self.done.get_or_insert(Err(Box::new(Error::new(Step::Logout, ErrorKind::Cancelled))));
    }
}
