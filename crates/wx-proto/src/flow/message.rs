use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::clock::Clock;
use super::exchange::{Attempt, AttemptResult};
use super::snapshot::SavedMessage;
use super::{
    Action, CallId, Delivery, Flow, Input, Progress, ResumeError, ResumeOptions, Snapshot,
    TransportErrorKind, UnexpectedInput,
};
use crate::endpoint::send_media::SendMedia;
use crate::endpoint::{Endpoint, REPLY_LIMIT};
use crate::model::error::{Error, ErrorKind};
use crate::model::ids::UserName;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::{LocalId, Seed};
use crate::model::step::Step;
use crate::model::uploaded::{Sent, Uploaded};
use crate::session::Session;

/// Sends what was uploaded to one recipient: webwxsendmsgimg, or webwxsendemoticon for a GIF, or
/// webwxsendappmsg for what was uploaded [as a file](crate::MediaKind::File).
///
/// ```text
///              ┌───────── never connected: back-off; no clear answer: 15 s ────────┐
///              ▼                                                                   │
///   hand out (same ClientMsgId each time) ── Ret 0 and a MsgID ──► Sent            │
///              ├── Ret ≠ 0, and no earlier try may have been delivered ──► not sent│
///              ├── Ret ≠ 0 after one that may have been ──► Uncertain              │
///              ├── closed, on a reused connection ──► at once on a new one, within the try
///              └── anything else ──────────────────────────────────────────────────┘
///        tries used up, or too late for another ──► Uncertain, or not sent if none ever connected
/// ```
///
/// Once it may have been delivered, it is handed out again only within
/// [`Policy::resend_within`] of its first hand-out, whatever the number of tries: how long the
/// server remembers a ClientMsgId is unknown.
///
/// That a server drops a repeat by its ClientMsgId is what the official page relies on (§4.7); it
/// is not proven.
#[derive(Clone, Debug)]
pub struct SendUploaded {
    session: Session,
    to: UserName,
    seed: Seed,
    call: SendMedia,
    uploaded: Uploaded,
    policy: Policy,
    exchange: Attempt,
    /// Tries so far, the outstanding one included.
    tries: u32,
    /// Why the last try failed.
    last_error: Option<ErrorKind>,
    /// Whether a hand-out other than the outstanding one may have been delivered.
    maybe_delivered: bool,
    wait_until: Option<Duration>,
    clock: Clock,
    /// When it first left, in Unix milliseconds, if it may have been delivered.
    handed_out_ms: Option<u64>,
    /// When the caller asked to hand out again a message that had left too long ago.
    resend_ms: Option<u64>,
    done: Option<Result<Sent, Error>>,
}

impl SendUploaded {
    /// A message with `uploaded` to `to`. Each message needs a seed of its own: its ids follow from
    /// it.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if nobody is logged in.
    pub fn new(
        session: &Session,
        uploaded: Uploaded,
        to: UserName,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        Self::after(CallId::FIRST, session, uploaded, to, seed, policy, Clock::new(seed.unix_ms))
    }

