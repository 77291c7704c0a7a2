use serde::{Deserialize, Serialize};

use crate::model::md5::Md5;

/// An emoticon that the server already knows, to be sent by its MD5, without an upload
/// ([P84](crate::protocol#p84)).
///
/// The server knows the emoticons that the account has seen, and the 21 of the official page's own
/// set. Its answer to other MD5s is unknown. To send a GIF of your own, upload it: it is sent as an
/// emoticon by default.
///
/// ```
/// use wx_proto::Emoticon;
///
/// // One of the set of the official page.
/// let emoticon = Emoticon::from_md5("44682e637b75a3f5d6747d61dbd23a15".parse()?);
/// # Ok::<(), wx_proto::Md5Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Emoticon {
    md5: Md5,
}

impl Emoticon {
    /// Creates the emoticon with this MD5.
    #[must_use]
    pub const fn from_md5(md5: Md5) -> Self {
        Self { md5 }
    }

    /// Returns the MD5 of the image.
    #[must_use]
    pub const fn md5(self) -> Md5 {
        self.md5
    }
}
