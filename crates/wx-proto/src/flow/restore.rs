use bytes::Bytes;
use http::Response;

use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::retry::{Retry, is_no_verdict};
use super::runner::{Runner, flow};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::init::Init;
use crate::endpoint::status_notify::StatusNotify;
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
pub struct Restore(Runner<Restoring>);

impl Restore {
    /// Takes up `session`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        let job = Restoring::new(seed, policy.chunk_tries);
        Ok(Self(Runner::new(job, session, seed, policy)))
    }
}

flow!(Restore(Restoring) -> Session);

/// The job, which is also the end of a login and the beginning of waiting for messages.
#[derive(Debug)]
pub(super) struct Restoring {
    seed: Seed,
    tries: u32,
    /// Whether webwxinit has been answered, and the notice is due.
    initialised: bool,
}

impl Restoring {
    /// With so many tries of webwxinit.
    pub(super) fn new(seed: Seed, tries: u32) -> Self {
        Self { seed, tries, initialised: false }
    }
}

impl Job for Restoring {
    type Output = Session;

    fn start(&mut self, cx: &mut Cx<'_>) -> Result<Next<Session>, ErrorKind> {
        let init = Retry::list(cx.policy).with_tries(self.tries);
        Ok(Next::Call(init.repeated_if(is_no_verdict)))
    }

    fn request(&mut self, cx: &mut Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(if self.initialised {
            StatusNotify::new(self.seed).request(cx.session)?
        } else {
            Init::new(self.seed).request(cx.session)?
        })
    }

    fn reply(&mut self, reply: &Response<Bytes>, cx: &mut Cx<'_>) -> Result<Next<Session>, Fail> {
        if self.initialised {
            return Ok(Next::Done(cx.session.clone()));
        }
        let init = Init::read(reply)?;
        cx.session.apply_cookies(reply.headers(), HostRole::Base, cx.unix_ms / 1000);
        cx.session.apply_init(&init);
        self.initialised = true;
        Ok(Next::Call(Retry::side_call()))
    }

    fn failed(&mut self, kind: ErrorKind, cx: &mut Cx<'_>) -> Result<Next<Session>, ErrorKind> {
        if self.initialised { Ok(Next::Done(cx.session.clone())) } else { Err(kind) }
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(Step::Init, kind)
    }

    fn progress(&self) -> Progress {
        Progress::at(Step::Init, 0)
    }
}
