//! `POST webwxsendmsgimg`: a picture that was uploaded becomes a message (`docs/protocol.md` §4.7,
//! P42–P46).

use bytes::Bytes;
use http::Response;

use super::Endpoint;
use super::message::{self, Kind, Message, Receipt};
use crate::endpoint::api_request::ApiRequest;
use crate::model::ids::{MediaId, UserName};
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{LocalId, Seed};
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::query::QueryBuilder;

/// Sends a picture. LocalID and ClientMsgId follow from the seed: to repeat the call, repeat the
/// same value.
#[derive(Clone, Debug)]
pub struct SendMsgImg(Message);

impl SendMsgImg {
    /// Sends what was uploaded as `media_id` to `to`.
    #[must_use]
    pub fn new(media_id: MediaId, to: UserName, seed: Seed) -> Self {
        Self(Message::new(Some(media_id), to, seed))
    }

    /// LocalID and ClientMsgId of this message.
    #[must_use]
    pub fn local_id(&self) -> &LocalId {
        self.0.local_id()
    }
}

impl Endpoint for SendMsgImg {
    const NAME: &'static str = "webwxsendmsgimg";
    type Context = Session;
    type Reply = Receipt;

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let target =
            QueryBuilder::new(cgi!("webwxsendmsgimg")).pair("fun", "async").pair("f", "json");
        self.0.request(
            Kind { endpoint: Self::NAME, target, msg_type: 3, emoji_flag: None, content: Some("") },
            session,
        )
    }

    fn read(&self, reply: &Response<Bytes>) -> Result<Receipt, ReplyError> {
        message::read(reply)
    }
}

#[cfg(test)]
mod tests;
