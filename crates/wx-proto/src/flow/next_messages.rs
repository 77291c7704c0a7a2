use std::time::Duration;

use super::clock::Clock;
use super::exchange::AttemptResult;
use super::patient::Patient;
use super::{Action, CallId, Flow, Input, Progress, Restore, TransportErrorKind, UnexpectedInput};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::sync::SyncMessages;
use crate::endpoint::sync_check::{SyncCheck, SyncStatus};
use crate::model::error::{Error, ErrorKind};
use crate::model::hosts::HostRole;
use crate::model::items::Items;
use crate::model::message::Message;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::ret::{Ret, RetClass};
use crate::model::seed::Seed;
use crate::model::skipped::Skipped;
use crate::model::step::Step;
use crate::session::Session;
use crate::session::replies::SyncReply;

/// Waits until messages come, for as long as it takes, and ends with them and with the session as
/// it is behind them. To get the next ones, begin again with that session: nothing is queued here.
/// Saved when a batch was dealt with, the session is where a restart goes on, without a gap.
///
/// ```text
///   synccheck ─► anything? ─► webwxsync ─► new messages? ─► Done(session, messages)
///     ▲ ▲            │no                        │no
///     │ └────────────┴──────────────────────────┘
///     └── dropped, stalled, no proper answer: again, with growing waits;   1100, 1101, 1102 ─► log in again
/// ```
#[derive(Debug)]
pub struct NextMessages {
    session: Session,
    seed: Seed,
    policy: Policy,
    clock: Clock,
    call: Patient,
    /// Whether the server has announced what the next webwxsync is to bring.
    announced: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// A session that does not know where its messages begin. Trouble with webwxinit is waited out
    /// like that of all other calls here.
    Restore(Box<Restore>),
    Check,
    Sync,
    Done(Result<(Items<Message>, Skipped), Box<Error>>),
}

/// What came.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Arrived {
    /// The session from now on.
    pub session: Session,
    /// The new messages, in the server's order: at least one, unless all were skipped.
    pub messages: Items<Message>,
    /// Messages that came and could not be handed out. The session is after them too.
    pub skipped: Skipped,
}

impl NextMessages {
    /// Waits for the messages behind those that `session` has had.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        let stage = if session.sync().key.is_none() {
            let (id, tries) = (CallId::FIRST, u32::MAX);
            let restore = Restore::with_tries(id, tries, session.clone(), seed, policy.clone())?;
            Stage::Restore(Box::new(restore))
        } else {
            Stage::next(&session)
        };
        let (clock, call) = (Clock::new(seed.unix_ms), Patient::new(CallId::FIRST));
        Ok(Self { session, seed, policy, clock, call, announced: false, stage })
    }

    fn fail(&mut self, kind: impl Into<ErrorKind>) {
        self.stage = Stage::Done(Err(Box::new(Error::new(Step::Sync, kind))));
    }

    /// An answer that cannot be used: the call is repeated, unless it was a verdict.
    fn again(&mut self, error: ReplyError, now: Duration) {
        if is_passing(&error) {
            self.call.failed(error.into(), now, &self.policy);
        } else {
            self.fail(error);
        }
    }

    fn checked(&mut self, checked: Result<SyncStatus, ReplyError>, now: Duration) {
        match checked {
            Ok(SyncStatus::Nothing) => self.call.nothing(now, &self.policy),
            // Trouble is not over before webwxsync has gone well too.
            Ok(SyncStatus::Something { .. }) => (self.stage, self.announced) = (Stage::Sync, true),
            // What other codes mean here nobody knows; the page counts them and asks again (§8.5).
            Err(error @ ReplyError::Refused { ret, .. }) if ret.class() != RetClass::LoginAgain => {
                self.call.failed(error.into(), now, &self.policy);
            }
            Err(error) => self.again(error, now),
        }
    }

    fn synced(&mut self, batch: SyncReply, now: Duration) {
        let skipped = batch.skipped;
        let before = self.session.sync().key.clone();
        let announced = std::mem::replace(&mut self.announced, batch.more);
        let messages = self.session.apply_sync(batch, self.clock.unix_ms(now) / 1000);
        let moved = self.session.sync().key != before;
        // Those without an id cannot be told apart: without another position they are the same
        // again.
        if messages.iter().any(|message| moved || !message.id.is_zero())
            || (moved && !skipped.is_empty())
        {
            self.stage = Stage::Done(Ok((messages.into(), skipped)));
            return;
        }
        self.stage = Stage::next(&self.session);
        // A server that has something and never gives it must not be asked without a pause. The
        // first webwxsync after a restart was made unasked, and may well bring nothing.
        if moved || !announced {
            self.call.nothing(now, &self.policy);
        } else {
            self.call.nothing_after_all(now, &self.policy);
        }
    }
}

