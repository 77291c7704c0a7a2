//! Why a reply cannot be used.

use std::fmt;

use super::advice::Advice;
use super::fields::ReplyField;
use super::first_bytes::FirstBytes;
use super::ret::{Ret, RetClass};
use super::step::Step;

/// Why a reply cannot be used, in the order in which the checks are made.
///
/// Values that a server sent are shown only where they cannot hold a secret of the login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// A redirect. Redirects are never followed, because requests hold secrets.
    Redirect {
        /// The status.
        status: u16,
        /// The host that it names, if that could be read. Labels of eight or more characters are
        /// left out.
        host: Option<String>,
    },
    /// Any other status that is not a success. For an image, 206 is not a success either.
    Status(u16),
    /// The reply is larger than a limit of [`Policy`](crate::Policy).
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The reply has no bytes.
    Empty,
    /// The reply has another length than announced.
    Truncated {
        /// The Content-Length; `None` if it was a compressed stream that ended early.
        expected: Option<u64>,
        /// The number of bytes received.
        got: u64,
    },
    /// The image has neither a Content-Length nor chunked encoding, so a truncated one could not be
    /// detected.
    NoLength,
    /// The reply has this Content-Encoding, which is not gzip. Runs of eight or more ASCII
    /// characters are left out.
    Encoding(String),
    /// The reply is not valid gzip, though its Content-Encoding says so.
    CorruptGzip,
    /// The reply is a web page.
    Html,
    /// The reply is neither JSON, which was expected, nor a web page.
    NotJson,
    /// The reply is truncated JSON.
    TruncatedJson,
    /// The reply is JSON instead of an image.
    Json,
    /// The reply is not an image in a known format, nor anything else that is known.
    NotAnImage {
        /// Its first bytes.
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
        /// The server's message, which is mostly empty. Runs of eight or more ASCII characters are
        /// left out, because a server can send back any secret of the login.
        message: String,
    },
    /// A call of the login replied with a code that is not a success.
    Code(i64),
    /// A required field is missing or not valid.
    Missing(ReplyField),
    /// Login pages led to other login pages too many times.
    LoginPageLoop,
    /// The login page set no valid cookie `webwx_data_ticket`, without which nothing can be
    /// uploaded. The login does not count.
    NoDataTicket {
        /// Whether it set one that has already expired by the clock of this computer, because the
        /// server did not send its time. In that case the clock is wrong.
        expired: bool,
    },
    /// The last chunk was accepted without the MediaId that its reply must have
    /// ([P36](crate::protocol#p36)).
    NoMediaId,
    /// The message was accepted without a MsgID ([P45](crate::protocol#p45)).
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
                "the server answered that nothing has changed (304), which was not asked for",
            ),
            Self::Status(429) => {
                f.write_str("the server answered that there were too many requests (429)")
            }
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::TooLarge { limit } => {
                write!(f, "the response is larger than the limit of {limit} bytes")
            }
            Self::Empty => f.write_str("the response is empty"),
            Self::Truncated { expected: Some(expected), got } => {
                write!(f, "the response was truncated after {got} of {expected} bytes")
            }
            Self::Truncated { expected: None, got } => {
                write!(f, "the compressed response was truncated after {got} bytes")
            }
            Self::NoLength => f.write_str(
                "the response has no Content-Length, so a truncated image could not be detected",
            ),
            Self::Encoding(name) => {
                write!(f, "the response has the Content-Encoding {name:?}, which is not supported")
            }
            Self::CorruptGzip => f.write_str("the response is not valid gzip"),
            Self::Html => f.write_str("the server answered with a web page"),
            Self::NotJson => f.write_str("the response is not JSON"),
            Self::TruncatedJson => f.write_str("the JSON of the response is truncated"),
            Self::Json => f.write_str("the server answered with JSON instead of a picture"),
            Self::NotAnImage { first } => {
                write!(f, "the response is not a picture in a known format; it begins with {first}")
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
            Self::LoginPageLoop => f.write_str("the login pages led to one another too many times"),
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
                write!(f, "the server assembled {got} bytes of a picture that has {expected}")
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
