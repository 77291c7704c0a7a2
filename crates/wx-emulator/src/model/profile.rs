//! The two pages that the server serves.

/// The page to which a login belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// Web WeChat.
    #[default]
    Web,
    /// The File Transfer Helper.
    FileHelper,
}
