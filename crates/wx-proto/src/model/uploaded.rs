use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::dimensions::Dimensions;
use crate::model::ids::{LocalId, MediaId, MsgId};
use crate::model::image_format::ImageFormat;
use crate::model::md5::Md5;
use crate::model::media_kind::MediaKind;
use crate::model::unix_ms::UnixMs;
use crate::model::upload_ticket::UploadTicket;

/// A completed upload, which messages are sent with. It can be sent to any number of recipients,
/// within one login.
///
/// It contains no secret of the login and can be saved. The ticket of a large file is saved with
/// it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Uploaded {
    /// The server's id of the media.
    pub media_id: MediaId,
    /// The size of the server's thumbnail; `None` if it announced 0 × 0.
    pub thumbnail: Option<Dimensions>,
    /// The file name as the server encodes it, which the server has sent since 2018.
    pub encry_file_name: Option<String>,
    /// The file name that it was uploaded with.
    pub name: String,
    /// The kind that it is sent as.
    pub kind: MediaKind,
    /// The length of the media in bytes.
    pub bytes: u64,
    /// The MD5 of the media.
    pub md5: Md5,
    /// The number of chunks sent; 0 if the server already had the media
    /// ([P41](crate::protocol#p41)).
    pub chunks: u32,
    /// The server's count of bytes, if it differs from the length of the media. This is a warning
    /// ([P38](crate::protocol#p38)).
    pub server_byte_count: Option<u64>,
    /// The ticket of a file above [`Policy::check_above`](crate::Policy::check_above).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ticket: Option<UploadTicket>,
}

/// A message that the server accepted. It contains no secret and can be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// The server's id of the message, by which it can be fetched or revoked.
    pub msg_id: MsgId,
    /// The LocalID and ClientMsgId that it was sent with.
    pub local_id: LocalId,
    /// The upload in the message. `None` for a text.
    pub uploaded: Option<Uploaded>,
    /// When the server's reply arrived, by this computer's clock, if that is known. A message can
    /// be revoked for two minutes from then on ([P89](crate::protocol#p89)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<UnixMs>,
}

/// Media that was fetched, complete and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The length in bytes.
    pub bytes: u64,
    /// The MD5.
    pub md5: Md5,
    /// The format of an image, as determined by the first bytes; `None` for a file, a video and a
    /// voice message. A video or a voice message in an unknown format is
    /// [`ImageFormat::Unknown`], and is only kept if
    /// [`Policy::keep_unknown`](crate::Policy::keep_unknown) is set.
    pub format: Option<ImageFormat>,
}

/// Does not show `encry_file_name`: the server chooses it, and could put a secret into it.
impl fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploaded")
            .field("media_id", &self.media_id)
            .field("thumbnail", &self.thumbnail)
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("bytes", &self.bytes)
            .field("md5", &self.md5)
            .field("chunks", &self.chunks)
            .field("server_byte_count", &self.server_byte_count)
            .finish_non_exhaustive()
    }
}
