mod advice;

use std::fmt;
use std::io;

use crate::flow::{Failure, FailureKind};
use crate::{HostError, LocalId, PictureError, ReplyError, Ret, Uploaded};

pub use advice::Advice;

/// Why a job did not end as it should: the step, the cause, what was already won, and what to do about it.
///
/// `Display` is one line. It holds no URL and no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// Where it happened.
    pub step: Step,
    /// The chunk it happened at, if at one.
    pub chunk: Option<ChunkNumber>,
    /// What happened.
    pub cause: Cause,
    /// An upload that is already won. If the message was [not sent](Outcome::NotSent), send with it again: there is no
    /// need to upload anew. If its fate is [unknown](Outcome::Unknown), a new message may be a second one.
    pub uploaded: Option<Box<Uploaded>>,
    /// The id of the message, if one was tried.
    pub local_id: Option<LocalId>,
}

/// A chunk's place among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkNumber {
    /// From 0, as in the form.
    pub index: u32,
    /// How many there are.
    pub of: u32,
}

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
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The session or the input does not allow it; nothing was sent.
    Unready(Unready),
    /// The file cannot be sent as a picture; nothing was sent.
    Picture(PictureError),
    /// An answer that cannot be used, a refusal by the server among them.
    Reply(ReplyError),
    /// The network failed, at the last of this many tries.
    Network {
        /// How the last try ended.
        failure: Failure,
        /// How many tries there were.
        tries: u32,
    },
    /// The message may or may not have been delivered.
    Uncertain {
        /// How the last try ended, if that is known. If the server refused it, an earlier one may have been accepted all
        /// the same.
        last: Option<Box<Cause>>,
        /// How many tries there were.
        tries: u32,
    },
    /// The login page is on a host that is none of web WeChat's.
    Host(HostError),
    /// No code was confirmed on the phone.
    NotConfirmed {
        /// How many were shown, questions that the phone asked among them.
        codes: u32,
    },
    /// The caller cancelled it.
    Cancelled,
    /// The picture changed while it was being sent.
    Changed,
    /// The upload that was to go on was begun with another picture.
    OtherPicture,
    /// The picture ended early: it got shorter while it was being sent.
    SourceEnded {
        /// Bytes expected in all.
        expected: u64,
        /// Bytes there were.
        got: u64,
    },
    /// The caller's own source or sink failed.
    Local(LocalError),
}

/// What has become of the message, in the one question that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Certainly not sent. To try again is safe.
    NotSent,
    /// Perhaps sent. To try again may send it twice.
    Unknown,
}

/// Why a request was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unready {
    /// sid or skey is empty: nobody is logged in.
    NotLoggedIn,
    /// The name of the account is unknown until webwxinit has replied:
    /// [`Restore`](crate::flow::Restore) the session first.
    InitDue,
    /// The cookie `webwx_data_ticket` is missing or expired, without which nothing can be uploaded (P8).
    NoDataTicket,
    /// Something could not be written as a request: what, in words.
    Unsendable(&'static str),
}

/// The caller's own file or writer failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalError {
    kind: io::ErrorKind,
    message: String,
    advice: Advice,
}

impl Error {
    /// An error at a step, with nothing won yet.
    pub fn new(step: Step, cause: impl Into<Cause>) -> Self {
        Self { step, chunk: None, cause: cause.into(), uploaded: None, local_id: None }
    }

    pub(crate) fn at(mut self, chunk: ChunkNumber) -> Self {
        self.chunk = Some(chunk);
        self
    }

    /// What has become of the message. For jobs without one it is always [`Outcome::NotSent`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if matches!(self.cause, Cause::Uncertain { .. }) { Outcome::Unknown } else { Outcome::NotSent }
    }

    /// The server's verdict, if it gave one; of several tries the last one's.
    #[must_use]
    pub fn ret(&self) -> Option<Ret> {
        self.cause.ret()
    }

    /// What to do next.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match &self.cause {
            Cause::Unready(Unready::Unsendable(_)) => Advice::Report,
            Cause::Unready(Unready::InitDue) => Advice::RetryLater,
            Cause::Unready(_) | Cause::NotConfirmed { .. } => Advice::LoginAgain,
            Cause::Host(_) => Advice::CheckProxy,
            Cause::Picture(PictureError::TooLarge { .. }) => Advice::RaiseLimit,
            Cause::Picture(_) | Cause::Changed | Cause::OtherPicture | Cause::SourceEnded { .. } => {
                Advice::CheckFile
            }
            Cause::Local(error) => error.advice,
            Cause::Network { failure, .. } => match failure.kind {
                FailureKind::Proxy(_) | FailureKind::Certificate(_) => Advice::CheckProxy,
                _ => Advice::CheckNetwork,
            },
            Cause::Uncertain { .. } => Advice::LookAtPhone,
            Cause::Cancelled => Advice::RetryLater,
            Cause::Reply(reply) => reply.advice(self.step),
        }
    }
}

