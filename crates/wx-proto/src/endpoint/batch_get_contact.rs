//! `POST webwxbatchgetcontact`: some contacts by their UserNames, rooms above all (`docs/protocol.md` §8.4).

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};

use super::{Endpoint, LIST_LIMIT, cgi};
use crate::outgoing::Draft;
use crate::seed::Draw;
use crate::wire::base::BaseRequest;
use crate::wire::query::Target;
use crate::wire::{lenient, reply};
use crate::{Contact, DeviceId, Outgoing, ReplyError, Seed, Session, Unready, UserName};

/// How many contacts one call may ask for (§5).
pub const CONTACTS_PER_CALL: usize = 50;

/// Asks for up to [`CONTACTS_PER_CALL`] contacts; those beyond are left out.
#[derive(Clone, Debug)]
pub struct BatchGetContact {
    names: Vec<UserName>,
    device_id: DeviceId,
    at_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    base_request: BaseRequest<'a>,
    count: usize,
    list: Vec<Asked<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Asked<'a> {
    user_name: &'a str,
    encry_chat_room_id: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    #[serde(default, deserialize_with = "lenient::or_default")]
    contact_list: Vec<serde_json::Value>,
}

impl BatchGetContact {
    /// Asks for `names`.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = UserName>, seed: Seed) -> Self {
        let names = names.into_iter().take(CONTACTS_PER_CALL).collect();
        Self { names, device_id: seed.device_id(Draw::ContactDevice), at_ms: seed.unix_ms }
    }
}

impl Endpoint for BatchGetContact {
    const NAME: &'static str = "webwxbatchgetcontact";
    type Context = Session;
    type Reply = Vec<Contact>;

    fn request(&self, session: &Session) -> Result<Outgoing, Unready> {
        session.check_login()?;
        let asked = |name| Asked { user_name: UserName::as_str(name), encry_chat_room_id: "" };
        let target = Target::new(cgi!("webwxbatchgetcontact"))
            .pair("type", "ex")
            .pair("r", self.at_ms)
            .session_pairs(session.site().lang(), session.pass_ticket());
        Draft::of_page(Self::NAME, session, self.at_ms, target).json(&Request {
            base_request: BaseRequest::new(session, &self.device_id),
            count: self.names.len(),
            list: self.names.iter().map(asked).collect(),
        })
    }

    fn read(&self, answer: &Response<Bytes>) -> Result<Vec<Contact>, ReplyError> {
        let fields: Fields = reply::accepted(answer, LIST_LIMIT)?;
        Ok(fields.contact_list.into_iter().filter_map(Contact::of_json).collect())
    }
}
