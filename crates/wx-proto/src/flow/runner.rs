//! What all jobs share: the outstanding action and what answers it, the clock, saving, the login
//! check, cookies, cancelling, the end.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;

use super::call::{Call, CallDue, Heard};
use super::checkpoints::Checkpoints;
use super::clock::{Clock, Moment};
use super::cookies::PendingCookies;
use super::job::{Cx, Fail, Job, Next, Part};
use super::remembered::Remembered;
use super::retry::Retry;
use super::snapshot::Snapshot;
use super::{Action, CallId, Input, Progress, UnexpectedInput};
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::session::Session;

/// Runs a job.
#[derive(Clone)]
pub(super) struct Runner<J: Job> {
    pub(super) job: J,
    seed: Seed,
    policy: Policy,
    clock: Clock,
    /// Of the login that the job began in.
    login: LoginMarks,
    due: Due<J::Output>,
    call: Call,
    cookies: PendingCookies,
    checkpoints: Option<Box<Checkpoints>>,
}

/// What a login is recognised by: within this process, and in snapshots.
#[derive(Clone)]
struct LoginMarks {
    mark: u64,
    fingerprint: String,
}

#[derive(Clone)]
enum Due<T> {
    Settle,
    Call,
    Read(Range<u64>),
    Write(u64, Bytes),
    Done(Result<T, Box<Error>>),
}

impl<J: Job> Runner<J> {
    pub(super) fn new(job: J, session: &Session, seed: Seed, policy: Policy) -> Self {
        let fingerprint = session.fingerprint(&seed.entropy);
        Self {
            job,
            seed,
            policy,
            clock: Clock::new(seed.unix_ms),
            login: LoginMarks { mark: session.login_mark(), fingerprint },
            due: Due::Settle,
            call: Call::none(CallId::FIRST),
            cookies: PendingCookies::default(),
            checkpoints: None,
        }
    }

    /// The first poll is at `unix_ms` (Unix milliseconds).
    pub(super) fn started_at(self, unix_ms: u64) -> Self {
        Self { clock: Clock::new(unix_ms), ..self }
    }

    /// Begins at `unix_ms` with a message as it was saved. One that is too late to leave again has
    /// ended before it begins.
    pub(super) fn remembering(self, retry: Retry, delivery: Remembered, unix_ms: u64) -> Self {
        let mut runner = self.started_at(unix_ms);
        runner.call.begin(retry);
        runner.due = Due::Call;
        let (clock, policy) = (&runner.clock, &runner.policy);
        let at = Moment { now: Duration::ZERO, clock, policy };
        if let Some(kind) = runner.call.remember(delivery, at) {
            runner.end(kind);
        }
        runner
    }

    /// Hands out each new state of the job as [`Action::Save`].
    pub(super) fn checkpointed(self) -> Self {
        Self { checkpoints: Some(Box::default()), ..self }
    }

    /// Returns the error that it ended with.
    pub(super) fn error(&self) -> Option<&Error> {
        match &self.due {
            Due::Done(Err(error)) => Some(error),
            _ => None,
        }
    }

    pub(super) fn poll(
        &mut self,
        session: &mut Session,
        now: Duration,
    ) -> Action<Result<J::Output, Error>> {
        self.clock.start(now);
        if J::WITHIN_LOGIN && session.login_mark() != self.login.mark {
            self.cookies = PendingCookies::default();
            self.abandon(ErrorKind::LoginChanged);
        }
        // A resumed job may not know the time.
        let unix_s = self.clock.unix_ms(now).max(self.seed.unix_ms) / 1000;
        self.cookies.apply_to(self.job.session(session), unix_s);
        if let Some(snapshot) = self.checkpoints.as_ref().and_then(|all| all.outstanding()) {
            return Action::Save(snapshot.clone());
        }
        loop {
            let at = Moment { now, clock: &self.clock, policy: &self.policy };
            let due = match self.due {
                Due::Settle => {
                    self.step(now, |job, cx| job.settle(session, cx));
                    continue;
                }
                Due::Call => match self.call.due(at) {
                    CallDue::Over(kind) => {
                        self.end(kind);
                        continue;
                    }
                    CallDue::Make => {
                        self.make(session, now);
                        continue;
                    }
                    due => Some(due),
                },
                _ => None,
            };
            let leaves = matches!(due, Some(CallDue::Send)) && self.call.retry().is_message();
            if let Some(snapshot) = self.checkpoint(leaves, now) {
                return Action::Save(snapshot);
            }
            return match (&self.due, due) {
                (Due::Read(span), _) => Action::Read(span.clone()),
                (Due::Write(at, bytes), _) => Action::Write(*at, bytes.clone()),
                (Due::Done(done), _) => Action::Done(done.clone().map_err(|error| *error)),
                (_, Some(CallDue::Send)) => self.hand_out(now),
                (_, Some(CallDue::Receive(id))) => Action::Receive(id),
                (_, Some(CallDue::Wait(until))) => Action::Wait(until),
                (Due::Settle | Due::Call, _) => Action::Wait(now),
            };
        }
    }

