//! BaseRequest (§2.2): four keys in the official order.

use serde::Serialize;

use crate::model::ids::DeviceId;
use crate::session::Session;

/// No `Debug`: it holds sid and skey.
#[derive(Serialize)]
pub(crate) struct BaseRequest<'a> {
    #[serde(rename = "Uin")]
    uin: Uin,
    #[serde(rename = "Sid")]
    sid: &'a str,
    #[serde(rename = "Skey")]
    skey: &'a str,
    #[serde(rename = "DeviceID")]
    device_id: &'a str,
}

/// A number, but text before the server has told who the user is (§2.2, P12).
#[derive(Serialize)]
#[serde(untagged)]
enum Uin {
    Number(u32),
    Text(String),
}

impl<'a> BaseRequest<'a> {
    /// With the session's DeviceID if it has a fixed one, else `fresh` (P11).
    pub(crate) fn new(session: &'a Session, fresh: &'a DeviceId) -> Self {
        Self {
            uin: Uin::Number(session.uin()),
            sid: session.sid().expose(),
            skey: session.skey().expose(),
            device_id: session.device_id().unwrap_or(fresh).as_str(),
        }
    }

    /// As webwxinit has it.
    pub(crate) fn with_uin_as_text(self) -> Self {
        let uin = match self.uin {
            Uin::Number(uin) => Uin::Text(uin.to_string()),
            text @ Uin::Text(_) => text,
        };
        Self { uin, ..self }
    }
}
