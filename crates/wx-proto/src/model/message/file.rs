use crate::model::ids::MediaId;
use crate::model::md5::Md5;
use crate::model::opaque::opaque;

/// A file that was sent ([§11.5](crate::protocol#s11-5), [P75](crate::protocol#p75)). Fetch it with
/// [`Message::attachment`](crate::Message::attachment).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileMessage {
    /// The name chosen by the sender. Pass it through [`safe_file_name`](crate::safe_file_name)
    /// before you use it in a path.
    pub name: Option<String>,
    /// The length in bytes, if the server sent it.
    pub len: Option<u64>,
    /// The server's id of the file. The file cannot be fetched without it.
    pub media_id: Option<MediaId>,
    /// The name as the server encodes it, if the server sent it.
    pub encry_file_name: Option<String>,
    /// The MD5 that the sender's program claims.
    pub md5: Option<Md5>,
}

opaque!(FileMessage);
