use std::fmt;

use crate::model::advice::Advice;
use crate::model::error_chain::ErrorChain;
use crate::model::hosts::HostError;
use crate::model::ids::LocalId;
use crate::model::media::MediaError;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::ret::Ret;
use crate::model::source_error::SourceError;
use crate::model::step::Step;
use crate::model::transport_error::{Delivery, TransportError};
use crate::model::uploaded::Uploaded;

/// The error of a job: the step that failed, why it failed, and the results so far.
///
/// `Display` says what failed in one line, and the [source](std::error::Error::source) says why.
/// Use [`chain`](Self::chain) to print both. Neither shows a URL or a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Error {
    /// The step that failed.
    pub step: Step,
    /// The chunk that was being uploaded.
    pub chunk: Option<ChunkNumber>,
    /// Why the step failed.
    pub kind: ErrorKind,
    /// The completed upload, if there is one. If the message was [not sent](Outcome::NotSent), it
    /// can be sent with this upload. If the outcome is [unknown](Outcome::Unknown), a new message
    /// may be a duplicate.
    pub uploaded: Option<Box<Uploaded>>,
    /// The id of the message, if it has [left](crate::flow#the-contract).
    pub local_id: Option<LocalId>,
}

/// The position of a chunk in its upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkNumber {
    /// The index of the chunk, from 0.
    pub index: u32,
    /// The number of chunks.
    pub of: u32,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request could not be made; nothing was sent.
    Request(RequestError),
    /// The file cannot be sent; nothing was sent.
    Media(MediaError),
    /// The reply cannot be used, or the server refused the request.
    Reply(ReplyError),
    /// The last try failed because of the network.
    Network {
        /// The error of the last try.
        error: TransportError,
        /// The number of tries.
        tries: u32,
    },
    /// The message may have been delivered.
    Uncertain {
        /// The error of the last try, if it is known. Even if the server refused that try, it may
        /// have accepted an earlier one.
        last: Option<Box<ErrorKind>>,
        /// The number of tries.
        tries: u32,
    },
    /// The login page is on a host that does not belong to web WeChat.
    Host(HostError),
    /// The login was never confirmed.
    NotConfirmed {
        /// Number of QR codes and push prompts shown.
        codes: u32,
    },
    /// The caller cancelled the job.
    Cancelled,
    /// The session now has another login, or none. A job belongs to the login that it began in:
    /// start it again.
    LoginChanged,
    /// The file changed while it was being sent.
    Changed,
    /// The upload to resume was begun with another file.
    OtherMedia,
    /// The file got shorter while it was being sent.
    SourceEnded {
        /// The length in bytes when the job began.
        expected: u64,
        /// The length in bytes that was found.
        got: u64,
    },
    /// The caller's source or sink failed.
    Source(SourceError),
}

/// Whether the message may have been delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The message was not sent, or the call was not executed. It is safe to try again.
    NotSent,
    /// The message may have been delivered, or the call executed. Another try may duplicate it.
    Unknown,
}

impl Error {
    /// Creates an error of `step`, without a completed upload.
    pub fn new(step: Step, kind: impl Into<ErrorKind>) -> Self {
        Self { step, chunk: None, kind: kind.into(), uploaded: None, local_id: None }
    }

