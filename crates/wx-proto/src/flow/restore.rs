use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::login_state::LoginState;
use super::newtype::flow;
use super::retry::{Retry, is_inconclusive};
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::init::Init;
use crate::endpoint::status_notify::StatusNotify;
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::session::Session;
use crate::session::replies::InitReply;

/// Resumes a saved login with webwxinit, and then notifies the phone. An error of the notification
/// is ignored. If the login is over, the [advice](Error::advice) of the error is to log in again.
///
/// The login of another client is resumed in the same way: see [`SavedLogin`](crate::SavedLogin).
///
/// webwxinit is retried if the server has a problem, or if a proxy replies in its place. After any
/// error other than the end of the login, the same session can be restored later.
#[derive(Debug)]
pub struct Restore(Runner<Restoring>);

impl Restore {
    /// Resumes `session`.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in. Nothing is sent in that
    /// case.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        let job = Restoring::new(seed, policy.chunk_tries);
        session.check_restorable().map_err(|error| Error::new(Step::Prepare, error))?;
        Ok(Self(Runner::new(job, session, seed, policy)))
    }
}

flow!(Restore(Restoring) -> ());

/// The job, which is also the last part of a login and the first part of waiting for messages.
#[derive(Debug)]
pub(super) struct Restoring {
    seed: Seed,
    tries: u32,
    /// The login that has just been opened. Without one, the borrowed session is restored.
    opened: Option<Box<Opened>>,
    stage: Stage,
}

/// A login that the login page has opened.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) session: Session,
    /// The states that were shown to the user.
    pub(super) shown: Vec<LoginState>,
}

#[derive(Debug)]
enum Stage {
    Init,
    /// The reply to webwxinit, to be applied to the session.
    Apply(InitReply),
    Notify,
    Over,
}

impl Restoring {
    /// Creates the job with `tries` tries of webwxinit.
    pub(super) fn new(seed: Seed, tries: u32) -> Self {
        Self { seed, tries, opened: None, stage: Stage::Init }
    }

    /// Restores the session of a new login, which replaces the borrowed one at the end.
    pub(super) fn for_opened(self, opened: Opened) -> Self {
        Self { opened: Some(Box::new(opened)), ..self }
    }

    pub(super) fn opened(&self) -> Option<&Opened> {
        self.opened.as_deref()
    }

    fn over<E>(&mut self) -> Transition<(), E> {
        self.stage = Stage::Over;
        Ok(Next::Settle)
    }
}

impl Job for Restoring {
    type Output = ();

    fn settle(&mut self, borrowed: &mut Session, cx: &Cx<'_>) -> Transition<()> {
        Ok(match std::mem::replace(&mut self.stage, Stage::Init) {
            Stage::Apply(reply) => {
                let session = self.session(borrowed);
                session.apply_init(&reply);
                // Only a login that was saved without an skey may still have none.
                session.check_login()?;
                self.stage = Stage::Notify;
                Next::Call(Retry::side_call())
            }
            Stage::Over => {
                if let Some(opened) = &self.opened {
                    borrowed.clone_from(&opened.session);
                }
                Next::Done(())
            }
            _ => {
                let init = Retry::list(cx.policy).with_tries(self.tries);
                Next::Call(init.repeated_if(is_inconclusive))
            }
        })
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(match self.stage {
            Stage::Notify => StatusNotify::new(self.seed).request(session)?,
            _ => Init::new(self.seed).request(session)?,
        })
    }

    fn reply(&mut self, reply: &Reply, _: &Cx<'_>) -> Transition<(), Fail> {
        if let Stage::Notify = self.stage {
            StatusNotify::read(reply)?;
            return self.over();
        }
        self.stage = Stage::Apply(Init::read(reply)?);
        Ok(Next::Settle)
    }

    fn failed(&mut self, kind: ErrorKind, _: &Cx<'_>) -> Transition<()> {
        match self.stage {
            Stage::Notify => self.over(),
            _ => Err(kind),
        }
    }

    fn session<'a>(&'a mut self, borrowed: &'a mut Session) -> &'a mut Session {
        self.opened.as_mut().map_or(borrowed, |opened| &mut opened.session)
    }

    fn step(&self) -> Step {
        Step::Init
    }
}
