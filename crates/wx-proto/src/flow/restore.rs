use std::time::Duration;

use super::clock::Clock;
use super::repeating::{Repeating, is_no_verdict};
use super::side_calls::SideCalls;
use super::{Action, CallId, Flow, Input, Progress, UnexpectedInput};
use crate::endpoint::Endpoint;
use crate::endpoint::init::Init;
use crate::endpoint::status_notify::StatusNotify;
use crate::model::advice::Advice;
use crate::model::error::{Error, ErrorKind};
use crate::model::hosts::HostRole;
use crate::model::policy::Policy;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::session::Session;

/// Takes up a saved login: webwxinit, then the notice to the phone, which never fails it. Ends with
/// the session as it is from now on, or with an error whose [advice](Error::advice) is to log in
/// again if the login is over.
///
/// webwxinit is repeated while the server has trouble or somebody else answers in its place. After
/// any error but the end of the login it can be tried again with the same session.
#[derive(Debug)]
pub struct Restore {
    session: Session,
    seed: Seed,
    policy: Policy,
    clock: Clock,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Init(Repeating),
    Notify(SideCalls),
    Done(CallId, Option<Box<Error>>),
}

impl Restore {
    /// Takes up `session`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        let tries = policy.chunk_tries;
        Self::with_tries(CallId::FIRST, tries, session, seed, policy)
    }

    /// With so many tries of webwxinit.
    pub(super) fn with_tries(
        id: CallId,
        tries: u32,
        session: Session,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let init = Init::new(seed);
        let request =
            init.request(&session).map_err(|unready| Error::new(Step::Prepare, unready))?;
        let call = Repeating::new(id, request.for_call(&policy)).for_lists();
        let call = call.with_tries(tries).repeated_if(is_no_verdict);
        let clock = Clock::new(seed.unix_ms);
        Ok(Self { session, seed, policy, clock, stage: Stage::Init(call) })
    }

    /// The session as it is by now, unless the server has said that its login is over.
    pub(super) fn session(&self) -> Option<&Session> {
        match &self.stage {
            Stage::Done(_, Some(error)) if error.advice() == Advice::LoginAgain => None,
            _ => Some(&self.session),
        }
    }

    /// The id after all that were used so far.
    pub(super) fn next_id(&self) -> CallId {
        match &self.stage {
            Stage::Init(call) => call.next_id(),
            Stage::Notify(calls) => calls.next_id(),
            Stage::Done(next_id, _) => *next_id,
        }
    }

    fn notify(&self, next_id: CallId) -> Stage {
        let notice = StatusNotify::new(self.seed).request(&self.session).ok();
        let notice = notice.map(|notice| notice.for_side_call(&self.policy));
        Stage::Notify(SideCalls::new(next_id, notice))
    }
}

impl Flow for Restore {
    type Output = Result<Session, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        self.clock.start(now);
        loop {
            match &mut self.stage {
                Stage::Init(call) => return call.poll(now),
                Stage::Notify(calls) => match calls.poll() {
                    Some(action) => return action,
                    None => self.stage = Stage::Done(calls.next_id(), None),
                },
                Stage::Done(_, Some(error)) => return Action::Done(Err((**error).clone())),
                Stage::Done(_, None) => return Action::Done(Ok(self.session.clone())),
            }
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        match &mut self.stage {
            Stage::Init(call) => {
                let unix_s = self.clock.unix_ms(now) / 1000;
                let session = &mut self.session;
                let ended = call.handle(input, now, &self.policy, |reply| {
                    let initial = Init::read(reply)?;
                    session.apply_cookies(reply.headers(), HostRole::Base, unix_s);
                    session.apply_init(&initial);
                    Ok(())
                })?;
                let next_id = call.next_id();
                self.stage = match ended {
                    None => return Ok(()),
                    Some(Ok(())) => self.notify(next_id),
                    Some(Err(kind)) => {
                        Stage::Done(next_id, Some(Box::new(Error::new(Step::Init, kind))))
                    }
                };
                Ok(())
            }
            Stage::Notify(calls) => calls.handle(input),
            Stage::Done(..) => Err(UnexpectedInput),
        }
    }

    fn progress(&self) -> Progress {
        let at = Progress::at(Step::Init, 0);
        match &self.stage {
            Stage::Init(call) => call.progress(at),
            Stage::Notify(_) | Stage::Done(..) => at,
        }
    }

    fn cancel(&mut self) {
        if !matches!(self.stage, Stage::Done(..)) {
            self.stage = Stage::Done(
                self.next_id(),
                Some(Box::new(Error::new(Step::Init, ErrorKind::Cancelled))),
            );
        }
    }
}