    /// Describes the failed step. Returns `None` if the kind says everything: either nothing was
    /// done yet, or the message may have been delivered.
    fn what_failed(&self) -> Option<&'static str> {
        if matches!(self.kind, ErrorKind::Uncertain { .. }) {
            return None;
        }
        Some(match self.step {
            Step::Prepare => return None,
            Step::Digest => "the file could not be read",
            Step::Report => "the report could not be sent",
            Step::Check => "the upload could not be checked",
            Step::Upload => "the file could not be uploaded",
            Step::Message => "the message could not be sent",
            Step::Download => "the download failed",
            Step::Login => "the login failed",
            Step::Init => "the session could not be started",
            Step::Sync => "the messages could not be fetched",
            Step::Contacts => "the contacts could not be listed",
            Step::Logout => "the logout failed",
            Step::Call => "the call failed",
        })
    }

    pub(crate) fn at(mut self, chunk: ChunkNumber) -> Self {
        self.chunk = Some(chunk);
        self
    }

    /// Returns whether the message may have been delivered; for a [custom
    /// call](crate::flow::OneCall), whether the server may have executed it. Always
    /// [`Outcome::NotSent`] for other jobs that send no message.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let is_unknown = match (&self.kind, self.step) {
            (ErrorKind::Uncertain { .. }, _) => true,
            (ErrorKind::Network { error, tries: 0 | 1 }, Step::Call) => {
                error.delivery == Delivery::Unknown
            }
            // The server refused, or nothing was sent.
            (
                ErrorKind::Reply(ReplyError::Refused { .. })
                | ErrorKind::Request(_)
                | ErrorKind::Host(_),
                Step::Call,
            ) => false,
            (_, step) => step == Step::Call,
        };
        if is_unknown { Outcome::Unknown } else { Outcome::NotSent }
    }

    /// Returns the `Ret` of the server's refusal, if the last try was refused.
    #[must_use]
    pub fn ret(&self) -> Option<Ret> {
        self.kind.ret()
    }

    /// Returns a [`Display`](fmt::Display) of this error and its sources, in one line.
    #[must_use]
    pub fn chain(&self) -> ErrorChain<'_> {
        ErrorChain(self)
    }

    /// Returns whether the same job may succeed later: the server or the network had a problem, and
    /// the message was not sent.
    ///
    /// Each request has been retried already, so wait for minutes rather than seconds. Rate limits
    /// are not included, because they last for hours; neither are jobs that were cancelled or whose
    /// login was replaced ([`Advice::BeginAgain`]).
    ///
    /// An error is retryable if and only if its [advice](Self::advice) is [`Advice::RetryLater`] or
    /// [`Advice::CheckNetwork`] and its [outcome](Self::outcome) is [`Outcome::NotSent`].
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
    /// let busy = Error::new(Step::Upload, ReplyError::Status(503));
    /// assert_eq!(next(&busy), "run the job again in some minutes");
    /// ```
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.advice(), Advice::RetryLater | Advice::CheckNetwork)
            && self.outcome() == Outcome::NotSent
    }

    /// Returns whether the server limits the rate of this account (Ret 1205). Pause its other jobs
    /// too.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.advice() == Advice::Wait
    }

    /// Returns whether the login is over or was never completed. Nothing works until the account
    /// has logged in again.
    #[must_use]
    pub fn is_logged_out(&self) -> bool {
        matches!(self.advice(), Advice::LoginAgain | Advice::SetClock)
    }

    /// Returns what to do next.
    #[must_use]
    pub fn advice(&self) -> Advice {
        // Some custom calls must not be made twice.
        if self.step == Step::Call && self.outcome() == Outcome::Unknown {
            return Advice::LookAtPhone;
        }
        match &self.kind {
            ErrorKind::Request(error) => error.advice(),
            ErrorKind::NotConfirmed { .. } => Advice::LoginAgain,
            ErrorKind::Host(_) => Advice::CheckProxy,
            ErrorKind::Media(MediaError::TooLarge { .. } | MediaError::TooLargeForKind { .. }) => {
                Advice::RaiseLimit
            }
            ErrorKind::Media(_)
            | ErrorKind::Changed
            | ErrorKind::OtherMedia
            | ErrorKind::SourceEnded { .. } => Advice::CheckFile,
            ErrorKind::Source(error) => error.advice(),
            ErrorKind::Network { error, .. } => error.advice(),
            ErrorKind::Uncertain { .. } => Advice::LookAtPhone,
            ErrorKind::Cancelled | ErrorKind::LoginChanged => Advice::BeginAgain,
            ErrorKind::Reply(reply) => reply.advice(self.step),
        }
    }
}

impl ErrorKind {
    /// Returns the inner error, if this kind only wraps it.
    fn payload(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Request(error) => Some(error),
            Self::Media(error) => Some(error),
            Self::Reply(error) => Some(error),
            Self::Host(error) => Some(error),
            Self::Source(error) => Some(error),
            Self::Network { error, tries: 0 | 1 } => Some(error),
            _ => None,
        }
    }

    /// Returns the next error of a chain.
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

impl From<MediaError> for ErrorKind {
    fn from(error: MediaError) -> Self {
        Self::Media(error)
    }
}

impl From<ReplyError> for ErrorKind {
    fn from(error: ReplyError) -> Self {
        Self::Reply(error)
    }
}

impl From<HostError> for ErrorKind {
    fn from(error: HostError) -> Self {
        Self::Host(error)
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

impl From<MediaError> for Error {
    fn from(error: MediaError) -> Self {
        Self::new(Step::Prepare, error)
    }
}

/// Shows what failed. The source shows why: print the whole [chain](Error::chain).
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

/// A kind that wraps another error has that error's text and source.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Media(error) => error.fmt(f),
            Self::Reply(error) => error.fmt(f),
            Self::Host(error) => error.fmt(f),
            Self::Source(error) => error.fmt(f),
            Self::Network { error, tries: 0 | 1 } => error.fmt(f),
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
                write!(
                    f,
                    "the login was not confirmed on the phone (QR codes and prompts shown: {codes})"
                )
            }
            Self::Cancelled => f.write_str("the job was cancelled"),
            Self::LoginChanged => {
                f.write_str("the login that the job began in has ended or was replaced by another")
            }
            Self::Changed => f.write_str("the file changed while it was being sent"),
            Self::OtherMedia => f.write_str("the message was begun with another file"),
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
            Self::Network { error, tries: 2.. } => Some(error),
            Self::Uncertain { last, .. } => last.as_ref().map(|last| last.link()),
            payload => payload.payload()?.source(),
        }
    }
}
