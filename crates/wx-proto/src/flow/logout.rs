use bytes::Bytes;
use http::Response;

use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::newtype::flow;
use super::retry::{Retry, is_no_verdict};
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::logout::LogoutCall;
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::session::Session;

/// Ends a login. Only a redirect to a page of web WeChat, or an answer that says so, ends well. Any
/// other answer, or none, is an error: the login may then go on.
///
/// The session is left without the login's secrets, as by [`Session::clear_login`]. What is left can
/// [push](super::Login::push) the next login.
#[derive(Debug)]
pub struct Logout(Runner<Leave>);

impl Logout {
    /// Ends the login of `session`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        Ok(Self(Runner::new(Leave { is_over: false }, session, seed, policy)))
    }
}

flow!(Logout(Leave) -> ());

#[derive(Debug)]
struct Leave {
    /// Whether the server has said so.
    is_over: bool,
}

impl Job for Leave {
    type Output = ();

    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Result<Next<()>, ErrorKind> {
        if self.is_over {
            session.clear_login();
            return Ok(Next::Done(()));
        }
        Ok(Next::Call(Retry::call(cx.policy).repeated_if(is_no_verdict)))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(LogoutCall::new(cx.seed.unix_ms).request(session)?)
    }

    fn reply(&mut self, reply: &Response<Bytes>, _: &Cx<'_>) -> Result<Next<()>, Fail> {
        LogoutCall::read(reply)?;
        self.is_over = true;
        Ok(Next::Settle)
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(Step::Logout, kind)
    }

    fn progress(&self) -> Progress {
        Progress::new(Step::Logout, 0)
    }
}