impl Cause {
    fn ret(&self) -> Option<Ret> {
        match self {
            Self::Reply(ReplyError::Refused { ret, .. }) => Some(*ret),
            Self::Uncertain { last: Some(last), .. } => last.ret(),
            _ => None,
        }
    }
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
        }
    }
}

impl LocalError {
    /// An error of a kind, told in one line.
    pub fn new(kind: io::ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), advice: Advice::CheckFile }
    }

    /// Sets what to do about it; the default is [`Advice::CheckFile`].
    #[must_use]
    pub fn with_advice(self, advice: Advice) -> Self {
        Self { advice, ..self }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.kind
    }
}

impl From<io::Error> for LocalError {
    fn from(error: io::Error) -> Self {
        Self::new(error.kind(), error.to_string())
    }
}

impl From<Unready> for Cause {
    fn from(unready: Unready) -> Self {
        Self::Unready(unready)
    }
}

impl From<PictureError> for Cause {
    fn from(error: PictureError) -> Self {
        Self::Picture(error)
    }
}

impl From<ReplyError> for Cause {
    fn from(error: ReplyError) -> Self {
        Self::Reply(error)
    }
}

impl From<LocalError> for Cause {
    fn from(error: LocalError) -> Self {
        Self::Local(error)
    }
}

impl From<LocalError> for Error {
    fn from(error: LocalError) -> Self {
        Self::new(Step::Prepare, error)
    }
}

impl From<PictureError> for Error {
    fn from(error: PictureError) -> Self {
        Self::new(Step::Prepare, error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.step, self.chunk) {
            (Step::Prepare, _) => {}
            (Step::Digest, _) => f.write_str("reading the picture: ")?,
            (Step::Report, _) => f.write_str("reporting: ")?,
            (Step::Check, _) => f.write_str("checking the upload: ")?,
            (Step::Upload, Some(chunk)) => {
                write!(f, "uploading chunk {} of {}: ", chunk.index + 1, chunk.of)?
            }
            (Step::Upload, None) => f.write_str("uploading: ")?,
            (Step::Message, _) => f.write_str("sending the message: ")?,
            (Step::Download, _) => f.write_str("fetching the picture: ")?,
            (Step::Login, _) => f.write_str("logging in: ")?,
            (Step::Init, _) => f.write_str("beginning the session: ")?,
            (Step::Sync, _) => f.write_str("waiting for messages: ")?,
            (Step::Contacts, _) => f.write_str("listing the contacts: ")?,
            (Step::Logout, _) => f.write_str("logging out: ")?,
        }
        self.cause.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Unready(error) => Some(error),
            Cause::Picture(error) => Some(error),
            Cause::Reply(error) => Some(error),
            Cause::Local(error) => Some(error),
            Cause::Host(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unready(error) => error.fmt(f),
            Self::Picture(error) => error.fmt(f),
            Self::Reply(error) => error.fmt(f),
            Self::Network { failure, tries: 1 } => failure.fmt(f),
            Self::Network { failure, tries } => write!(f, "{failure}, {tries} times"),
            Self::Uncertain { last, tries } => match last.as_deref() {
                Some(Self::Reply(ReplyError::Refused { ret, .. })) => {
                    write!(f, "an earlier try may have been delivered, the last one got {ret}")
                }
                last => {
                    let tries = if *tries == 1 { "1 try" } else { &format!("{tries} tries") };
                    write!(f, "no clear answer in {tries}: it may have been delivered")?;
                    match last {
                        Some(Self::Network { failure, .. }) => {
                            write!(f, " (the last time: {failure})")
                        }
                        Some(last) => write!(f, " (the last time: {last})"),
                        None => Ok(()),
                    }
                }
            },
            Self::Host(error) => error.fmt(f),
            Self::NotConfirmed { codes } => write!(f, "none of {codes} codes was confirmed on the phone"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Changed => f.write_str("the file changed while it was being sent"),
            Self::OtherPicture => f.write_str("the message was begun with another file"),
            Self::SourceEnded { expected, got } => {
                write!(
                    f,
                    "the file ended after {got} of {expected} bytes: it got shorter while it was being sent"
                )
            }
            Self::Local(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoggedIn => f.write_str("the session has no sid or skey"),
            Self::InitDue => f.write_str("webwxinit is still due: restore the session first"),
            Self::NoDataTicket => f.write_str(
                "the session has no cookie webwx_data_ticket that is valid by this computer's clock",
            ),
            Self::Unsendable(what) => write!(f, "{what} holds characters that cannot be sent"),
        }
    }
}

impl std::error::Error for Unready {}

impl fmt::Display for LocalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LocalError {}
