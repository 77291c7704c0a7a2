//! `POST webwxbatchgetcontact`: requests contacts, mainly rooms, by their UserNames
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

/// Requests up to [`CONTACTS_PER_CALL`] contacts. Further names are ignored.
#[derive(Clone, Debug)]
pub struct BatchGetContact {
    names: Vec<UserName>,
    /// The room that the contacts are members of.
    room: Option<UserName>,
    device_id: DeviceId,
    at: UnixMs,
}

/// The requested contacts that the server found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundContacts {
    /// The contacts.
    pub contacts: Vec<Contact>,
    /// The contacts that could not be parsed or exceeded the limit.
    pub skipped: Skipped,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    count: usize,
    list: Vec<RequestedContact<'a>>,
}

/// A requested contact. As on the official page, a room has an empty `ChatRoomId`, and any other
/// contact an `EncryChatRoomId`, which is empty unless the contact is requested as a member.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RequestedContact<'a> {
    user_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_room_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encry_chat_room_id: Option<&'a str>,
}

impl<'a> RequestedContact<'a> {
    fn new(name: &'a UserName, room: Option<&'a UserName>) -> Self {
        let is_room = name.is_room();
        Self {
            user_name: name.as_str(),
            chat_room_id: is_room.then_some(""),
            encry_chat_room_id: (!is_room).then_some(room.map_or("", UserName::as_str)),
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
        let device_id = seed.device_id(Purpose::ContactDevice);
        Self { names, room: None, device_id, at: seed.unix_ms }
    }

    /// Requests `members` of a room. `room` is its UserName, as on the official page, or its
    /// `EncryChatRoomId`, as in other clients; the server accepts both
    /// ([§11.10](crate::protocol#s11-10)).
    #[must_use]
    pub fn members(
        room: UserName,
        members: impl IntoIterator<Item = UserName>,
        seed: Seed,
    ) -> Self {
        Self { room: Some(room), ..Self::new(members, seed) }
    }
}

impl BatchGetContact {
    fn request_text(&self) -> impl Iterator<Item = RequestedContact<'_>> {
        self.names.iter().map(|name| RequestedContact::new(name, self.room.as_ref()))
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
        session.check_alive(self.at)?;
        ApiRequest::builder(self, session, cgi!("webwxbatchgetcontact"))
            .cookies_at(self.at)
            .pair("type", "ex")
            .pair("r", self.at)
            .session_pairs()
            .json(&Request {
                base_request: BaseRequest::new(session, &self.device_id),
                count: self.names.len(),
                list: self.request_text().collect(),
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

    const SEED: Seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };

    fn request_text(call: &BatchGetContact, base_request: &Value) -> String {
        let text = |key: &str| base_request[key].as_str().unwrap();
        let session = Session::builder("https://wx.qq.com").uin(2_272_112_421);
        let session = session.sid(text("Sid")).skey(text("Skey")).user_name("@me").build().unwrap();
        let request = call.request(&session).unwrap();
        assert_eq!(request.http().uri().query(), Some("type=ex&r=1511493942795&lang=zh_CN"));
        let text = String::from_utf8(request.http().body().to_vec()).unwrap();
        let sent: Value = serde_json::from_str(&text).unwrap();
        // The random DeviceID is replaced, so that whole texts can be compared.
        let device_id = sent["BaseRequest"]["DeviceID"].as_str().unwrap();
        text.replace(device_id, base_request["DeviceID"].as_str().unwrap())
    }

    #[test]
    fn p92_rooms_and_members_are_requested_as_on_the_page() {
        let vector = vector();
        let cases = vector["batchgetcontact"].as_array().unwrap();
        for case in cases {
            let body = &case["body"];
            let items = body["List"].as_array().unwrap();
            let name = |item: &Value, key: &str| item[key].as_str()?.parse::<UserName>().ok();
            let names: Vec<_> = items.iter().filter_map(|item| name(item, "UserName")).collect();
            let call = match name(&items[0], "EncryChatRoomId") {
                Some(room) => BatchGetContact::members(room, names, SEED),
                None => BatchGetContact::new(names, SEED),
            };
            assert_eq!(
                request_text(&call, &body["BaseRequest"]),
                case["body_text"],
                "{}",
                case["name"]
            );
        }
        assert_eq!(cases.len(), 3);
        let [old_room, person] = ["7@chatroom", "@a"].map(|name| {
            let call = BatchGetContact::new([UserName::new(name).unwrap()], SEED);
            request_text(&call, &cases[0]["body"]["BaseRequest"])
        });
        assert!(old_room.ends_with(r#"[{"UserName":"7@chatroom","ChatRoomId":""}]}"#));
        assert!(person.ends_with(r#"[{"UserName":"@a","EncryChatRoomId":""}]}"#));
    }
}
