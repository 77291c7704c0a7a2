//! `POST webwxbatchgetcontact`: contacts by their UserNames, mainly rooms
//! ([§8.4](crate::protocol#s8-4)).

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, LIST_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::contact::Contact;
use crate::model::hosts::HostRole;
use crate::model::ids::{DeviceId, UserName};
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::skipped::Skipped;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::list::List;
use crate::wire::{list, reply};

/// The maximum number of contacts per call ([§5](crate::protocol#s5)).
pub const CONTACTS_PER_CALL: usize = 50;

/// Requests up to [`CONTACTS_PER_CALL`] contacts. Further ones are dropped.
#[derive(Clone, Debug)]
pub struct BatchGetContact {
    names: Vec<UserName>,
    device_id: DeviceId,
    at: UnixMs,
}

/// The requested contacts, as far as the server knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundContacts {
    /// The contacts.
    pub contacts: Vec<Contact>,
    /// Contacts that could not be read, or were too many.
    pub skipped: Skipped,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    count: usize,
    list: Vec<Asked<'a>>,
}

/// The page requests a room with one empty key, and anybody else with another.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Asked<'a> {
    user_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_room_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encry_chat_room_id: Option<&'static str>,
}

impl<'a> Asked<'a> {
    fn new(name: &'a UserName) -> Self {
        let user_name = name.as_str();
        let is_room = user_name.starts_with("@@") || user_name.ends_with("@chatroom");
        Self {
            user_name,
            chat_room_id: is_room.then_some(""),
            encry_chat_room_id: (!is_room).then_some(""),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    #[serde(default, deserialize_with = "list::optional")]
    contact_list: List<Contact>,
}

impl BatchGetContact {
    /// Requests the contacts `names`.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = UserName>, seed: Seed) -> Self {
        let names = names.into_iter().take(CONTACTS_PER_CALL).collect();
        Self { names, device_id: seed.device_id(Purpose::ContactDevice), at: seed.unix_ms }
    }
}

impl Endpoint for BatchGetContact {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = FoundContacts;

    fn name(&self) -> &'static str {
        "webwxbatchgetcontact"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_login()?;
        ApiRequest::builder(self, session, cgi!("webwxbatchgetcontact"))
            .cookies_at(self.at)
            .pair("type", "ex")
            .pair("r", self.at)
            .session_pairs()
            .json(&Request {
                base_request: BaseRequest::new(session, &self.device_id),
                count: self.names.len(),
                list: self.names.iter().map(Asked::new).collect(),
            })
    }

    fn read(reply: &Response<Bytes>) -> Result<FoundContacts, ReplyError> {
        let fields: Fields = reply::accepted(reply, LIST_LIMIT)?;
        let List { elements: contacts, skipped } = fields.contact_list;
        Ok(FoundContacts { contacts, skipped })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/contacts_rooms.json")).unwrap()
    }

    fn asked(names: impl IntoIterator<Item = UserName>, base_request: &Value) -> String {
        let text = |key: &str| base_request[key].as_str().unwrap();
        let session = Session::builder("https://wx.qq.com").uin(2_272_112_421);
        let session = session.sid(text("Sid")).skey(text("Skey")).user_name("@me").build().unwrap();
        let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };
        let request = BatchGetContact::new(names, seed).request(&session).unwrap();
        assert_eq!(request.http().uri().query(), Some("type=ex&r=1511493942795&lang=zh_CN"));
        let text = String::from_utf8(request.http().body().to_vec()).unwrap();
        let sent: Value = serde_json::from_str(&text).unwrap();
        // The keys' order, with the drawn id put in.
        let device_id = sent["BaseRequest"]["DeviceID"].as_str().unwrap();
        text.replace(device_id, base_request["DeviceID"].as_str().unwrap())
    }

    #[test]
    fn a_room_is_asked_for_as_the_page_does() {
        let vector = vector();
        let rooms = &vector["batchgetcontact"][0];
        assert_eq!(rooms["name"], "rooms");
        let body = &rooms["body"];
        let name = |entry: &Value| UserName::new(entry["UserName"].as_str().unwrap()).unwrap();
        let names = body["List"].as_array().unwrap().iter().map(name);
        assert_eq!(asked(names, &body["BaseRequest"]), rooms["body_text"]);
        let [old_room, person] = ["7@chatroom", "@a"]
            .map(|name| asked([UserName::new(name).unwrap()], &body["BaseRequest"]));
        assert!(old_room.ends_with(r#"[{"UserName":"7@chatroom","ChatRoomId":""}]}"#));
        assert!(person.ends_with(r#"[{"UserName":"@a","EncryChatRoomId":""}]}"#));
    }
}