    /// Makes the request of a new try.
    fn make(&mut self, session: &mut Session, now: Duration) {
        let (job, cx) = self.cx(now);
        let own = job.session(session).clone();
        match job.request(&own, &cx) {
            Ok(request) => {
                let at = Moment { now, clock: &self.clock, policy: &self.policy };
                self.call.made(request, at);
            }
            Err(kind) => {
                // An earlier try of a message does not become undone by that.
                let kind = self.call.abandoned(kind);
                self.gone(kind, now);
            }
        }
    }

    fn hand_out<T>(&mut self, now: Duration) -> Action<T> {
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.left();
        }
        self.call.hand_out(Moment { now, clock: &self.clock, policy: &self.policy })
    }

    /// The state that has to be saved before anything else, if there is one. That of a message that
    /// leaves is what it will be by then.
    fn checkpoint(&mut self, leaves: bool, now: Duration) -> Option<Snapshot> {
        self.checkpoints.as_ref()?;
        let first_ms = self.call.first_ms();
        let leaves_ms = leaves.then(|| first_ms.unwrap_or_else(|| self.clock.unix_ms(now)));
        let snapshot = self.snapshot_at(leaves_ms.or(first_ms))?;
        self.checkpoints.as_mut()?.take(snapshot, leaves_ms).cloned()
    }

    pub(super) fn handle(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        if let Some(checkpoints) = &mut self.checkpoints
            && checkpoints.outstanding().is_some()
        {
            match input {
                Input::Saved => self.call.leaves_at(checkpoints.saved()),
                Input::Local(error) => {
                    checkpoints.failed();
                    // What was about to leave stays here; what left before stays in doubt.
                    self.abandon(error.into());
                }
                _ => return Err(UnexpectedInput),
            }
            return Ok(());
        }
        match (&self.due, input) {
            (Due::Read(_) | Due::Write(..), Input::Local(error)) => self.end(error.into()),
            (Due::Read(span), Input::Read(bytes))
                if bytes.len() as u64 <= span.end - span.start =>
            {
                self.step(now, |job, cx| job.loaded(bytes, cx));
            }
            (Due::Write(..), Input::Written) => self.part(Part::Written, now),
            (Due::Call, input) => self.hear(input, now)?,
            _ => return Err(UnexpectedInput),
        }
        Ok(())
    }

    fn hear(&mut self, input: Input, now: Duration) -> Result<(), UnexpectedInput> {
        if let (Input::Head(id, head), Some(request)) = (&input, self.call.awaits_head())
            && *id == self.call.id()
        {
            let head = self.job.takes_cookies().then_some(head);
            self.cookies.begin(head, request.http().uri());
        }
        match self.call.hear(input).ok_or(UnexpectedInput)? {
            Heard::Nothing => {}
            Heard::Reply(reply) => self.read(now, |job, cx| job.reply(&reply, cx)),
            Heard::Head(head) => self.part(Part::Head(head), now),
            Heard::Body(bytes) => self.part(Part::Body(bytes), now),
            Heard::End => self.part(Part::End, now),
            Heard::Unusable(error) => self.unusable(error, Duration::ZERO, now),
            Heard::Failed(failure) => {
                self.cookies.refused();
                let at = Moment { now, clock: &self.clock, policy: &self.policy };
                let ended = if self.job.is_restartable() {
                    self.call.failed(failure, at)
                } else {
                    Err(ErrorKind::Network { failure, tries: self.call.tries() })
                };
                self.ended(ended, now);
            }
        }
        Ok(())
    }

    pub(super) fn progress(&self) -> Progress {
        let at = self.job.progress();
        match &self.due {
            Due::Settle | Due::Read(_) => at,
            Due::Call | Due::Write(..) => {
                Progress { in_doubt: self.call.in_doubt(), ..self.call.progress(at) }
            }
            // Of what may have been delivered, and of a picture, the tries are of interest still.
            Due::Done(_) if self.call.retry().is_message() || self.call.retry().streamed => {
                self.call.progress(at)
            }
            Due::Done(_) => at,
        }
    }

    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        self.snapshot_at(self.call.first_ms())
    }

    fn snapshot_at(&self, first_ms: Option<u64>) -> Option<Snapshot> {
        let done = match &self.due {
            Due::Done(Ok(output)) => Some(output),
            _ => None,
        };
        let saved = self.job.saved(done, first_ms)?;
        Some(Snapshot::new(self.login.fingerprint.clone(), self.seed, saved))
    }

    pub(super) fn cancel(&mut self) {
        self.abandon(ErrorKind::Cancelled);
    }

    /// Ends the job where it is, unless it is over: as uncertain, if its message may be delivered.
    fn abandon(&mut self, kind: ErrorKind) {
        if matches!(self.due, Due::Done(_)) {
            return;
        }
        let kind = self.call.abandoned(kind);
        self.due = Due::Done(Err(Box::new(self.job.error(kind))));
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.forget();
        }
    }

    fn cx(&mut self, now: Duration) -> (&mut J, Cx<'_>) {
        let cx = Cx {
            policy: &self.policy,
            seed: self.seed,
            now,
            unix_ms: self.clock.unix_ms(now),
            repeated: self.call.repeated(),
        };
        (&mut self.job, cx)
    }

    /// Makes a transition of the job.
    fn step(
        &mut self,
        now: Duration,
        transition: impl FnOnce(&mut J, &Cx<'_>) -> Result<Next<J::Output>, ErrorKind>,
    ) {
        let (job, cx) = self.cx(now);
        let next = transition(job, &cx);
        self.enter(next, now);
    }

    /// Makes a transition that may find the reply of no use.
    fn read(
        &mut self,
        now: Duration,
        read: impl FnOnce(&mut J, &Cx<'_>) -> Result<Next<J::Output>, Fail>,
    ) {
        let (job, cx) = self.cx(now);
        match read(job, &cx) {
            Ok(next) => {
                // A streamed reply has passed its gate when the first of it goes on.
                if !matches!(next, Next::Receive) {
                    self.cookies.passed();
                }
                self.enter(Ok(next), now);
            }
            Err(Fail::Unusable(error, at_least)) => self.unusable(error, at_least, now),
            Err(Fail::Final(kind)) => self.end(kind),
        }
    }

    fn part(&mut self, part: Part, now: Duration) {
        self.read(now, |job, cx| job.part(part, cx));
    }

    fn unusable(&mut self, error: ReplyError, at_least: Duration, now: Duration) {
        self.cookies.refused();
        let at = Moment { now, clock: &self.clock, policy: &self.policy };
        let ended = if self.job.is_restartable() {
            self.call.unusable(error, at_least, at)
        } else {
            Err(error.into())
        };
        self.ended(ended, now);
    }

    fn ended(&mut self, ended: Result<(), ErrorKind>, now: Duration) {
        match ended {
            Ok(()) => self.due = Due::Call,
            Err(kind) => self.gone(kind, now),
        }
    }

    /// The call came to nothing, for good.
    fn gone(&mut self, kind: ErrorKind, now: Duration) {
        self.step(now, |job, cx| job.failed(kind, cx));
    }

    fn end(&mut self, kind: ErrorKind) {
        self.due = Due::Done(Err(Box::new(self.job.error(kind))));
    }

    fn enter(&mut self, next: Result<Next<J::Output>, ErrorKind>, now: Duration) {
        let at = Moment { now, clock: &self.clock, policy: &self.policy };
        self.due = match next {
            Ok(Next::Settle) => Due::Settle,
            Ok(Next::Call(retry)) => {
                self.call.begin(retry);
                Due::Call
            }
            Ok(Next::Idle(retry)) => {
                self.call.idle(retry, at);
                Due::Call
            }
            Ok(Next::Pause(retry)) => {
                self.call.pause(retry, at);
                Due::Call
            }
            Ok(Next::Read(span)) => Due::Read(span),
            Ok(Next::Receive) => Due::Call,
            Ok(Next::Write(at, bytes)) => Due::Write(at, bytes),
            Ok(Next::Done(output)) => Due::Done(Ok(output)),
            Err(kind) => return self.end(kind),
        };
    }
}

/// Shows the job and where it is. The session and what is read and written stay hidden.
impl<J: Job + std::fmt::Debug> std::fmt::Debug for Runner<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let due = match &self.due {
            Due::Settle => "settle",
            Due::Call => "call",
            Due::Read(_) => "read",
            Due::Write(..) => "write",
            Due::Done(_) => "done",
        };
        f.debug_struct("Runner").field("job", &self.job).field("due", &due).finish_non_exhaustive()
    }
}
