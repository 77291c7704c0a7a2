//! `POST webwxsync`: what is new (`docs/protocol.md` §8.6, P14, P55, P57).

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize};

use super::{Endpoint, LIST_LIMIT, cgi};
use crate::message::Message;
use crate::outgoing::ApiRequestBuilder;
use crate::seed::Purpose;
use crate::session::{SyncKey, new_skey};
use crate::wire::base::BaseRequest;
use crate::wire::clock::js_bitwise_not_now;
use crate::wire::list::{self, List, Skipped};
use crate::wire::query::QueryBuilder;
use crate::wire::{lenient, reply};
use crate::{ApiRequest, DeviceId, ReplyError, RequestError, Secret, Seed, Session};

/// Fetches what came behind the session's position.
#[derive(Clone, Debug)]
pub struct SyncMessages {
    device_id: DeviceId,
    at_ms: u64,
}

/// What came. To move on, a session [adopts](Session::apply_sync) it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SyncReply {
    /// The messages, in the server's order; one may come twice.
    pub messages: Vec<Message>,
    /// Messages that could not be read, or were too many. The position after the batch is after
    /// them too: they do not come again.
    pub skipped: Skipped,
    /// Whether there is more at once.
    pub more: bool,
    pub(crate) skey: Option<Secret>,
    pub(crate) sync_key: Option<SyncKey>,
    pub(crate) check_key: Option<SyncKey>,
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
    /// Fetches at the seed's time.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { device_id: seed.device_id(Purpose::SyncDevice), at_ms: seed.unix_ms }
    }
}

impl Endpoint for SyncMessages {
    const NAME: &'static str = "webwxsync";
    type Context = Session;
    type Reply = SyncReply;

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_login()?;
        let sync_key = session.sync().key.as_ref();
        let sync_key = sync_key.ok_or(RequestError::Unsendable("a session without a sync_key"))?;
        let target = QueryBuilder::new(cgi!("webwxsync"))
            .raw_pair("sid", session.sid().expose())
            .raw_pair("skey", session.skey().expose())
            .session_pairs(session.site().lang(), session.pass_ticket());
        ApiRequestBuilder::of_page(Self::NAME, session, self.at_ms, target).json(&Request {
            base_request: BaseRequest::new(session, &self.device_id),
            sync_key,
            rr: js_bitwise_not_now(self.at_ms),
        })
    }

    fn read(&self, answer: &Response<Bytes>) -> Result<SyncReply, ReplyError> {
        let fields: Fields = reply::accepted(answer, LIST_LIMIT)?;
        Ok(SyncReply {
            messages: fields.add_msg_list.elements,
            skipped: fields.add_msg_list.skipped,
            more: fields.continue_flag != 0,
            skey: new_skey(fields.skey),
            sync_key: fields.sync_key.if_any(),
            check_key: fields.sync_check_key.if_any(),
        })
    }
}
