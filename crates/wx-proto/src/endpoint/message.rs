//! What the calls that send a message share: the envelope with two equal ids, and the receipt
//! (§4.7).

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};

use super::REPLY_LIMIT;
use crate::endpoint::api_request::{ApiRequest, ApiRequestBuilder};
use crate::endpoint::base_request::BaseRequest;
use crate::model::ids::{MediaId, MsgId, UserName};
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{DeviceId, LocalId, Purpose, Seed};
use crate::session::Session;
use crate::wire::query::QueryBuilder;
use crate::wire::reply::Opened;
use crate::wire::{lenient, reply};

/// A message's receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The server's id of the message.
    pub msg_id: MsgId,
}

/// A message that shows an upload.
#[derive(Clone, Debug)]
pub(super) struct Message {
    to: UserName,
    media_id: Option<MediaId>,
    local_id: LocalId,
    device_id: DeviceId,
    at_ms: u64,
}

/// What differs between the calls.
pub(super) struct Kind<'a> {
    pub(super) endpoint: &'static str,
    pub(super) target: QueryBuilder,
    pub(super) msg_type: u8,
    pub(super) emoji_flag: Option<u8>,
    /// Absent from the message if `None`.
    pub(super) content: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    msg: Msg<'a>,
    scene: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Msg<'a> {
    r#type: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji_flag: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    from_user_name: &'a str,
    to_user_name: &'a str,
    #[serde(rename = "LocalID")]
    local_id: &'a str,
    client_msg_id: &'a str,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "MsgID", default, deserialize_with = "lenient::text")]
    msg_id: String,
}

impl Message {
    pub(super) fn new(media_id: Option<MediaId>, to: UserName, seed: Seed) -> Self {
        let device_id = seed.device_id(Purpose::MessageDevice);
        Self { to, media_id, local_id: seed.local_id(), device_id, at_ms: seed.unix_ms }
    }

    pub(super) fn local_id(&self) -> &LocalId {
        &self.local_id
    }

    pub(super) fn request(
        &self,
        kind: Kind<'_>,
        session: &Session,
    ) -> Result<ApiRequest, RequestError> {
        session.check_sender()?;
        let target = kind.target.session_pairs(session.site().lang(), session.pass_ticket());
        ApiRequestBuilder::of_page(kind.endpoint, session, self.at_ms, target).json(&Request {
            base_request: BaseRequest::new(session, &self.device_id),
            msg: Msg {
                r#type: kind.msg_type,
                emoji_flag: kind.emoji_flag,
                media_id: self.media_id.as_ref().map(MediaId::as_str),
                content: kind.content,
                from_user_name: session.user_name().as_str(),
                to_user_name: self.to.as_str(),
                local_id: self.local_id.as_str(),
                client_msg_id: self.local_id.as_str(),
            },
            scene: 0,
        })
    }
}

/// Only Ret 0 with a MsgID means sent (P45). A Ret counts whatever the HTTP status: the server has
/// spoken. Without one, the status is what there is to tell.
pub(super) fn read(answer: &Response<Bytes>) -> Result<Receipt, ReplyError> {
    let fields: Fields = match reply::open(answer, REPLY_LIMIT).and_then(Opened::accepted) {
        Ok(fields) => fields,
        Err(refused @ ReplyError::Refused { .. }) => return Err(refused),
        Err(error) => return reply::status(answer.status(), answer.headers()).and(Err(error)),
    };
    match MsgId::new(fields.msg_id) {
        Ok(msg_id) if msg_id.as_str().bytes().any(|digit| digit != b'0') => Ok(Receipt { msg_id }),
        _ => Err(ReplyError::NoMsgId),
    }
}
