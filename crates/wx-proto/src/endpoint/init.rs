//! `POST webwxinit`: requests the account and the sync position ([§8.4](crate::protocol#s8-4),
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
use crate::session::sync_key::SyncKey;
use crate::session::{LONGEST_NAME, Session, new_skey};
use crate::wire::cgi::cgi;
use crate::wire::clock::js_bitwise_not_now;
use crate::wire::contact::RoomName;
use crate::wire::list::List;
use crate::wire::{content, lenient, list, repair, reply};

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
    #[serde(default, deserialize_with = "list::optional")]
    contact_list: List<RoomName>,
    #[serde(default, deserialize_with = "lenient::optional_text")]
    chat_set: String,
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

/// Returns the rooms in a `ChatSet`, which is a list of UserNames separated by commas.
fn rooms_in(chat_set: &str) -> impl Iterator<Item = UserName> {
    names_in(chat_set).filter(UserName::is_room).take(list::LIMIT)
}

fn names_in(chat_set: &str) -> impl Iterator<Item = UserName> {
    let names = chat_set.split(',').filter(|name| !repair::is_damaged(name));
    names.filter_map(|name| name.parse().ok())
}

impl Init {
    /// Creates the call, at the time of the seed.
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
        // Without an skey, the page sends an empty one after a reload (§12.4).
        session.check_restorable()?;
        session.check_end(self.at)?;
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
            nick_name: content::decode(&fields.user.nick_name),
            rooms: fields.contact_list.into_names().chain(rooms_in(&fields.chat_set)).collect(),
            skey: new_skey(fields.skey),
            sync_key: fields.sync_key.non_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn p92_init_names_rooms_in_two_places() {
        let text = include_str!("../../tests/vectors/contacts_rooms.json");
        let vector: Value = serde_json::from_str(text).unwrap();
        let set = &vector["init_chat_set"];
        let names = names_in(set["ChatSet"].as_str().unwrap());
        let names: Vec<_> = names.map(|name| name.to_string()).collect();
        assert_eq!(json!(names), set["expect"]);

        let read = |chat_set: &Value| {
            let reply = json!({
                "BaseResponse": { "Ret": 0 }, "User": { "UserName": "@me" },
                "ContactList": [{ "UserName": "@a" }, { "UserName": "@@recent" }, 7, {}],
                "ChatSet": chat_set,
            });
            let reply = Init::read(&Response::new(reply.to_string().into())).unwrap();
            reply.rooms.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let room = set["expect"][1].as_str().unwrap();
        assert_eq!(read(&set["ChatSet"]), ["@@recent", room]);
        assert_eq!(read(&json!(",,7@chatroom,@@bad\u{fffd},")), ["@@recent", "7@chatroom"]);
        assert_eq!(read(&json!({})), ["@@recent"]);
    }
}
