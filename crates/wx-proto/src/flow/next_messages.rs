use super::chain::{Chain, FollowedBy};
use super::job::{Cx, Fail, Job, Next, Reply, Transition};
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

/// Waits for new messages, for as long as it takes, and ends with them. The session is then
/// positioned after them. Start another flow for the next ones; nothing is queued. If the session
/// is saved after each batch was processed, a restart continues without a gap. Several flows on one
/// session share the messages: each batch goes to one of them.
///
/// ```text
///   synccheck ─► anything? ─► webwxsync ─► new messages? ─► Done(messages)
///     ▲ ▲            │no                        │no
///     │ └────────────┴──────────────────────────┘
///     └── dropped, stalled, no proper reply: again, with growing waits
///
///   1100, 1101, 1102 ─► log in again
/// ```
#[derive(Debug)]
pub struct NextMessages(Runner<Chain<Restoring, Waiting>>);

/// A batch of messages.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NewMessages {
    /// The new messages, in the server's order: at least one, unless all were skipped.
    pub messages: Items<Message>,
    /// Messages that could not be read, or were too many. The session is positioned after them too.
    pub skipped: Skipped,
}

impl NextMessages {
    /// Waits for the messages after the session's sync position.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if the session holds no login. Nothing is sent in
    /// that case.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        let job = match session.sync().key {
            Some(_) => Chain::second(Waiting::default()),
            // Failures of webwxinit are retried without end, like those of all other calls here.
            None => Chain::first(Restoring::new(seed, u32::MAX)),
        };
        Runner::for_login(job, session, seed, policy).map(Self)
    }
}

flow!(NextMessages(Chain<Restoring, Waiting>) -> NewMessages);

#[derive(Debug, Default)]
struct Waiting {
    /// Whether the server has announced something for the next webwxsync.
    announced: bool,
    /// The sync position that webwxsync was called with.
    asked: Option<SyncKey>,
    stage: Stage,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Check,
    Sync,
    /// The reply to webwxsync, to be applied to the session.
    Apply(SyncReply),
}

/// A session without a sync position gets it from webwxinit.
impl FollowedBy<Waiting> for Restoring {
    fn follow(&mut self, (): (), _: &Cx<'_>) -> Waiting {
        Waiting::default()
    }
}

impl Waiting {
    /// Returns the call that is due.
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

    fn apply(&mut self, batch: SyncReply, session: &mut Session, cx: &Cx<'_>) -> Next<NewMessages> {
        if session.sync().key != self.asked {
            // Another stream has moved the session on and already has these messages.
            session.apply_skey(batch.skey);
            return Next::Idle(self.next(session));
        }
        let skipped = batch.skipped;
        let announced = std::mem::replace(&mut self.announced, batch.more);
        let mut messages = session.apply_sync(batch, cx.time);
        let moved = session.sync().key != self.asked;
        // Messages without an id cannot be told apart: if the position is unchanged, they are the
        // same again.
        messages.retain(|message| moved || message.id.is_some());
        if !messages.is_empty() || (moved && !skipped.is_empty()) {
            return Next::Done(NewMessages { messages: messages.into(), skipped });
        }
        let row = self.next(session);
        // A server that announces something and never sends it must not be asked without a pause.
        // The first webwxsync after a restart was not announced, and may bring nothing.
        if moved || !announced { Next::Idle(row) } else { Next::Pause(row) }
    }
}

/// Whether the error is transient: all but refusals that end the login, and unknown codes.
fn is_no_verdict_on_sync(error: &ReplyError) -> bool {
    match error {
        // Ret 3 comes with an empty SyncKey and is transient (§7, §9).
        ReplyError::Refused { ret: Ret(3), .. } => true,
        ReplyError::Refused { ret, .. } => {
            matches!(ret.class(), RetClass::Transient | RetClass::RateLimited)
        }
        ReplyError::TooLarge { .. } => false,
        _ => true,
    }
}

/// Other codes are unexplained here; the page counts them and asks again
/// ([§8.5](crate::protocol#s8-5)).
fn is_no_verdict_on_check(error: &ReplyError) -> bool {
    match error {
        ReplyError::Refused { ret, .. } => ret.class() != RetClass::LoginAgain,
        error => is_no_verdict_on_sync(error),
    }
}

impl Job for Waiting {
    type Output = NewMessages;

    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Transition<NewMessages> {
        match std::mem::take(&mut self.stage) {
            Stage::Apply(batch) => Ok(self.apply(batch, session, cx)),
            _ if session.sync().key.is_some() => Ok(Next::Call(self.next(session))),
            _ => Err(ReplyError::Missing(ReplyField::SyncKey).into()),
        }
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        let seed = cx.seed.later(cx.time);
        Ok(match self.stage {
            Stage::Sync => {
                self.asked.clone_from(&session.sync().key);
                SyncMessages::new(seed).request(session)?
            }
            _ => SyncCheck::new(seed).request(session)?,
        })
    }

    fn reply(&mut self, reply: &Reply, _: &Cx<'_>) -> Transition<NewMessages, Fail> {
        if let Stage::Sync = self.stage {
            self.stage = Stage::Apply(SyncMessages::read(reply)?);
            return Ok(Next::Settle);
        }
        match SyncCheck::read(reply)? {
            SyncStatus::Nothing => Ok(Next::Idle(self.row())),
            // Failures are forgotten only after webwxsync has succeeded too.
            SyncStatus::Something { .. } => {
                (self.stage, self.announced) = (Stage::Sync, true);
                Ok(Next::Call(self.row()))
            }
        }
    }

    fn step(&self) -> Step {
        Step::Sync
    }
}
