//! The two pages that the server serves.

/// The page that a login belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Web WeChat.
    #[default]
    Web,
    /// The File Transfer Helper.
    FileHelper,
}
