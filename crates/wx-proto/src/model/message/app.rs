use crate::model::opaque::opaque;

/// An app message: a link, music, a notice of a payment, and so on
/// ([§11.5](crate::protocol#s11-5)).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppMessage {
    /// AppMsgType: the kind of app message.
    pub app_msg_type: i64,
    /// The title.
    pub title: String,
    /// The text below the title, if there is one.
    pub description: Option<String>,
    /// The address that it opens. The sender chose it, so do not fetch it without asking the user.
    pub url: Option<String>,
}

impl AppMessage {
    /// Whether it is an image or an emoticon, which is fetched like the image of a message.
    pub(crate) fn is_image(&self) -> bool {
        matches!(self.app_msg_type, 2 | 8)
    }
}

/// A mini program.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MiniProgram {
    /// The title.
    pub title: String,
    /// Its user name, such as `gh_0123456789ab@app`.
    pub user_name: String,
    /// Its app id, such as `wx0123456789abcdef`.
    pub app_id: String,
    /// The page that it opens.
    pub page_path: String,
}

opaque!(AppMessage);
opaque!(MiniProgram);
