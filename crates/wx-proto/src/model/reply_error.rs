//! Why a reply cannot be used.

use std::fmt;

use super::advice::Advice;
use super::fields::ReplyField;
use super::first_bytes::FirstBytes;
use super::recording_format::RecordingFormat;
use super::ret::{Ret, RetClass};
use super::step::Step;

/// Why a reply cannot be used. The variants are in the order of the checks.
///
/// Text that the server sent is shown only where it cannot contain a secret of the login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// A redirect. Redirects are never followed, because requests contain secrets.
    Redirect {
        /// The status.
        status: u16,
        /// The host in its `Location`, if it can be parsed. Labels of eight or more characters are
        /// left out.
        host: Option<String>,
    },
    /// Any other status that is not a success. A 206 is not one either, unless it is the whole of a
    /// video or a voice message.
    Status(u16),
    /// The reply is larger than a limit of [`Policy`](crate::Policy).
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The body of the reply is empty.
    Empty,
    /// The body of the reply is empty, and the message of the file says that the file has 0 bytes.
    /// Whether the server has an empty file is unknown ([P76](crate::protocol#p76)).
    EmptyFile,
    /// The reply has another length than announced, by its head or by the message of a file.
    Truncated {
        /// The announced length; `None` if it was a compressed stream that ended early.
        expected: Option<u64>,
        /// The number of bytes received.
        got: u64,
    },
    /// The media has neither a Content-Length nor chunked encoding, so a truncated one could not be
    /// detected.
    NoLength,
    /// The reply has this Content-Encoding, which is not gzip. Runs of eight or more ASCII
    /// characters are left out.
    Encoding(String),
    /// The Content-Encoding is gzip, but the body is not valid gzip.
    CorruptGzip,
    /// The reply is a web page.
    Html,
    /// JSON was expected, but the reply is neither JSON nor a web page.
    NotJson,
    /// The reply is truncated JSON.
    TruncatedJson,
    /// The reply is JSON instead of the media.
    Json,
    /// The reply is neither an image in a known format nor a web page or JSON.
    NotAnImage {
        /// The first bytes of the reply.
        first: FirstBytes,
    },
    /// The reply is neither a recording in the format of the server nor a web page or JSON.
    NotARecording {
        /// The expected format.
        expected: RecordingFormat,
        /// The first bytes of the reply.
        first: FirstBytes,
    },
    /// The reply has no `BaseResponse.Ret`.
    NoRet,
    /// A field of an accepted reply is missing or has the wrong type.
    InvalidField,
    /// The server refused the request.
    Refused {
        /// The code.
        ret: Ret,
        /// The server's message, which is usually empty. Runs of eight or more ASCII characters are
        /// left out, because a server can send back any secret of the login.
        message: String,
    },
    /// The reply to a login call has an unsuccessful code.
    Code(i64),
    /// A required field is missing or not valid.
    Missing(ReplyField),
    /// Login pages redirected to other login pages too many times.
    LoginPageLoop,
    /// The login page did not set a valid cookie `webwx_data_ticket`, which uploads require. The
    /// login counts as failed.
    NoDataTicket {
        /// Whether the cookie has already expired by the clock of this computer. In that case, the
        /// clock is wrong: the server did not send its time, so only this clock could be used.
        expired: bool,
    },
    /// The last chunk was accepted, but the reply has no MediaId ([P36](crate::protocol#p36)).
    NoMediaId,
    /// The message was accepted, but the reply has no MsgID ([P45](crate::protocol#p45)).
    NoMsgId,
    /// After a chunk was repeated, the server assembled a wrong number of bytes, and did so again
    /// when the upload started over.
    Assembled {
        /// The length of the media in bytes.
        expected: u64,
        /// The number of bytes that the server reports.
        got: u64,
    },
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirect { status, host: Some(host) } => write!(
                f,
                "the server answered with a redirect ({status}) to {host:?}, which is not followed"
            ),
            Self::Redirect { status, host: None } => {
                write!(f, "the server answered with a redirect ({status}), which is not followed")
            }
            Self::Status(204) => f.write_str("the server answered that there is no content (204)"),
            Self::Status(206) => f.write_str("the server answered with only a part (206)"),
            Self::Status(304) => f.write_str(
                "the server answered that nothing has changed (304), although the request was \
                 unconditional",
            ),
            Self::Status(429) => {
                f.write_str("the server answered that there were too many requests (429)")
            }
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::TooLarge { limit } => {
                write!(f, "the response is larger than the limit of {limit} bytes")
            }
            Self::Empty => f.write_str("the response is empty"),
            Self::EmptyFile => {
                f.write_str("the message announces a file of 0 bytes, and the response is empty")
            }
            Self::Truncated { expected: Some(expected), got } if got > expected => {
                write!(f, "the response has {got} bytes instead of {expected}")
            }
            Self::Truncated { expected: Some(expected), got } => {
                write!(f, "the response was truncated after {got} of {expected} bytes")
            }
            Self::Truncated { expected: None, got } => {
                write!(f, "the compressed response was truncated after {got} bytes")
            }
            Self::NoLength => f.write_str(
                "the response has no Content-Length, so a truncated one could not be detected",
            ),
            Self::Encoding(name) => {
                write!(f, "the response has the Content-Encoding {name:?}, which is not supported")
            }
            Self::CorruptGzip => f.write_str("the response is not valid gzip"),
            Self::Html => f.write_str("the server answered with a web page"),
            Self::NotJson => f.write_str("the response is not JSON"),
            Self::TruncatedJson => f.write_str("the JSON of the response is truncated"),
            Self::Json => f.write_str("the server answered with JSON instead of the media"),
            Self::NotAnImage { first } => {
                write!(f, "the response is not an image in a known format; it begins with {first}")
            }
            Self::NotARecording { expected, first } => {
                write!(f, "the response is not an {expected}; it begins with {first}")
            }
            Self::NoRet => f.write_str("the response has no BaseResponse with a Ret"),
            Self::InvalidField => {
                f.write_str("a field of the response is missing or has the wrong type")
            }
            Self::Refused { ret, message } if message.is_empty() => {
                write!(f, "the server refused the request: {ret}")
            }
            Self::Refused { ret, message } => {
                write!(f, "the server refused the request: {ret}: {message}")
            }
            Self::Code(code) => write!(f, "the server answered with code {code}"),
            Self::Missing(field) => write!(f, "the response has no valid {:?}", field.name()),
            Self::LoginPageLoop => {
                f.write_str("the login pages redirected to one another too many times")
            }
            Self::NoDataTicket { expired: false } => {
                f.write_str("the login page set no valid cookie webwx_data_ticket")
            }
            Self::NoDataTicket { expired: true } => f.write_str(
                "the login page's cookie webwx_data_ticket has already expired by this computer's \
                 clock",
            ),
            Self::NoMediaId => {
                f.write_str("the server accepted the last chunk but returned no MediaId")
            }
            Self::NoMsgId => f.write_str("the server accepted the message but returned no MsgID"),
            Self::Assembled { expected, got } => {
                write!(f, "the server assembled {got} bytes of a file that has {expected}")
            }
        }
    }
}

