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
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::ret::{Ret, RetClass};
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::session::new_messages::NewMessages;
use crate::session::replies::SyncReply;
use crate::session::sync_key::SyncKey;

/// Waits for new messages without a time limit, and ends with a batch of them. Start another flow
/// for the next ones; nothing is queued. Several flows on one session share the messages: each
/// batch is returned by one of them.
///
/// [Acknowledge](Session::acknowledge) each batch once you have handled it, and save the session.
/// The session can also be saved before: a program that is restarted with it receives the batches
/// again that were not acknowledged.
///
/// ```text
///   synccheck ─► anything? ─► webwxsync ─► new messages? ─► Done(messages)
///     ▲ ▲            │no                        │no
///     │ └────────────┴──────────────────────────┘
///     └── dropped, stalled, no valid reply: again, with growing waits
///
///   1100, 1101, 1102 ─► log in again
/// ```
///
/// If there is nothing new for [`Policy::sync_every`], webwxsync is called nevertheless, because it
/// renews the cookies of the login ([P102](crate::protocol#p102)). Save the session after each
/// webwxsync, also after one without messages.
#[derive(Debug)]
pub struct NextMessages(Runner<Chain<Restoring, Waiting>>);

impl NextMessages {
    /// Waits for the messages after the session's sync position.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in. Nothing is sent in that
    /// case.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        let job = match session.sync().key {
            Some(_) => Chain::second(Waiting::default()),
            // While the network or the server fails, webwxinit is retried without a limit, like
            // all other calls of this flow.
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
    requested_from: Option<SyncKey>,
    /// When webwxsync is due although there is nothing new.
    renew_at: Option<UnixMs>,
    /// Whether the current webwxsync only renews the login.
    renews: bool,
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

/// webwxinit is called first if the session has no sync position.
impl FollowedBy<Waiting> for Restoring {
    fn follow(&mut self, (): (), _: &Cx<'_>) -> Waiting {
        Waiting::default()
    }
}

impl Waiting {
    /// Returns the call that is due.
    fn next(&mut self, session: &Session, cx: &Cx<'_>) -> Retry {
        // The clock may have been set back since.
        let synced = session.sync().synced_at.map_or(cx.time, UnixMs::from_secs).min(cx.time);
        self.renew_at = Some(synced.saturating_add(cx.policy.sync_every));
        self.stage = if session.sync().due { Stage::Sync } else { Stage::Check };
        self.rules()
    }

    fn rules(&self) -> Retry {
        match self.stage {
            Stage::Sync => Retry::endless(is_inconclusive_sync),
            _ => Retry::long_poll(is_inconclusive_check),
        }
    }

    fn apply(&mut self, batch: SyncReply, session: &mut Session, cx: &Cx<'_>) -> Next<NewMessages> {
        let renews = std::mem::take(&mut self.renews);
        if session.sync().key != self.requested_from {
            // Another flow has advanced the position and already has these messages.
            session.apply_skey(batch.skey);
            return Next::Idle(self.next(session, cx));
        }
        let announced = std::mem::replace(&mut self.announced, batch.more);
        if let Some(new) = session.apply_sync(batch, cx.time) {
            return Next::Done(new);
        }
        let moved = session.sync().key != self.requested_from;
        let rules = self.next(session, cx);
        if renews && matches!(self.stage, Stage::Check) {
            // The preceding synccheck counts as the idle call, and this one is not a long poll.
            return Next::Call(rules);
        }
        // If a server announces messages but sends none, pause before the next request. The first
        // webwxsync after a restart was not announced, so an empty reply to it is normal.
        if moved || !announced { Next::Idle(rules) } else { Next::Pause(rules) }
    }
}

/// Returns whether webwxsync is called again after this error: after all except refusals that end
/// the login, and unknown codes.
fn is_inconclusive_sync(error: &ReplyError) -> bool {
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

/// Returns whether synccheck is called again after this error. Unknown codes have no explanation;
/// the official page counts them and calls it again ([§8.5](crate::protocol#s8-5)).
fn is_inconclusive_check(error: &ReplyError) -> bool {
    match error {
        ReplyError::Refused { ret, .. } => ret.class() != RetClass::LoginAgain,
        error => is_inconclusive_sync(error),
    }
}

impl Job for Waiting {
    type Output = NewMessages;

    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Transition<NewMessages> {
        match std::mem::take(&mut self.stage) {
            Stage::Apply(batch) => Ok(self.apply(batch, session, cx)),
            _ if session.sync().key.is_some() => Ok(Next::Call(self.next(session, cx))),
            _ => Err(ReplyError::Missing(ReplyField::SyncKey).into()),
        }
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        let seed = cx.seed.later(cx.time);
        Ok(match self.stage {
            Stage::Sync => {
                self.requested_from.clone_from(&session.sync().key);
                SyncMessages::new(seed).request(session)?
            }
            _ => SyncCheck::new(seed).request(session)?,
        })
    }

    fn reply(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<NewMessages, Fail> {
        if let Stage::Sync = self.stage {
            self.stage = Stage::Apply(SyncMessages::read(reply)?);
            return Ok(Next::Settle);
        }
        match SyncCheck::read(reply)? {
            SyncStatus::Nothing => {
                if self.renew_at.is_some_and(|due| due <= cx.time) {
                    (self.stage, self.renews) = (Stage::Sync, true);
                }
                Ok(Next::Idle(self.rules()))
            }
            // The count of failures is reset only after webwxsync has succeeded too.
            SyncStatus::Something { .. } => {
                (self.stage, self.announced) = (Stage::Sync, true);
                Ok(Next::Call(self.rules()))
            }
        }
    }

    fn step(&self) -> Step {
        Step::Sync
    }
}
