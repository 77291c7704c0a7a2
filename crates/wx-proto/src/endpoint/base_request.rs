//! The BaseRequest, with four keys in the official order ([§2.2](crate::protocol#s2-2)).

use std::borrow::Cow;

use serde::Serialize;

use crate::model::ids::DeviceId;
use crate::model::seed::{Purpose, Seed};
use crate::session::Session;

/// The `BaseRequest` in the JSON of most calls: uin, sid, skey and a DeviceID
/// ([§2.2](crate::protocol#s2-2)). It has no `Debug`, because sid and skey are secrets.
#[derive(Serialize)]
pub struct BaseRequest<'a> {
    #[serde(rename = "Uin")]
    uin: Uin,
    #[serde(rename = "Sid")]
    sid: &'a str,
    #[serde(rename = "Skey")]
    skey: &'a str,
    #[serde(rename = "DeviceID")]
    device_id: Cow<'a, str>,
}

/// Serialised as a string in webwxinit and as a number everywhere else
/// ([§2.2](crate::protocol#s2-2), [P12](crate::protocol#p12)).
#[derive(Serialize)]
#[serde(untagged)]
enum Uin {
    Number(u32),
    Text(String),
}

impl<'a> BaseRequest<'a> {
    /// Creates the BaseRequest of a custom call. If the session has no fixed DeviceID, one is
    /// derived from `seed`.
    #[must_use]
    pub fn from_seed(session: &'a Session, seed: &Seed) -> Self {
        let device_id = match session.device_id() {
            Some(fixed) => fixed.as_str().into(),
            None => seed.device_id(Purpose::OwnCallDevice).as_str().to_owned().into(),
        };
        Self::with_device(session, device_id)
    }

    /// Creates a BaseRequest. The DeviceID is `fresh` if the session has no fixed one
    /// ([P11](crate::protocol#p11)).
    pub(crate) fn new(session: &'a Session, fresh: &'a DeviceId) -> Self {
        Self::with_device(session, session.device_id().unwrap_or(fresh).as_str().into())
    }

    fn with_device(session: &'a Session, device_id: Cow<'a, str>) -> Self {
        Self {
            uin: Uin::Number(session.uin_or_zero()),
            sid: session.sid_or_empty(),
            skey: session.skey_or_empty(),
            device_id,
        }
    }

    /// Sends uin as a string, like webwxinit.
    pub(crate) fn with_uin_as_text(self) -> Self {
        let uin = match self.uin {
            Uin::Number(uin) => Uin::Text(uin.to_string()),
            text @ Uin::Text(_) => text,
        };
        Self { uin, ..self }
    }
}
