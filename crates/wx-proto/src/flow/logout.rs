use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::newtype::flow;
use super::retry::{Retry, is_inconclusive};
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::logout::LogoutCall;
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::session::Session;

/// Ends a login. Succeeds only if the server confirms it, with a redirect to a page of web WeChat
/// or with Ret 0. Anything else is an error, because the login may continue.
///
/// On success, it removes the secrets of the login from the session, like
/// [`Session::clear_login`]. The next login can use the rest with
/// [`Login::push`](super::Login::push).
#[derive(Debug)]
pub struct Logout(Runner<Leave>);

impl Logout {
    /// Ends the login of `session`.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in. Nothing is sent in that
    /// case.
    pub fn new(session: &Session, seed: Seed, policy: Policy) -> Result<Self, Error> {
        Runner::for_login(Leave { is_over: false }, session, seed, policy).map(Self)
    }
}

flow!(Logout(Leave) -> ());

#[derive(Debug)]
struct Leave {
    /// Whether the server has confirmed the logout.
    is_over: bool,
}

impl Job for Leave {
    type Output = ();

    fn settle(&mut self, session: &mut Session, cx: &Cx<'_>) -> Transition<()> {
        if self.is_over {
            session.clear_login();
            return Ok(Next::Done(()));
        }
        Ok(Next::Call(Retry::call(cx.policy).repeated_if(is_inconclusive)))
    }

    fn request(&mut self, session: &Session, cx: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(LogoutCall::new(cx.seed.unix_ms).request(session)?)
    }

    fn reply(&mut self, reply: &Reply, _: &Cx<'_>) -> Transition<(), Fail> {
        LogoutCall::read(reply)?;
        self.is_over = true;
        Ok(Next::Settle)
    }

    fn step(&self) -> Step {
        Step::Logout
    }
}
