use std::fmt;

use crate::model::advice::Advice;
use crate::model::error_chain::ErrorChain;
use crate::model::hosts::HostError;
use crate::model::picture::PictureError;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::ret::Ret;
use crate::model::seed::LocalId;
use crate::model::source_error::SourceError;
use crate::model::step::Step;
use crate::model::transport_error::TransportError;
use crate::model::uploaded::Uploaded;

/// Why a job did not end as it should: the step, the cause, what was already won, and what to do
/// about it.
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
    pub kind: ErrorKind,
    /// An upload that is already won. If the message was [not sent](Outcome::NotSent), send with it
    /// again: there is no need to upload anew. If its fate is [unknown](Outcome::Unknown), a new
    /// message may be a second one.
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

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The session or the input does not allow it; nothing was sent.
    Request(RequestError),
    /// The file cannot be sent as a picture; nothing was sent.
    Media(PictureError),
    /// An answer that cannot be used, a refusal by the server among them.
    Reply(ReplyError),
    /// The network failed, at the last of this many tries.
    Network {
        /// How the last try ended.
        failure: TransportError,
        /// How many tries there were.
        tries: u32,
    },
    /// The message may or may not have been delivered.
    Uncertain {
        /// How the last try ended, if that is known. If the server refused it, an earlier one may
        /// have been accepted all the same.
        last: Option<Box<ErrorKind>>,
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
    Source(SourceError),
}

/// What has become of the message, in the one question that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Certainly not sent. To try again is safe.
    NotSent,
    /// Perhaps sent. To try again may send it twice.
    Unknown,
}

impl Error {
    /// An error at a step, with nothing won yet.
    pub fn new(step: Step, kind: impl Into<ErrorKind>) -> Self {
        Self { step, chunk: None, kind: kind.into(), uploaded: None, local_id: None }
    }

    /// The step in words. `None` if the kind says it all: nothing was done yet, or the message may
    /// have been sent.
    fn what_failed(&self) -> Option<&'static str> {
        if self.outcome() == Outcome::Unknown {
            return None;
        }
        Some(match self.step {
            Step::Prepare => return None,
            Step::Digest => "the picture could not be read",
            Step::Report => "the report could not be sent",
            Step::Check => "the upload could not be checked",
            Step::Upload => "the picture could not be uploaded",
            Step::Message => "the message could not be sent",
            Step::Download => "the picture could not be fetched",
            Step::Login => "the login failed",
            Step::Init => "the session could not be started",
            Step::Sync => "the messages could not be fetched",
            Step::Contacts => "the contacts could not be listed",
            Step::Logout => "the logout failed",
        })
    }

    pub(crate) fn at(mut self, chunk: ChunkNumber) -> Self {
        self.chunk = Some(chunk);
        self
    }

    /// What has become of the message. For jobs without one it is always [`Outcome::NotSent`].
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if matches!(self.kind, ErrorKind::Uncertain { .. }) {
            Outcome::Unknown
        } else {
            Outcome::NotSent
        }
    }

    /// The server's verdict, if it gave one; of several tries the last one's.
    #[must_use]
    pub fn ret(&self) -> Option<Ret> {
        self.kind.ret()
    }

    /// Displays this error with all its causes, in one line.
    #[must_use]
    pub fn chain(&self) -> ErrorChain<'_> {
        ErrorChain(self)
    }

    /// Whether the same job may succeed when it is run again later, without anything else being
    /// done: the server or the network had trouble, and no message is in doubt.
    ///
    /// The core has already repeated what may be repeated at once, so wait for minutes rather than
    /// seconds. `false` for a rate limit, which takes hours, and for a job that was cancelled.
    ///
    /// ```
    /// use wx_proto::{Advice, Error, ReplyError, Ret, Step};
    ///
    /// fn next(error: &Error) -> &'static str {
    ///     if error.is_rate_limited() {
    ///         "pause for hours"
    ///     } else if error.is_logged_out() {
    ///         "log in again"
    ///     } else if error.is_retryable() {
    ///         "run the job again in some minutes"
    ///     } else {
    ///         "ask somebody"
    ///     }
    /// }
    ///
    /// let refused = |code| ReplyError::Refused { ret: Ret(code), message: String::new() };
    /// assert_eq!(next(&Error::new(Step::Message, refused(1205))), "pause for hours");
    /// assert_eq!(next(&Error::new(Step::Message, refused(1101))), "log in again");
    /// let trouble = Error::new(Step::Upload, ReplyError::Status(503));
    /// assert_eq!(next(&trouble), "run the job again in some minutes");
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.advice(), Advice::RetryLater | Advice::CheckNetwork)
            && !matches!(self.kind, ErrorKind::Cancelled | ErrorKind::Request(_))
    }

    /// Whether the account sends too often: Ret 1205. Other jobs of it had better wait too.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.advice() == Advice::Wait
    }

    /// Whether the login is over or never came about, so that nothing works before a new one.
    #[must_use]
    pub fn is_logged_out(&self) -> bool {
        matches!(self.advice(), Advice::LoginAgain | Advice::SetClock)
    }

    /// What to do next.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match &self.kind {
            ErrorKind::Request(error) => error.advice(),
            ErrorKind::NotConfirmed { .. } => Advice::LoginAgain,
            ErrorKind::Host(_) => Advice::CheckProxy,
            ErrorKind::Media(PictureError::TooLarge { .. }) => Advice::RaiseLimit,
            ErrorKind::Media(_)
            | ErrorKind::Changed
            | ErrorKind::OtherPicture
            | ErrorKind::SourceEnded { .. } => Advice::CheckFile,
            ErrorKind::Source(error) => error.advice(),
            ErrorKind::Network { failure, .. } => failure.advice(),
            ErrorKind::Uncertain { .. } => Advice::LookAtPhone,
            ErrorKind::Cancelled => Advice::RetryLater,
            ErrorKind::Reply(reply) => reply.advice(self.step),
        }
    }
}

