use std::fmt;

use crate::model::advice::Advice;
use crate::model::hosts::HostError;
use crate::model::ids::LocalId;
use crate::model::picture::PictureError;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::ret::Ret;
use crate::model::source_error::SourceError;
use crate::model::step::Step;
use crate::model::transport_error::{TransportError, TransportErrorKind};
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

    /// What to do next.
    #[must_use]
    pub fn advice(&self) -> Advice {
        match &self.kind {
            ErrorKind::Request(RequestError::Unsendable(_)) => Advice::Report,
            ErrorKind::Request(RequestError::InitDue) => Advice::RetryLater,
            ErrorKind::Request(_) | ErrorKind::NotConfirmed { .. } => Advice::LoginAgain,
            ErrorKind::Host(_) => Advice::CheckProxy,
            ErrorKind::Media(PictureError::TooLarge { .. }) => Advice::RaiseLimit,
            ErrorKind::Media(_)
            | ErrorKind::Changed
            | ErrorKind::OtherPicture
            | ErrorKind::SourceEnded { .. } => Advice::CheckFile,
            ErrorKind::Source(error) => error.advice(),
            ErrorKind::Network { failure, .. } => match failure.kind {
                TransportErrorKind::Proxy(_) | TransportErrorKind::Certificate(_) => {
                    Advice::CheckProxy
                }
                _ => Advice::CheckNetwork,
            },
            ErrorKind::Uncertain { .. } => Advice::LookAtPhone,
            ErrorKind::Cancelled => Advice::RetryLater,
            ErrorKind::Reply(reply) => reply.advice(self.step),
        }
    }
}

impl ErrorKind {
    fn ret(&self) -> Option<Ret> {
        match self {
            Self::Reply(ReplyError::Refused { ret, .. }) => Some(*ret),
            Self::Uncertain { last: Some(last), .. } => last.ret(),
            _ => None,
        }
    }
}

impl From<RequestError> for ErrorKind {
    fn from(unready: RequestError) -> Self {
        Self::Request(unready)
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
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Request(error) => Some(error),
            ErrorKind::Media(error) => Some(error),
            ErrorKind::Reply(error) => Some(error),
            ErrorKind::Source(error) => Some(error),
            ErrorKind::Host(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(error) => error.fmt(f),
            Self::Media(error) => error.fmt(f),
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
            Self::NotConfirmed { codes } => {
                write!(f, "none of {codes} codes was confirmed on the phone")
            }
            Self::Cancelled => f.write_str("cancelled"),
            Self::Changed => f.write_str("the file changed while it was being sent"),
            Self::OtherPicture => f.write_str("the message was begun with another file"),
            Self::SourceEnded { expected, got } => {
                write!(
                    f,
                    "the file ended after {got} of {expected} bytes: it got shorter while it was being sent"
                )
            }
            Self::Source(error) => error.fmt(f),
        }
    }
}
