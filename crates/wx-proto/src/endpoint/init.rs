//! `POST webwxinit`: the account and the sync position ([§8.4](crate::protocol#s8-4),
//! [P14](crate::protocol#p14)).

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, LIST_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::fields::ReplyField;
use crate::model::hosts::HostRole;
use crate::model::ids::{DeviceId, UserName};
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::unix_ms::UnixMs;
use crate::session::sync::SyncKey;
use crate::session::{LONGEST_NAME, Session, new_skey};
use crate::wire::cgi::cgi;
use crate::wire::clock::js_bitwise_not_now;
use crate::wire::{entities, lenient, reply};

pub use crate::session::replies::InitReply;

/// Starts or resumes a login.
#[derive(Clone, Debug)]
pub struct Init {
    device_id: DeviceId,
    at: UnixMs,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    user: User,
    #[serde(rename = "SKey", default, deserialize_with = "lenient::optional_id")]
    skey: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    sync_key: SyncKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    #[serde(default, deserialize_with = "lenient::id")]
    user_name: String,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    nick_name: String,
}

impl Init {
    /// Creates the call at the time of the seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { device_id: seed.device_id(Purpose::InitDevice), at: seed.unix_ms }
    }
}

impl Endpoint for Init {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = InitReply;

    fn name(&self) -> &'static str {
        "webwxinit"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_login()?;
        ApiRequest::builder(self, session, cgi!("webwxinit"))
            .cookies_at(self.at)
            .pair("r", js_bitwise_not_now(self.at))
            .session_pairs()
            .json(&Request {
                base_request: BaseRequest::new(session, &self.device_id).with_uin_as_text(),
            })
    }

    fn read(reply: &Response<Bytes>) -> Result<InitReply, ReplyError> {
        let fields: Fields = reply::accepted(reply, LIST_LIMIT)?;
        let user_name = UserName::new(fields.user.user_name).ok();
        let user_name = user_name.filter(|name| name.as_str().len() <= LONGEST_NAME);
        let user_name = user_name.ok_or(ReplyError::Missing(ReplyField::UserName))?;
        Ok(InitReply {
            user_name,
            nick_name: entities::decode(&fields.user.nick_name),
            skey: new_skey(fields.skey),
            sync_key: fields.sync_key.if_any(),
        })
    }
}
