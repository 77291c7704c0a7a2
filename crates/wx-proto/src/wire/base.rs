//! BaseRequest (§2.2): four keys in the official order.

use serde::Serialize;

use crate::Session;
use crate::seed::DeviceId;

/// No `Debug`: it holds sid and skey.
#[derive(Serialize)]
pub(crate) struct BaseRequest<'a> {
    #[serde(rename = "Uin")]
    uin: u32,
    #[serde(rename = "Sid")]
    sid: &'a str,
    #[serde(rename = "Skey")]
    skey: &'a str,
    #[serde(rename = "DeviceID")]
    device_id: &'a str,
}

impl<'a> BaseRequest<'a> {
    /// With the session's DeviceID if it has a fixed one, else `fresh` (P11).
    pub(crate) fn new(session: &'a Session, fresh: &'a DeviceId) -> Self {
        Self {
            uin: session.uin(),
            sid: session.sid().expose(),
            skey: session.skey().expose(),
            device_id: session.device_id().unwrap_or(fresh).as_str(),
        }
    }
}
