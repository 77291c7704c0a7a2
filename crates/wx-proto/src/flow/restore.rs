use bytes::Bytes;
use http::Response;

use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::newtype::flow;
use super::retry::{Retry, is_no_verdict};
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

/// Takes up a saved login: webwxinit, then the notice to the phone, which never fails it. Ends with
/// an error whose [advice](Error::advice) is to log in again if the login is over.
///
/// webwxinit is repeated while the server has trouble or somebody else answers in its place. After
/// any error but the end of the login it can be tried again with the same session.
#[derive(Debug)]
pub struct Restore(Runner<Restoring>);

impl Restore {
    /// Takes up `session`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        let job = Restoring::new(seed, policy.chunk_tries);
        Ok(Self(Runner::new(job, session, seed, policy)))
    }
}

flow!(Restore(Restoring) -> ());

/// The job, which is also the end of a login and the beginning of waiting for messages.
#[derive(Debug)]
pub(super) struct Restoring {
    seed: Seed,
    tries: u32,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Init,
    /// What webwxinit has replied, for the session.
    Apply(InitReply),
    Notify,
}

impl Restoring {
    /// With so many tries of webwxinit.
    pub(super) fn new(seed: Seed, tries: u32) -> Self {
        Self { seed, tries, stage: Stage::Init }
    }
}

impl Job for Restoring {
    type Output = ();

    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Result<Next<()>, ErrorKind> {
        if let Stage::Apply(reply) = &self.stage {
            session.apply_init(reply);
            self.stage = Stage::Notify;
            return Ok(Next::Call(Retry::side_call()));
        }
        let init = Retry::list(cx.policy).with_tries(self.tries);
        Ok(Next::Call(init.repeated_if(is_no_verdict)))
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(match self.stage {
            Stage::Notify => StatusNotify::new(self.seed).request(session)?,
            _ => Init::new(self.seed).request(session)?,
        })
    }

    fn reply(&mut self, reply: &Response<Bytes>, _: &Cx<'_>) -> Result<Next<()>, Fail> {
        if matches!(self.stage, Stage::Notify) {
            StatusNotify::read(reply)?;
            return Ok(Next::Done(()));
        }
        self.stage = Stage::Apply(Init::read(reply)?);
        Ok(Next::Settle)
    }

    fn failed(&mut self, kind: ErrorKind, _: &Cx<'_>) -> Result<Next<()>, ErrorKind> {
        match self.stage {
            Stage::Notify => Ok(Next::Done(())),
            _ => Err(kind),
        }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(Step::Init, kind)
    }

    fn progress(&self) -> Progress {
        Progress::new(Step::Init, 0)
    }
}
