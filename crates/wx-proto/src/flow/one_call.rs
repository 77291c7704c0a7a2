use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use http::Response;

use super::Progress;
use super::job::{Cx, Fail, Job, Next};
use super::newtype::flow;
use super::retry::Retry;
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::model::error::{Error, ErrorKind};
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::session::Session;

/// Makes one call and ends with its reply: any [`Endpoint`], of this crate or your own.
///
/// A try that fails on the network, or whose reply is cut off or missing, is made again with growing
/// waits, [`Policy::chunk_tries`] times in all. So use it for calls that do no harm when they are
/// made twice, or [set](OneCall::tries) one try. A reply that the endpoint refuses is final unless
/// [`OneCall::repeat_if`] says otherwise.
///
/// ```
/// use wx_proto::endpoint::batch_get_contact::BatchGetContact;
/// use wx_proto::flow::OneCall;
/// # fn call(session: &wx_proto::Session, seed: wx_proto::Seed, name: wx_proto::UserName)
/// # -> OneCall<BatchGetContact> {
/// let call = BatchGetContact::new([name], seed);
/// OneCall::new(call, session, seed, wx_proto::Policy::default())
/// # }
/// ```
pub struct OneCall<E: Endpoint>(Runner<Calling<E>>)
where
    E::Reply: Clone;

impl<E: Endpoint> OneCall<E>
where
    E::Reply: Clone,
{
    /// Makes `call` with `session`. The call belongs to that login.
    pub fn new(call: E, session: &Session, seed: Seed, policy: Policy) -> Self {
        let job = Calling { call, retry: Retry::call(&policy), reply: PhantomData };
        Self(Runner::new(job, session, seed, policy))
    }

    /// Sets the number of tries, the first included; 0 counts as 1.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.0.job.retry.tries = tries;
        self
    }

    /// Sets which replies that the endpoint refuses are worth another try.
    #[must_use]
    pub fn repeat_if(mut self, repeats: fn(&ReplyError) -> bool) -> Self {
        self.0.job.retry.repeats = repeats;
        self
    }

    /// Sets the largest reply in bytes; a larger one is an error.
    #[must_use]
    pub fn reply_limit(mut self, bytes: u64) -> Self {
        self.0.job.retry.cap = bytes;
        self
    }
}

flow!(<E> OneCall(Calling<E>) -> E::Reply);

/// The job.
struct Calling<E: Endpoint> {
    call: E,
    retry: Retry,
    reply: PhantomData<fn() -> E::Reply>,
}

impl<E: Endpoint> Job for Calling<E>
where
    E::Reply: Clone,
{
    type Output = E::Reply;

    fn settle(&mut self, _: &mut Session, _: &Cx<'_>) -> Result<Next<E::Reply>, ErrorKind> {
        Ok(Next::Call(self.retry))
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(self.call.request(session)?)
    }

    fn reply(&mut self, reply: &Response<Bytes>, _: &Cx<'_>) -> Result<Next<E::Reply>, Fail> {
        Ok(Next::Done(E::read(reply)?))
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(Step::Call, kind)
    }

    fn progress(&self) -> Progress {
        Progress::new(Step::Call, 0)
    }
}

/// Shows the name of the call. What it carries may be secret.
impl<E: Endpoint> fmt::Debug for OneCall<E>
where
    E::Reply: Clone,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneCall").field("call", &self.0.job.call.name()).finish_non_exhaustive()
    }
}
