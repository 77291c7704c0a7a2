use bytes::Bytes;
use http::Response;

use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::newtype::flow;
use super::restore::Restoring;
use super::retry::Retry;
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::sync::SyncMessages;
use crate::endpoint::sync_check::{SyncCheck, SyncStatus};
use crate::model::error::{Error, ErrorKind};
use crate::model::fields::ReplyField;
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
use crate::session::sync::SyncKey;

/// Waits until messages come, for as long as it takes, and ends with them. The session is after them
/// then; to get the next ones, begin again: nothing is queued here. Saved when a batch was dealt
/// with, the session is where a restart goes on, without a gap. Several of one session share the
/// messages: each batch goes to one of them.
///
/// ```text
///   synccheck ─► anything? ─► webwxsync ─► new messages? ─► Done(messages)
///     ▲ ▲            │no                        │no
///     │ └────────────┴──────────────────────────┘
///     └── dropped, stalled, no proper answer: again, with growing waits;   1100, 1101, 1102 ─► log in again
/// ```
#[derive(Debug)]
pub struct NextMessages(Runner<Waiting>);

/// A batch of messages.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NewMessages {
    /// The new messages, in the server's order: at least one, unless all were skipped.
    pub messages: Items<Message>,
    /// Messages that came and could not be handed out. The session is after them too.
    pub skipped: Skipped,
}

impl NextMessages {
    /// Waits for the messages after those that the session has had.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        let job = Waiting { announced: false, asked: None, stage: Stage::Begin };
        Ok(Self(Runner::new(job, session, seed, policy)))
    }
}

flow!(NextMessages(Waiting) -> NewMessages);

#[derive(Debug)]
struct Waiting {
    /// Whether the server has announced what the next webwxsync is to bring.
    announced: bool,
    /// The position that webwxsync was asked for the messages after.
    asked: Option<SyncKey>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Begin,
    /// A session that does not know where its messages begin.
    Restore(Restoring),
    /// It was restored.
    Restored,
    Check,
    Sync,
    /// What webwxsync has replied, for the session.
    Apply(SyncReply),
}

impl Waiting {
    /// The call that is due.
    fn next(&mut self, session: &Session) -> Retry {
        self.stage = if session.sync().due { Stage::Sync } else { Stage::Check };
        self.row()
    }

    fn row(&self) -> Retry {
        match self.stage {
            Stage::Sync => Retry::endless(is_no_verdict_on_sync),
            _ => Retry::long_poll(is_no_verdict_on_check),
        }
    }

    fn restored(&mut self, next: Next<()>) -> Next<NewMessages> {
        next.then(|()| {
            self.stage = Stage::Restored;
            Next::Settle
        })
    }

    fn apply(&mut self, batch: SyncReply, session: &mut Session, cx: &Cx<'_>) -> Next<NewMessages> {
        if session.sync().key != self.asked {
            // Another stream has moved the session on, and has these messages.
            return Next::Idle(self.next(session));
        }
        let skipped = batch.skipped;
        let announced = std::mem::replace(&mut self.announced, batch.more);
        let mut messages = session.apply_sync(batch, cx.unix_ms / 1000);
        let moved = session.sync().key != self.asked;
        // Those without an id cannot be told apart: without another position they are the same
        // again.
        messages.retain(|message| moved || message.id.is_some());
        if !messages.is_empty() || (moved && !skipped.is_empty()) {
            return Next::Done(NewMessages { messages: messages.into(), skipped });
        }
        let row = self.next(session);
        // A server that has something and never gives it must not be asked without a pause. The
        // first webwxsync after a restart was made unasked, and may well bring nothing.
        if moved || !announced { Next::Idle(row) } else { Next::Pause(row) }
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
    type Output = NewMessages;

    fn settle(
        &mut self,
        session: &mut Session,
        cx: &Cx<'_>,
    ) -> Result<Next<NewMessages>, ErrorKind> {
        let is_placed = session.sync().key.is_some();
        Ok(match std::mem::replace(&mut self.stage, Stage::Begin) {
            Stage::Restore(mut restoring) => {
                let next = restoring.settle(session, cx)?;
                self.stage = Stage::Restore(restoring);
                self.restored(next)
            }
            Stage::Restored if !is_placed => {
                return Err(ReplyError::Missing(ReplyField::SyncKey).into());
            }
            Stage::Apply(batch) => self.apply(batch, session, cx),
            _ if is_placed => Next::Call(self.next(session)),
            _ => {
                // Trouble with webwxinit is waited out like that of all other calls here.
                self.stage = Stage::Restore(Restoring::new(cx.seed, u32::MAX));
                Next::Settle
            }
        })
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        let seed = cx.seed.later(cx.unix_ms);
        match &mut self.stage {
            Stage::Restore(restoring) => restoring.request(session, cx),
            Stage::Sync => {
                self.asked.clone_from(&session.sync().key);
                Ok(SyncMessages::new(seed).request(session)?)
            }
            _ => Ok(SyncCheck::new(seed).request(session)?),
        }
    }

    fn reply(&mut self, reply: &Response<Bytes>, cx: &Cx<'_>) -> Result<Next<NewMessages>, Fail> {
        match &mut self.stage {
            Stage::Restore(restoring) => {
                let next = restoring.reply(reply, cx)?;
                Ok(self.restored(next))
            }
            Stage::Sync => {
                self.stage = Stage::Apply(SyncMessages::read(reply)?);
                Ok(Next::Settle)
            }
            _ => match SyncCheck::read(reply)? {
                SyncStatus::Nothing => Ok(Next::Idle(self.row())),
                // Trouble is not over before webwxsync has gone well too.
                SyncStatus::Something { .. } => {
                    (self.stage, self.announced) = (Stage::Sync, true);
                    Ok(Next::Call(self.row()))
                }
            },
        }
    }

    fn failed(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Result<Next<NewMessages>, ErrorKind> {
        let Stage::Restore(restoring) = &mut self.stage else { return Err(kind) };
        let next = restoring.failed(kind, cx)?;
        Ok(self.restored(next))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        match &self.stage {
            Stage::Restore(restoring) => restoring.error(kind),
            _ => Error::new(Step::Sync, kind),
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Restore(restoring) => restoring.progress(),
            _ => Progress::new(Step::Sync, 0),
        }
    }
}
