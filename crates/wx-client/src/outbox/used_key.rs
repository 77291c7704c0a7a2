use std::fmt;

use wx_proto::{Md5, Media, MediaKind, MsgId, Uploaded};

/// The picture that a key was used for, and the other one that was refused under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedKey {
    pub(super) key: String,
    pub(super) msg_id: Option<MsgId>,
    pub(super) used: MediaSummary,
    pub(super) given: MediaSummary,
}

/// The properties that distinguish media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MediaSummary {
    pub(super) kind: MediaKind,
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Unknown if another property differs.
    pub(super) md5: Option<Md5>,
}

impl From<&Media> for MediaSummary {
    fn from(media: &Media) -> Self {
        Self { kind: media.kind(), name: media.name().to_owned(), bytes: media.len(), md5: None }
    }
}

impl From<&Uploaded> for MediaSummary {
    fn from(uploaded: &Uploaded) -> Self {
        let Uploaded { kind, name, bytes, md5, .. } = uploaded;
        Self { kind: *kind, name: name.clone(), bytes: *bytes, md5: Some(*md5) }
    }
}

impl fmt::Display for UsedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, msg_id, used, given } = self;
        write!(f, "the key {key:?} belongs to {used}")?;
        if let Some(msg_id) = msg_id {
            write!(f, ", which was sent as message {msg_id}")?;
        }
        write!(f, "; {given} was not sent: use a new key for it")
    }
}

impl fmt::Display for MediaSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, bytes, md5 } = self;
        write!(f, "the {kind} {name:?} of {bytes} bytes")?;
        md5.map_or(Ok(()), |md5| write!(f, " (MD5 {md5})"))
    }
}