    /// Takes up a saved message, in the same login. One that was handed out is handed out again
    /// with its own ClientMsgId within [`Policy::resend_within`] of its first hand-out, or of now
    /// if [`ResumeOptions::resend`] says so; else it ends as [`ErrorKind::Uncertain`] at once.
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent then.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        session.check_login()?;
        let (seed, to, saved) = snapshot.message(session)?;
        let clock = Clock::new(at.unix_ms);
        let mut flow = Self::after(CallId::FIRST, session, saved.uploaded, to, seed, policy, clock)
            .map_err(|_| crate::model::request_error::RequestError::NotLoggedIn)?;
        flow.handed_out_ms = saved.handed_out_ms;
        flow.maybe_delivered = flow.handed_out_ms.is_some();
        // The clock of a computer that has no battery for it begins in 1970.
        let timeless = at.unix_ms == 0 || flow.handed_out_ms == Some(0);
        if at.resend {
            flow.resend_ms = Some(at.unix_ms);
        } else if flow.is_late(Duration::ZERO) || (flow.maybe_delivered && timeless) {
            flow.tries = 1;
            flow.uncertain();
        }
        Ok(flow)
    }

    /// Sets the time of the first poll, in Unix milliseconds. Without it that is the seed's, which
    /// an [`IdSource`](crate::IdSource) may have moved ahead of the clock.
    #[must_use]
    pub fn started_at(mut self, unix_ms: u64) -> Self {
        self.clock = Clock::new(unix_ms);
        self
    }

    pub(super) fn after(
        id: CallId,
        session: &Session,
        uploaded: Uploaded,
        to: UserName,
        seed: Seed,
        policy: Policy,
        clock: Clock,
    ) -> Result<Self, Error> {
        let call = SendMedia::new(&uploaded, to.clone(), seed);
        let outgoing = match call.request(session) {
            Ok(outgoing) => outgoing.for_message(&policy),
            Err(unready) => {
                return Err(Error {
                    uploaded: Some(Box::new(uploaded)),
                    ..Error::new(Step::Prepare, unready)
                });
            }
        };
        let exchange = Attempt::new(id, outgoing, REPLY_LIMIT);
        Ok(Self {
            session: session.clone(),
            to,
            seed,
            call,
            uploaded,
            policy,
            exchange,
            tries: 0,
            last_error: None,
            maybe_delivered: false,
            wait_until: None,
            clock,
            handed_out_ms: None,
            resend_ms: None,
            done: None,
        })
    }

    /// LocalID and ClientMsgId of every try.
    #[must_use]
    pub fn local_id(&self) -> &LocalId {
        self.call.local_id()
    }

    fn in_doubt(&self) -> bool {
        self.done.is_none() && (self.exchange.is_handed_out() || self.maybe_delivered)
    }

    fn tries_used_up(&self) -> bool {
        self.tries >= self.policy.message_tries.max(1)
    }

    fn fail(&mut self, kind: ErrorKind) {
        if !matches!(kind, ErrorKind::Uncertain { .. }) {
            self.handed_out_ms = None;
        }
        self.done = Some(Err(Error {
            uploaded: Some(Box::new(self.uploaded.clone())),
            local_id: Some(self.call.local_id().clone()),
            ..Error::new(Step::Message, kind)
        }));
    }

    fn uncertain(&mut self) {
        let last = self.last_error.clone().map(Box::new);
        self.fail(ErrorKind::Uncertain { last, tries: self.tries });
    }

    /// Whether it may have been delivered, so long before `at` that it must not leave again. A
    /// clock that was set back tells nothing, so the message counts as late.
    fn is_late(&self, at: Duration) -> bool {
        let within = u64::try_from(self.policy.resend_within.as_millis()).unwrap_or(u64::MAX);
        let Some(first) = self.resend_ms.or(self.handed_out_ms) else { return false };
        let age = self.clock.unix_ms(at).checked_sub(first);
        self.maybe_delivered && age.is_none_or(|age| age > within)
    }

    /// A try ended without a clear answer: the next one, or the end.
    fn again(&mut self, kind: ErrorKind, delivered: Delivery, now: Duration) {
        self.maybe_delivered |= delivered == Delivery::Unknown;
        if !self.maybe_delivered {
            self.handed_out_ms = None;
        }
        let wait = match delivered {
            Delivery::Never => self.policy.back_off_after(self.tries),
            Delivery::Unknown => self.policy.message_wait,
        };
        let next = now.saturating_add(wait);
        if !self.tries_used_up() && !self.is_late(next) {
            self.last_error = Some(kind);
            self.wait_until = Some(next);
            self.exchange = self.exchange.again();
        } else {
            self.give_up(kind);
        }
    }

    fn give_up(&mut self, kind: ErrorKind) {
        if self.maybe_delivered {
            self.last_error = Some(kind);
            self.uncertain();
        } else {
            self.handed_out_ms = None;
            self.fail(kind);
        }
    }

    fn read(&mut self, reply: &Response<Bytes>, now: Duration) {
        match SendMedia::read(reply) {
            Ok(receipt) => {
                self.done = Some(Ok(Sent {
                    msg_id: receipt.msg_id,
                    local_id: self.call.local_id().clone(),
                    uploaded: self.uploaded.clone(),
                }));
            }
            Err(refused @ ReplyError::Refused { .. }) if self.maybe_delivered => {
                self.last_error = Some(refused.into());
                self.uncertain();
            }
            Err(refused @ ReplyError::Refused { .. }) => self.fail(refused.into()),
            Err(unclear) => self.again(unclear.into(), Delivery::Unknown, now),
        }
    }
}

impl Flow for SendUploaded {
    type Output = Result<Sent, Error>;

    fn poll(&mut self, now: Duration) -> Action<Self::Output> {
        self.clock.start(now);
        if let Some(done) = &self.done {
            return Action::Done(done.clone());
        }
        if let Some(until) = self.wait_until.filter(|until| now < *until) {
            return Action::Wait(until);
        }
        self.wait_until = None;
        if self.exchange.is_sending() {
            // Handed out before and never answered: nobody knows what became of that one.
            self.maybe_delivered |= self.exchange.is_handed_out();
            // The repeat on a new connection belongs to the try that failed on the reused one.
            let same_try = self.exchange.is_repeat() && !self.exchange.is_handed_out();
            if self.is_late(now) || (!same_try && self.tries_used_up()) {
                self.uncertain();
                return self.poll(now);
            }
            if !same_try {
                self.tries += 1;
            }
            self.handed_out_ms.get_or_insert(self.clock.unix_ms(now));
        }
        self.exchange.poll()
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        if self.done.is_some() {
            return Err(UnexpectedInput);
        }
        match self.exchange.handle(input)? {
            // What went out on the reused connection may have been delivered.
            None => self.maybe_delivered |= self.exchange.is_repeat(),
            Some(AttemptResult::Reply(reply)) => self.read(&reply, now),
            Some(AttemptResult::TooLarge(error)) => {
                self.again(error.into(), Delivery::Unknown, now)
            }
            Some(AttemptResult::Failed(failure)) => {
                let kind = ErrorKind::Network { failure, tries: self.tries };
                match failure.kind {
                    TransportErrorKind::Certificate(_) => self.give_up(kind),
                    _ => self.again(kind, failure.delivered, now),
                }
            }
        }
        Ok(())
    }

    fn progress(&self) -> Progress {
        let total = self.uploaded.bytes;
        Progress {
            done: total,
            attempt: self.tries,
            last_error: self.last_error.clone(),
            local_id: Some(self.call.local_id().clone()),
            in_doubt: self.in_doubt(),
            ..Progress::at(Step::Message, total)
        }
    }

    fn snapshot(&self) -> Option<Snapshot> {
        if matches!(self.done, Some(Ok(_))) {
            return None;
        }
        let saved =
            SavedMessage { uploaded: self.uploaded.clone(), handed_out_ms: self.handed_out_ms };
        Some(Snapshot::of_message(&self.session, self.seed, &self.to, saved))
    }

    fn cancel(&mut self) {
        if self.in_doubt() {
            self.uncertain();
        } else if self.done.is_none() {
            self.fail(ErrorKind::Cancelled);
        }
    }
}
