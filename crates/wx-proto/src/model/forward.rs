//! The values that are needed to forward a message ([§4.13](crate::protocol#s4-13),
//! [P87](crate::protocol#p87), [P88](crate::protocol#p88)).

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::ids::MediaId;
use crate::model::md5::Md5;
use crate::model::upload_ticket::UploadTicket;
use crate::model::uploaded::Uploaded;

/// What is forwarded of a message that was received: everything that the server needs, without the
/// message. [`Message::forward`](crate::Message::forward) returns it.
///
/// Nothing is downloaded or uploaded to forward a message, so it is the cheapest way to send one
/// message to many. Each recipient gets a message with ids of its own. The official page forwards
/// to at most 200 recipients at once; this library has no such limit, but the server limits the
/// rate of an account ([P87](crate::protocol#p87)).
///
/// It is valid within one login, contains no secret of the login, and can be saved as JSON. `Debug`
/// shows only the kind, because everything else is private or was chosen by a stranger.
///
/// ```
/// use wx_proto::Forward;
///
/// let json = r#"{"kind":"text","content":"dinner at eight"}"#;
/// let forward: Forward = serde_json::from_str(json)?;
/// assert_eq!(format!("{forward:?}"), "Forward(text)");
/// assert_eq!(serde_json::to_string(&forward)?, json);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Forward {
    content: ForwardContent,
}

/// What the kinds of messages need.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum ForwardContent {
    Text {
        #[serde(deserialize_with = "not_empty")]
        content: String,
    },
    Location {
        /// OriContent.
        #[serde(deserialize_with = "not_empty")]
        content: String,
    },
    Image {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_id: Option<MediaId>,
        /// The XML, or an opaque text.
        #[serde(deserialize_with = "not_empty")]
        content: String,
    },
    Video {
        is_short: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_id: Option<MediaId>,
        /// The XML, or an opaque text.
        #[serde(deserialize_with = "not_empty")]
        content: String,
    },
    Emoticon {
        md5: Md5,
    },
    File {
        #[serde(deserialize_with = "not_empty")]
        name: String,
        len: u64,
        media_id: MediaId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ticket: Option<UploadTicket>,
    },
}

/// The server would have nothing to forward.
fn not_empty<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() { Err(D::Error::custom("there is nothing to forward")) } else { Ok(text) }
}

impl Forward {
    /// Longer files need the signature of their upload ([P88](crate::protocol#p88)).
    const SIGNED_ABOVE: u64 = 25 * 1024 * 1024;

    pub(crate) const fn new(content: ForwardContent) -> Self {
        Self { content }
    }

    pub(crate) const fn content(&self) -> &ForwardContent {
        &self.content
    }

