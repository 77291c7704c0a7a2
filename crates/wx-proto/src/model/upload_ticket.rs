//! The ticket of webwxcheckupload.

use serde::{Deserialize, Serialize};

use crate::model::secret::Secret;

/// The values that the server expects in the upload and in the message of a file that it has
/// checked ([P73](crate::protocol#p73)).
///
/// It belongs to one file and is useless without the login, so it can be saved with the job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SavedTicket", into = "SavedTicket")]
pub struct UploadTicket {
    pub(crate) aes_key: Option<Secret>,
    pub(crate) signature: Option<Secret>,
}

#[derive(Serialize, Deserialize)]
struct SavedTicket {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    aes_key: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    signature: String,
}

impl UploadTicket {
    /// Creates a ticket. An empty value is absent from later requests ([P30](crate::protocol#p30)).
    pub(crate) fn new(aes_key: String, signature: String) -> Self {
        let [aes_key, signature] =
            [aes_key, signature].map(|text| (!text.is_empty()).then(|| text.into()));
        Self { aes_key, signature }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.aes_key.is_none() && self.signature.is_none()
    }

    pub(crate) fn aes_key(&self) -> Option<&str> {
        self.aes_key.as_ref().map(|key| key.expose().as_str())
    }

    pub(crate) fn signature(&self) -> Option<&str> {
        self.signature.as_ref().map(|signature| signature.expose().as_str())
    }
}

impl From<SavedTicket> for UploadTicket {
    fn from(saved: SavedTicket) -> Self {
        Self::new(saved.aes_key, saved.signature)
    }
}

impl From<UploadTicket> for SavedTicket {
    fn from(ticket: UploadTicket) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self { aes_key: text(ticket.aes_key()), signature: text(ticket.signature()) }
    }
}
