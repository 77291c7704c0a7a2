use std::time::Duration;

use super::FetchJob;
use super::recognised::Recognisable;
use super::target::{Absent, Expected, ExpectedContent, Target};
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::get_avatar::GetAvatar;
use crate::flow::newtype::flow;
use crate::flow::runner::Runner;
use crate::model::avatar::Avatar;
use crate::model::error::Error;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::model::uploaded::Fetched;
use crate::session::Session;

/// Fetches an avatar and streams it into the caller's sink, like [`Fetch`](super::Fetch). It ends
/// with `None`, and without having written anything, if there is no picture
/// ([P86](crate::protocol#p86)).
///
/// The server replies with no bytes if a person has no picture, but also to too many requests, or
/// if the person is only known from a room. If a room is known and was not part of the first
/// request, that room is named in a second one.
#[derive(Debug)]
pub struct FetchAvatar(Runner<FetchJob<GetAvatar>>);

impl FetchAvatar {
    /// Fetches `avatar`. `restartable` says whether the sink can discard its content. Only then is
    /// the download retried after its first bytes have been written.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`](crate::Step::Prepare) if nobody is logged in.
    /// Nothing is sent in that case.
    pub fn new(
        session: &Session,
        avatar: Avatar,
        restartable: bool,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let call = GetAvatar::new(avatar, seed);
        FetchJob::start(session, call, restartable, seed, policy).map(Self)
    }
}

flow!(FetchAvatar(FetchJob<GetAvatar>) -> Option<Fetched>);

impl Target for GetAvatar {
    type Output = Option<Fetched>;

    fn request(&self, session: &Session, _: Seed) -> Result<ApiRequest, RequestError> {
        Endpoint::request(self, session)
    }

    fn expected(&self, policy: &Policy) -> Expected {
        let content = ExpectedContent::Recognisable(Recognisable::Image);
        Expected { content, limit: policy.max_fetch }
    }

    fn absent(&self, error: ReplyError, _: &Policy) -> Absent<Self> {
        // No source has seen a 204, so it proves nothing.
        if error != ReplyError::Empty {
            return Absent::Error(error, Duration::ZERO);
        }
        self.in_room().map_or(Absent::Done(None), Absent::Ask)
    }

    fn output(&self, fetched: Fetched) -> Option<Fetched> {
        Some(fetched)
    }
}
