use std::fmt;
use std::marker::PhantomData;

use super::job::{Cx, Fail, Job, Next, Reply, Transition};
use super::newtype::flow;
use super::retry::Retry;
use super::runner::Runner;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::model::error::ErrorKind;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::session::Session;

/// Makes one call to any [`Endpoint`], of this crate or custom, and ends with its reply.
///
/// By default, a try that fails on the network, or whose reply is truncated or missing, is retried
/// with growing waits, up to [`Policy::chunk_tries`] tries in total. This suits calls that can
/// safely be made twice; use [`OneCall::once`] for others. A reply that the endpoint refuses is
/// final unless [`OneCall::repeat_if`] says otherwise. [`Error::outcome`](crate::Error::outcome)
/// says whether the server may have executed a call that failed.
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
pub struct OneCall<E: Endpoint>(Runner<SingleCall<E>>)
where
    E::Reply: Clone;

impl<E: Endpoint> OneCall<E>
where
    E::Reply: Clone,
{
    /// Creates a flow that makes `call`, in the login of `session`.
    pub fn new(call: E, session: &Session, seed: Seed, policy: Policy) -> Self {
        let retry = Retry::call(&policy);
        let job = SingleCall { call, retry, once: false, reply: PhantomData };
        Self(Runner::new(job, session, seed, policy))
    }

    /// Makes the call only once, on a new connection. A reused connection may be closed by the
    /// server at any time, and the call would then be repeated within the same try.
    #[must_use]
    pub fn once(mut self) -> Self {
        (self.0.job.retry.tries, self.0.job.once) = (1, true);
        self
    }

    /// Sets the number of tries, including the first; 0 counts as 1. If the server has closed a
    /// reused connection, the request is repeated at once within the same try.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.0.job.retry.tries = tries;
        self
    }

    /// Sets a function that returns whether the call is retried after an error of the endpoint.
    #[must_use]
    pub fn repeat_if(mut self, repeats: fn(&ReplyError) -> bool) -> Self {
        self.0.job.retry.repeats = repeats;
        self
    }

    /// Sets the maximum length of the reply in bytes. A longer reply is an error.
    #[must_use]
    pub fn reply_limit(mut self, bytes: u64) -> Self {
        self.0.job.retry.cap = bytes;
        self
    }
}

flow!(<E> OneCall(SingleCall<E>) -> E::Reply);

/// The job.
struct SingleCall<E: Endpoint> {
    call: E,
    retry: Retry,
    /// Whether the call must not reach the server twice.
    once: bool,
    reply: PhantomData<fn() -> E::Reply>,
}

impl<E: Endpoint> Job for SingleCall<E>
where
    E::Reply: Clone,
{
    type Output = E::Reply;

    fn settle(&mut self, _: &mut Session, _: &Cx<'_>) -> Transition<E::Reply> {
        Ok(Next::Call(self.retry))
    }

    fn request(&mut self, session: &Session, _: &Cx<'_>) -> Result<ApiRequest, ErrorKind> {
        Ok(self.call.request(session)?.with_new_connection(self.once))
    }

    fn reply(&mut self, reply: &Reply, _: &Cx<'_>) -> Transition<E::Reply, Fail> {
        Ok(Next::Done(E::read(reply)?))
    }

    fn step(&self) -> Step {
        Step::Call
    }
}

/// Shows only the name of the call, because its values may be secret.
impl<E: Endpoint> fmt::Debug for OneCall<E>
where
    E::Reply: Clone,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneCall").field("call", &self.0.job.call.name()).finish_non_exhaustive()
    }
}