impl ErrorKind {
    /// The error inside, if this kind says no more than that.
    fn payload(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Media(error) => Some(error),
            Self::Reply(error) => Some(error),
            Self::Host(error) => Some(error),
            Self::Source(error) => Some(error),
            Self::Network { failure, tries: 0 | 1 } => Some(failure),
            _ => None,
        }
    }

    /// What a chain of errors goes on with.
    fn link(&self) -> &(dyn std::error::Error + 'static) {
        self.payload().unwrap_or(self)
    }

    fn ret(&self) -> Option<Ret> {
        match self {
            Self::Reply(ReplyError::Refused { ret, .. }) => Some(*ret),
            Self::Uncertain { last: Some(last), .. } => last.ret(),
            _ => None,
        }
    }
}

impl From<RequestError> for ErrorKind {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<PictureError> for ErrorKind {
    fn from(error: PictureError) -> Self {
        Self::Media(error)
    }
}

impl From<ReplyError> for ErrorKind {
    fn from(error: ReplyError) -> Self {
        Self::Reply(error)
    }
}

impl From<SourceError> for ErrorKind {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        Self::new(Step::Prepare, error)
    }
}

impl From<PictureError> for Error {
    fn from(error: PictureError) -> Self {
        Self::new(Step::Prepare, error)
    }
}

/// Says what failed. Why it did is the source: print the whole [chain](Error::chain).
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.what_failed(), self.step, self.chunk) {
            (None, ..) => self.kind.fmt(f),
            (_, Step::Upload, Some(chunk)) => {
                write!(f, "chunk {} of {} could not be uploaded", chunk.index + 1, chunk.of)
            }
            (Some(text), ..) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self.what_failed() {
            None => self.kind.source(),
            Some(_) => Some(self.kind.link()),
        }
    }
}

/// A kind with a payload says what that says, and has its source.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Media(error) => error.fmt(f),
            Self::Reply(error) => error.fmt(f),
            Self::Host(error) => error.fmt(f),
            Self::Source(error) => error.fmt(f),
            Self::Network { failure, tries: 0 | 1 } => failure.fmt(f),
            Self::Network { tries, .. } => write!(f, "there was no usable reply in {tries} tries"),
            Self::Uncertain { last: Some(last), .. } if last.ret().is_some() => {
                f.write_str("the message may have been delivered by an earlier try")
            }
            Self::Uncertain { tries: 0 | 1, .. } => {
                f.write_str("the message may have been delivered")
            }
            Self::Uncertain { tries, .. } => {
                write!(f, "the message may have been delivered by one of {tries} tries")
            }
            Self::NotConfirmed { codes } => {
                write!(f, "none of {codes} codes and prompts was confirmed on the phone")
            }
            Self::Cancelled => f.write_str("the job was cancelled"),
            Self::Changed => f.write_str("the file changed while it was being sent"),
            Self::OtherPicture => f.write_str("the message was begun with another file"),
            Self::SourceEnded { expected, got } => write!(
                f,
                "the file ended after {got} of {expected} bytes: it got shorter while it was being \
                 sent"
            ),
        }
    }
}

impl std::error::Error for ErrorKind {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Network { failure, tries: 2.. } => Some(failure),
            Self::Uncertain { last, .. } => last.as_ref().map(|last| last.link()),
            payload => payload.payload()?.source(),
        }
    }
}