impl Stage {
    fn next(session: &Session) -> Self {
        if session.sync().due { Self::Sync } else { Self::Check }
    }
}

/// Whether the server may well do better next time: all but a verdict on the login, and codes
/// nobody explains.
fn is_passing(error: &ReplyError) -> bool {
    match error {
        // Ret 3 comes with an empty SyncKey, and goes by (§7, §9).
        ReplyError::Refused { ret: Ret(3), .. } => true,
        ReplyError::Refused { ret, .. } => {
            matches!(ret.class(), RetClass::Transient | RetClass::RateLimited)
        }
        _ => true,
    }
}

impl Flow for NextMessages {
    type Output = Result<Arrived, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        self.clock.start(now);
        loop {
            let made = match &mut self.stage {
                Stage::Restore(restore) => match restore.poll(now).split() {
                    Ok(action) => return action,
                    Err(Ok(session)) => {
                        self.call = Patient::new(restore.next_id());
                        self.session = session;
                        if self.session.sync().key.is_none() {
                            self.fail(ReplyError::Missing("SyncKey"));
                        } else {
                            self.stage = Stage::next(&self.session);
                        }
                        continue;
                    }
                    Err(Err(error)) => {
                        self.stage = Stage::Done(Err(Box::new(error)));
                        continue;
                    }
                },
                Stage::Check | Stage::Sync => {
                    let seed = self.seed.later(self.clock.unix_ms(now));
                    let check = matches!(self.stage, Stage::Check);
                    self.call.poll(now, || request(check, seed, &self.session, &self.policy))
                }
                Stage::Done(Ok((messages, skipped))) => {
                    let (session, messages) = (self.session.clone(), messages.clone());
                    return Action::Done(Ok(Arrived { session, messages, skipped: *skipped }));
                }
                Stage::Done(Err(error)) => return Action::Done(Err((**error).clone())),
            };
            match made {
                Ok(action) => return action,
                Err(unready) => self.fail(unready),
            }
        }
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        let check = match &mut self.stage {
            Stage::Restore(restore) => return restore.handle(input, now),
            Stage::Done(_) => return Err(UnexpectedInput),
            Stage::Check => true,
            Stage::Sync => false,
        };
        let reply = match self.call.handle(input)? {
            None => return Ok(()),
            Some(AttemptResult::Reply(reply)) => reply,
            Some(AttemptResult::TooLarge(error)) => {
                self.fail(error);
                return Ok(());
            }
            // Somebody in between shows a certificate of their own.
            Some(AttemptResult::Failed(failure))
                if matches!(failure.kind, TransportErrorKind::Certificate(_)) =>
            {
                self.fail(ErrorKind::Network { failure, tries: self.call.tries() });
                return Ok(());
            }
            Some(AttemptResult::Failed(failure)) => {
                let kind = ErrorKind::Network { failure, tries: self.call.tries() };
                self.call.failed(kind, now, &self.policy);
                return Ok(());
            }
        };
        let unix_s = self.clock.unix_ms(now) / 1000;
        if check {
            self.session.apply_cookies(reply.headers(), HostRole::Push, unix_s);
            self.checked(SyncCheck::read(&reply), now);
        } else {
            match SyncMessages::read(&reply) {
                Ok(batch) => {
                    self.session.apply_cookies(reply.headers(), HostRole::Base, unix_s);
                    self.synced(batch, now);
                }
                Err(error) => self.again(error, now),
            }
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Restore(restore) => restore.progress(),
            Stage::Check | Stage::Sync => self.call.progress(Progress::at(Step::Sync, 0)),
            Stage::Done(_) => Progress::at(Step::Sync, 0),
        }
    }

    fn cancel(&mut self) {
        if !matches!(self.stage, Stage::Done(_)) {
            self.fail(ErrorKind::Cancelled);
        }
    }
}

fn request(
    check: bool,
    seed: Seed,
    session: &Session,
    policy: &Policy,
) -> Result<ApiRequest, RequestError> {
    if check {
        Ok(SyncCheck::new(seed).request(session)?.for_poll(policy))
    } else {
        Ok(SyncMessages::new(seed).request(session)?.for_call(policy))
    }
}
