//! `POST webwxsync`: fetches the new messages ([§8.6](crate::protocol#s8-6),
//! [P14](crate::protocol#p14), [P55](crate::protocol#p55), [P57](crate::protocol#p57)).

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, LIST_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::hosts::HostRole;
use crate::model::ids::DeviceId;
use crate::model::message::Message;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::unix_ms::UnixMs;
use crate::session::sync_key::SyncKey;
use crate::session::{Session, new_skey};
use crate::wire::cgi::cgi;
use crate::wire::clock::js_bitwise_not_now;
use crate::wire::contact::RoomName;
use crate::wire::list::List;
use crate::wire::{lenient, list, reply};

pub use crate::session::replies::SyncReply;

/// Fetches the messages after the session's sync position.
#[derive(Clone, Debug)]
pub struct SyncMessages {
    device_id: DeviceId,
    at: UnixMs,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    sync_key: &'a SyncKey,
    #[serde(rename = "rr")]
    rr: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    #[serde(default, deserialize_with = "list::optional")]
    add_msg_list: List<Message>,
    #[serde(default, deserialize_with = "list::optional")]
    mod_contact_list: List<RoomName>,
    #[serde(default, deserialize_with = "list::optional")]
    del_contact_list: List<RoomName>,
    #[serde(default, deserialize_with = "lenient::optional_count")]
    continue_flag: u64,
    #[serde(rename = "SKey", default, deserialize_with = "lenient::optional_id")]
    skey: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    sync_key: SyncKey,
    #[serde(default, deserialize_with = "lenient::optional")]
    sync_check_key: SyncKey,
}

impl SyncMessages {
    /// Creates the call, at the time of the seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { device_id: seed.device_id(Purpose::SyncDevice), at: seed.unix_ms }
    }
}

impl Endpoint for SyncMessages {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = SyncReply;

    fn name(&self) -> &'static str {
        "webwxsync"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_alive(self.at)?;
        let sync_key = session.sync().key.as_ref();
        let sync_key = sync_key.ok_or(RequestError::NoSyncKey)?;
        ApiRequest::builder(self, session, cgi!("webwxsync"))
            .cookies_at(self.at)
            .raw_pair("sid", session.sid_or_empty())
            .raw_pair("skey", session.skey_or_empty())
            .session_pairs()
            .json(&Request {
                base_request: BaseRequest::new(session, &self.device_id),
                sync_key,
                rr: js_bitwise_not_now(self.at),
            })
    }

    fn read(reply: &Response<Bytes>) -> Result<SyncReply, ReplyError> {
        let fields: Fields = reply::accepted(reply, LIST_LIMIT)?;
        Ok(SyncReply {
            messages: fields.add_msg_list.elements,
            skipped: fields.add_msg_list.skipped,
            rooms: fields.mod_contact_list.into_names().collect(),
            removed_rooms: fields.del_contact_list.into_names().collect(),
            more: fields.continue_flag != 0,
            skey: new_skey(fields.skey),
            sync_key: fields.sync_key.non_empty(),
            check_key: fields.sync_check_key.non_empty(),
        })
    }
}