    /// Returns the kind of the message as a word, like [`MessageKind::name`]: `text`, `location`,
    /// `image`, `video`, `emoticon` or `file`.
    ///
    /// [`MessageKind::name`]: crate::MessageKind::name
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match &self.content {
            ForwardContent::Text { .. } => "text",
            ForwardContent::Location { .. } => "location",
            ForwardContent::Image { .. } => "image",
            ForwardContent::Video { .. } => "video",
            ForwardContent::Emoticon { .. } => "emoticon",
            ForwardContent::File { .. } => "file",
        }
    }

    /// Adds the signature of the upload that the account itself sent the file with, if it is a file
    /// of the same name and length, and the upload has a signature. Files above 25 MiB need it, and
    /// only their sender knows it ([P88](crate::protocol#p88)).
    #[must_use]
    pub fn signed_by(mut self, upload: &Uploaded) -> Self {
        if let ForwardContent::File { name, len, ticket, .. } = &mut self.content
            && (&*name, *len) == (&upload.name, upload.bytes)
            && upload.ticket.is_some()
        {
            ticket.clone_from(&upload.ticket);
        }
        self
    }

    /// Returns whether the server probably refuses it, because it is a file above 25 MiB without
    /// the [signature](Self::signed_by) of its upload. Warn the user before it is sent: if it is
    /// refused, fetch the file and send it anew ([P88](crate::protocol#p88)).
    #[must_use]
    pub fn may_be_refused(&self) -> bool {
        match &self.content {
            ForwardContent::File { len, ticket, .. } => {
                let signature = ticket.as_ref().and_then(UploadTicket::signature);
                *len > Self::SIGNED_ABOVE && signature.is_none()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forward({})", self.name())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn file() -> Value {
        json!({ "kind": "file", "name": "a.zip", "len": 26_214_401, "media_id": "@cdcd" })
    }

    fn read(json: Value) -> Result<Forward, serde_json::Error> {
        serde_json::from_value(json)
    }

    #[test]
    fn p87_it_is_the_same_after_json_and_debug_shows_the_kind() {
        let md5 = "900150983cd24fb0d6963f7d28e17f72";
        for json in [
            json!({ "kind": "text", "content": "canary" }),
            json!({ "kind": "location", "content": "<msg canary/>" }),
            json!({ "kind": "image", "content": "<msg canary/>" }),
            json!({ "kind": "image", "media_id": "@canary", "content": "@canary" }),
            json!({ "kind": "video", "is_short": true, "content": "<msg canary/>" }),
            json!({ "kind": "emoticon", "md5": md5 }),
            file(),
            json!({
                "kind": "file", "name": "canary", "len": 1, "media_id": "@canary",
                "ticket": { "signature": "canary" },
            }),
        ] {
            let forward = read(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&forward).unwrap(), json);
            assert_eq!(format!("{forward:?}"), format!("Forward({})", forward.name()));
            assert_eq!(json["kind"], forward.name());
        }
    }

    #[test]
    fn p87_forged_values_are_refused() {
        for forged in [
            json!({ "kind": "text", "content": "" }),
            json!({ "kind": "text" }),
            json!({ "kind": "voice", "content": "x" }),
            json!({ "kind": "location", "content": "" }),
            json!({ "kind": "image", "content": "" }),
            json!({ "kind": "image", "media_id": "", "content": "x" }),
            json!({ "kind": "image", "media_id": "a b", "content": "x" }),
            json!({ "kind": "video", "content": "x" }),
            json!({ "kind": "video", "is_short": false, "content": "" }),
            json!({ "kind": "emoticon", "md5": "9001" }),
            json!({ "kind": "file", "name": "a", "len": -1, "media_id": "@a" }),
            json!({ "kind": "file", "name": "a", "len": 1, "media_id": "" }),
            json!({ "kind": "file", "len": 1, "media_id": "@a" }),
            json!({ "kind": "file", "name": "", "len": 1, "media_id": "@a" }),
            json!("text"),
        ] {
            assert!(read(forged.clone()).is_err(), "{forged}");
        }
    }

    #[test]
    fn p88_a_file_above_25_mib_needs_the_signature_of_its_own_upload() {
        let upload = |bytes: u64, ticket: Value| -> Uploaded {
            serde_json::from_value(json!({
                "media_id": "@m", "thumbnail": null, "encry_file_name": null, "name": "a.zip",
                "kind": "file", "bytes": bytes, "md5": "900150983cd24fb0d6963f7d28e17f72",
                "chunks": 1, "server_byte_count": null, "ticket": ticket,
            }))
            .unwrap()
        };
        let mut small = file();
        small["len"] = 26_214_400.into();
        assert!(!read(small).unwrap().may_be_refused());
        let large = read(file()).unwrap();
        assert!(large.may_be_refused());
        let signed = json!({ "signature": "@crypt_sig" });
        assert!(!large.clone().signed_by(&upload(26_214_401, signed.clone())).may_be_refused());
        assert_eq!(large.clone().signed_by(&upload(26_214_402, signed.clone())), large);
        let mut other = file();
        other["name"] = "b.zip".into();
        let other = read(other).unwrap();
        assert_eq!(other.clone().signed_by(&upload(26_214_401, signed.clone())), other);
        let unsigned = upload(26_214_401, Value::Null);
        assert!(large.clone().signed_by(&unsigned).may_be_refused());
        let large = large.signed_by(&upload(26_214_401, signed.clone()));
        assert!(!large.signed_by(&unsigned).may_be_refused(), "a signature is not removed");
        let text = read(json!({ "kind": "text", "content": "x" })).unwrap();
        assert_eq!(text.clone().signed_by(&upload(1, signed)), text);
    }
}
