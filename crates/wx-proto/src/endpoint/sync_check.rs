//! `GET synccheck`: checks for new messages ([§8.5](crate::protocol#s8-5),
//! [P56](crate::protocol#p56), [P57](crate::protocol#p57)).

use bytes::Bytes;
use http::{Method, Response};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::fields::ReplyField;
use crate::model::hosts::HostRole;
use crate::model::ids::DeviceId;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::{reply, script};

/// Long-polls for new messages. The server holds the request for about 25 s if there are none.
#[derive(Clone, Debug)]
pub struct SyncCheck {
    device_id: DeviceId,
    at: UnixMs,
}

/// The reply to synccheck, unless it is a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncStatus {
    /// Nothing new: selector 0.
    Nothing,
    /// Something new, which webwxsync returns: any other selector ([P57](crate::protocol#p57)).
    Something {
        /// The selector.
        selector: i64,
    },
}

impl SyncCheck {
    /// Creates the call, at the time of the seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { device_id: seed.device_id(Purpose::CheckSyncDevice), at: seed.unix_ms }
    }
}

impl Endpoint for SyncCheck {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Push;
    const ACCEPT: Accept = Accept::Script;
    type Reply = SyncStatus;

    fn name(&self) -> &'static str {
        "synccheck"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_alive(self.at)?;
        let sync = session.sync();
        let key = sync.check_key.as_ref().or(sync.key.as_ref());
        let key = key.ok_or(RequestError::NoSyncKey)?;
        ApiRequest::builder(self, session, cgi!("synccheck"))
            .cookies_at(self.at)
            .pair("r", self.at)
            .pair("skey", session.skey_or_empty())
            .pair("sid", session.sid_or_empty())
            .pair("uin", session.uin_or_zero())
            .pair("deviceid", session.device_id().unwrap_or(&self.device_id).as_str())
            .pair("synckey", key.in_query())
            .pair("_", self.at)
            .app_pair()
            .empty()
    }

    fn read(reply: &Response<Bytes>) -> Result<SyncStatus, ReplyError> {
        let text = reply::text(reply, REPLY_LIMIT)?;
        match script::number(&text, "retcode") {
            Some(0) => match script::number(&text, "selector") {
                Some(0) => Ok(SyncStatus::Nothing),
                Some(selector) => Ok(SyncStatus::Something { selector }),
                None => Err(ReplyError::Missing(ReplyField::Selector)),
            },
            Some(code) => Err(ReplyError::refused(code, "")),
            None => Err(ReplyError::from_text(&text, ReplyField::RetCode)),
        }
    }
}
