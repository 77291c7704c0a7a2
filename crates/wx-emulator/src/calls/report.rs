//! reportforweb, webwxstatreport and webwxoplog: calls that change nothing here.

use http::header::CONTENT_TYPE;

use crate::account::{MALFORMED, NO_SESSION};
use crate::hub::{Call, Hub};
use crate::replies;
use crate::reply::Reply;

pub(super) fn ping() -> Reply {
    Reply::bytes("").header(CONTENT_TYPE, "image/gif")
}

/// Telemetry, remarks and pins: accepted with Ret 0. The page's telemetry has no skey.
pub(super) fn accept(call: &Call, hub: &Hub) -> Reply {
    Reply::json(replies::plain(try_accept(call, hub).err().unwrap_or(0)))
}

fn try_accept(call: &Call, hub: &Hub) -> Result<(), i64> {
    super::admit_cookies(call, hub)?;
    let body = call.json().ok_or(MALFORMED)?;
    match body["BaseRequest"]["Sid"].as_str() {
        Some(sid) if sid == hub.account.sid => Ok(()),
        Some(_) => Err(NO_SESSION),
        None => Err(MALFORMED),
    }
}
