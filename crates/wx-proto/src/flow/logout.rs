use bytes::Bytes;
use http::Response;

use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::retry::{Retry, is_no_verdict};
use super::runner::{Runner, flow};
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
/// After that, [`Session::end`] removes its secrets; what is left can [push](super::Login::push)
/// the next login.
#[derive(Debug)]
pub struct Logout(Runner<Leave>);

impl Logout {
    /// Ends the login of `session`.
    ///
    /// # Errors
    /// [`Error`] at [`Step::Prepare`] if the session holds no login; nothing is sent then.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        session.check_login().map_err(|unready| Error::new(Step::Prepare, unready))?;
        Ok(Self(Runner::new(Leave, session.clone(), seed, policy)))
    }
}

flow!(Logout(Leave) -> ());

#[derive(Debug)]
struct Leave;

impl Job for Leave {
    type Output = ();

    fn start(&mut self, cx: &mut Cx<'_>) -> Result<Next<()>, ErrorKind> {
        Ok(Next::Call(Retry::call(cx.policy).repeated_if(is_no_verdict)))
    }

    fn request(&mut self, cx: &mut Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(LogoutCall::new(cx.seed.unix_ms).request(cx.session)?)
    }

    fn reply(&mut self, reply: &Response<Bytes>, _: &mut Cx<'_>) -> Result<Next<()>, Fail> {
        Ok(Next::Done(LogoutCall::read(reply)?))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(Step::Logout, kind)
    }

    fn progress(&self) -> Progress {
        Progress::at(Step::Logout, 0)
    }
}
