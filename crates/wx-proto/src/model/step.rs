//! The steps of the jobs.

/// The steps of the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Before anything was read or sent.
    Prepare,
    /// Reading the picture for its MD5.
    Digest,
    /// A ping or a preflight, which never fails a job.
    Report,
    /// webwxcheckupload.
    Check,
    /// webwxuploadmedia.
    Upload,
    /// webwxsendmsgimg or webwxsendemoticon.
    Message,
    /// webwxgetmsgimg.
    Download,
    /// jslogin, the poll, webwxnewloginpage.
    Login,
    /// webwxinit.
    Init,
    /// synccheck, webwxsync.
    Sync,
    /// webwxgetcontact.
    Contacts,
    /// webwxlogout.
    Logout,
    /// A [single call](crate::flow::OneCall).
    Call,
}

impl Step {
    /// A short lower case name, as in the command's JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Digest => "digest",
            Self::Report => "report",
            Self::Check => "check",
            Self::Upload => "upload",
            Self::Message => "message",
            Self::Download => "download",
            Self::Login => "login",
            Self::Init => "init",
            Self::Sync => "sync",
            Self::Contacts => "contacts",
            Self::Logout => "logout",
            Self::Call => "call",
        }
    }
}
