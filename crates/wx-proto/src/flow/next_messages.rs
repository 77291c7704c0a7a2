use bytes::Bytes;
use http::Response;

use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::restore::Restoring;
use super::retry::Retry;
use super::runner::{Runner, flow};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::sync::SyncMessages;
use crate::endpoint::sync_check::{SyncCheck, SyncStatus};
use crate::model::error::{Error, ErrorKind};
use crate::model::fields::ReplyField;
use crate::model::hosts::HostRole;
use crate::model::items::Items;
use crate::model::message::Message;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
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
pub struct NextMessages(Runner<Waiting>);

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
    /// Waits for the messages after those that `session` has had.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        let stage = if session.sync().key.is_none() {
            // Trouble with webwxinit is waited out like that of all other calls here.
            Stage::Restore(Restoring::new(seed, u32::MAX))
        } else {
            Stage::next(&session)
        };
        let job = Waiting { announced: false, stage };
        Ok(Self(Runner::new(job, session, seed, policy)))
    }
}

flow!(NextMessages(Waiting) -> Arrived);

#[derive(Debug)]
struct Waiting {
    /// Whether the server has announced what the next webwxsync is to bring.
    announced: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// A session that does not know where its messages begin.
    Restore(Restoring),
    Check,
    Sync,
}

impl Stage {
    fn next(session: &Session) -> Self {
        if session.sync().due { Self::Sync } else { Self::Check }
    }

    fn row(&self) -> Retry {
        match self {
            Self::Sync => Retry::endless(is_no_verdict_on_sync),
            Self::Check | Self::Restore(_) => Retry::long_poll(is_no_verdict_on_check),
        }
    }
}

impl Waiting {
    fn restored(&mut self, next: Next<Session>, cx: &Cx<'_>) -> Result<Next<Arrived>, ErrorKind> {
        next.or_done(|_| {
            if cx.session.sync().key.is_none() {
                return Err(ReplyError::Missing(ReplyField::SyncKey).into());
            }
            self.stage = Stage::next(cx.session);
            Ok(Next::Call(self.stage.row()))
        })
    }

    fn synced(&mut self, batch: SyncReply, cx: &mut Cx<'_>) -> Next<Arrived> {
        let skipped = batch.skipped;
        let before = cx.session.sync().key.clone();
        let announced = std::mem::replace(&mut self.announced, batch.more);
        let messages = cx.session.apply_sync(batch, cx.unix_ms / 1000);
        let moved = cx.session.sync().key != before;
        // Those without an id cannot be told apart: without another position they are the same
        // again.
        if messages.iter().any(|message| moved || !message.id.is_zero())
            || (moved && !skipped.is_empty())
        {
            let (session, messages) = (cx.session.clone(), messages.into());
            return Next::Done(Arrived { session, messages, skipped });
        }
        self.stage = Stage::next(cx.session);
        // A server that has something and never gives it must not be asked without a pause. The
        // first webwxsync after a restart was made unasked, and may well bring nothing.
        if moved || !announced {
            Next::Idle(self.stage.row())
        } else {
            Next::Pause(self.stage.row())
        }
    }
}

/// Whether the server may well do better next time: all but a verdict on the login, and codes
/// nobody explains.
fn is_no_verdict_on_sync(error: &ReplyError) -> bool {
    match error {
        // Ret 3 comes with an empty SyncKey, and goes by (§7, §9).
        ReplyError::Refused { ret: Ret(3), .. } => true,
        ReplyError::Refused { ret, .. } => {
            matches!(ret.class(), RetClass::Transient | RetClass::RateLimited)
        }
        ReplyError::TooLarge { .. } => false,
        _ => true,
    }
}

/// What other codes mean here nobody knows; the page counts them and asks again (§8.5).
fn is_no_verdict_on_check(error: &ReplyError) -> bool {
    match error {
        ReplyError::Refused { ret, .. } => ret.class() != RetClass::LoginAgain,
        error => is_no_verdict_on_sync(error),
    }
}

impl Job for Waiting {
    type Output = Arrived;

    fn start(&mut self, cx: &mut Cx<'_>) -> Result<Next<Arrived>, ErrorKind> {
        match &mut self.stage {
            Stage::Restore(restoring) => {
                let next = restoring.start(cx)?;
                self.restored(next, cx)
            }
            stage => Ok(Next::Call(stage.row())),
        }
    }

    fn request(&mut self, cx: &mut Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        let seed = cx.seed.later(cx.unix_ms);
        match &mut self.stage {
            Stage::Restore(restoring) => restoring.request(cx),
            Stage::Check => Ok(SyncCheck::new(seed).request(cx.session)?),
            Stage::Sync => Ok(SyncMessages::new(seed).request(cx.session)?),
        }
    }

    fn reply(&mut self, reply: &Response<Bytes>, cx: &mut Cx<'_>) -> Result<Next<Arrived>, Fail> {
        let unix_s = cx.unix_ms / 1000;
        match &mut self.stage {
            Stage::Restore(restoring) => {
                let next = restoring.reply(reply, cx)?;
                Ok(self.restored(next, cx)?)
            }
            Stage::Check => {
                cx.session.apply_cookies(reply.headers(), HostRole::Push, unix_s);
                match SyncCheck::read(reply)? {
                    SyncStatus::Nothing => Ok(Next::Idle(self.stage.row())),
                    // Trouble is not over before webwxsync has gone well too.
                    SyncStatus::Something { .. } => {
                        (self.stage, self.announced) = (Stage::Sync, true);
                        Ok(Next::Call(self.stage.row()))
                    }
                }
            }
            Stage::Sync => {
                let batch = SyncMessages::read(reply)?;
                cx.session.apply_cookies(reply.headers(), HostRole::Base, unix_s);
                Ok(self.synced(batch, cx))
            }
        }
    }

    fn failed(&mut self, kind: ErrorKind, cx: &mut Cx<'_>) -> Result<Next<Arrived>, ErrorKind> {
        match &mut self.stage {
            Stage::Restore(restoring) => {
                let next = restoring.failed(kind, cx)?;
                self.restored(next, cx)
            }
            Stage::Check | Stage::Sync => Err(kind),
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        match &self.stage {
            Stage::Restore(restoring) => restoring.error(kind),
            Stage::Check | Stage::Sync => Error::new(Step::Sync, kind),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Restore(restoring) => restoring.progress(),
            Stage::Check | Stage::Sync => Progress::at(Step::Sync, 0),
        }
    }
}
