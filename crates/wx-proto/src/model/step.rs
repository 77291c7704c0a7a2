//! The steps of the jobs.

/// A step of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Before anything was read or sent.
    Prepare,
    /// Reading the media for its MD5.
    Digest,
    /// A ping or a preflight. If it fails, the job continues.
    Report,
    /// webwxcheckupload.
    Check,
    /// webwxuploadmedia.
    Upload,
    /// webwxsendmsgimg, webwxsendemoticon or webwxsendappmsg.
    Message,
    /// webwxgetmsgimg or webwxgetmedia.
    Download,
    /// jslogin, the login poll, and webwxnewloginpage.
    Login,
    /// webwxinit.
    Init,
    /// synccheck and webwxsync.
    Sync,
    /// webwxgetcontact.
    Contacts,
    /// webwxlogout.
    Logout,
    /// A [single call](crate::flow::OneCall).
    Call,
}

impl Step {
    /// Returns a short lower-case name, as used in the JSON of the command.
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