impl std::error::Error for ReplyError {}

impl ReplyError {
    /// Returns what to do about this error, which occurred at `step`.
    pub(crate) fn advice(&self, step: Step) -> Advice {
        match self {
            Self::Refused { ret, .. } => match ret.class() {
                RetClass::LoginAgain => Advice::LoginAgain,
                RetClass::RateLimited => Advice::Wait,
                RetClass::Transient => Advice::RetryLater,
                _ if ret.0 == 1203 => Advice::UseFileHelper,
                _ if ret.0 == 1204 => Advice::CheckRecipient,
                _ => Advice::Report,
            },
            Self::TooLarge { .. } if step == Step::Download => Advice::RaiseLimit,
            Self::Empty if step == Step::Download => Advice::CheckMessage,
            Self::Redirect { .. }
            | Self::Html
            | Self::NotJson
            | Self::Encoding(_)
            | Self::CorruptGzip
            | Self::NoLength => Advice::CheckProxy,
            Self::EmptyFile => Advice::AskSender,
            Self::NoDataTicket { expired: true } => Advice::SetClock,
            Self::NoDataTicket { expired: false } => Advice::LoginAgain,
            Self::Status(204) if step == Step::Download => Advice::CheckMessage,
            Self::Status(304) => Advice::CheckProxy,
            Self::Status(408 | 425 | 429 | 500..=599) => Advice::RetryLater,
            Self::Empty | Self::Truncated { .. } | Self::TruncatedJson => Advice::RetryLater,
            _ => Advice::Report,
        }
    }
}
