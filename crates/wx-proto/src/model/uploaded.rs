use serde::{Deserialize, Serialize};

use crate::model::dimensions::Dimensions;
use crate::model::ids::{LocalId, MediaId, MsgId};
use crate::model::image_format::ImageFormat;
use crate::model::md5::Md5;
use crate::model::media_kind::MediaKind;

/// A finished upload: what a message is sent with. One upload serves any number of recipients,
/// within one login.
///
/// It holds no secret and can be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Uploaded {
    /// The server's name for the picture.
    pub media_id: MediaId,
    /// The size of the server's thumbnail; `None` when it announced 0 × 0.
    pub thumbnail: Option<Dimensions>,
    /// The server's own spelling of the file name, since 2018.
    pub encry_file_name: Option<String>,
    /// The name that it was uploaded under.
    #[serde(default)]
    pub name: String,
    /// What it is sent as.
    pub kind: MediaKind,
    /// Length of the picture in bytes.
    pub bytes: u64,
    /// MD5 of the whole picture.
    pub md5: Md5,
    /// Chunks sent; 0 if the server knew the picture already (P41).
    pub chunks: u32,
    /// The server's count of bytes, if it names one that is not the picture's length: a warning
    /// (P38).
    pub server_byte_count: Option<u64>,
}

/// A message that the server accepted. It holds no secret and can be saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// The server's id of the message. Fetch and revoke by it.
    pub msg_id: MsgId,
    /// The id it was sent with.
    pub local_id: LocalId,
    /// The upload that it shows.
    pub uploaded: Uploaded,
}

/// A picture that was fetched, whole and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its MD5.
    pub md5: Md5,
    /// What it is, by its first bytes.
    pub format: ImageFormat,
}
