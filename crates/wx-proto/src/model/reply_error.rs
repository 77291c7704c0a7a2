//! Why a reply cannot be used.

use std::fmt;

use super::advice::Advice;
use super::fields::ReplyField;
use super::first_bytes::FirstBytes;
use super::ret::{Ret, RetClass};
use super::step::Step;

/// Why a reply cannot be used. Ordered as the gate checks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// A 3xx. It is never followed: the request holds secrets.
    Redirect {
        /// The status.
        status: u16,
        /// The host it points to, if that could be read. Labels of eight or more characters are
        /// left out.
        host: Option<String>,
    },
    /// Any other status that is not a success; a 206 is one for pictures.
    Status(u16),
    /// Larger than a limit of [`Policy`](crate::Policy).
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// No bytes at all.
    Empty,
    /// Another length than announced.
    Cut {
        /// Bytes announced by Content-Length; `None` if it was a compressed stream that did not end
        /// well.
        expected: Option<u64>,
        /// Bytes that came.
        got: u64,
    },
    /// A picture that ends with the connection, with neither a Content-Length nor chunks: a
    /// truncated one could not be detected.
    NoLength,
    /// This Content-Encoding, which is not gzip. Runs of eight or more ASCII characters are left
    /// out.
    Encoding(String),
    /// A gzip stream that cannot be decompressed.
    CorruptGzip,
    /// A web page.
    Html,
    /// Neither JSON nor a web page, where JSON should be.
    NotJson,
    /// JSON that ends in the middle.
    CutJson,
    /// JSON in the place of a picture.
    Json,
    /// Neither a picture of a known format nor anything else known, where a picture should be.
    NotAPicture {
        /// How it begins.
        first: FirstBytes,
    },
    /// JSON without `BaseResponse.Ret`.
    NoRet,
    /// JSON with a `BaseResponse.Ret` of 0, and another field that is not what it should be.
    InvalidField,
    /// The server said no.
    Refused {
        /// Its code.
        ret: Ret,
        /// Its own words, mostly empty. Runs of eight or more ASCII characters are left out: a
        /// server can send back any secret of the login.
        message: String,
    },
    /// A login call's code that is no success.
    Code(i64),
    /// A reply without a field that it must have.
    Missing(ReplyField),
    /// A login page that names another login page once too often.
    LoginPageLoop,
    /// A login page's values without a valid cookie `webwx_data_ticket`, which every upload needs:
    /// no login.
    NoDataTicket {
        /// Whether the page gave one that has expired by this computer's clock, which is all there
        /// is to go by if the server does not tell its time: the clock is wrong.
        expired: bool,
    },
    /// Success, but without the MediaId that the last chunk's answer must have (P36).
    NoMediaId,
    /// Success, but without a MsgID (P45).
    NoMsgId,
    /// After a repeated chunk the server had put together another number of bytes, twice.
    Assembled {
        /// Bytes of the picture.
        expected: u64,
        /// Bytes that the server names.
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
                "the server answered that nothing has changed (304), which it was not asked",
            ),
            Self::Status(429) => {
                f.write_str("the server answered that there were too many requests (429)")
            }
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::TooLarge { limit } => {
                write!(f, "the response is larger than the limit of {limit} bytes")
            }
            Self::Empty => f.write_str("the response is empty"),
            Self::Cut { expected: Some(expected), got } => {
                write!(f, "the response was cut off after {got} of {expected} bytes")
            }
            Self::Cut { expected: None, got } => {
                write!(f, "the compressed response was cut off after {got} bytes")
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
            Self::CutJson => f.write_str("the response was cut off in the middle of its JSON"),
            Self::Json => f.write_str("the server answered with JSON instead of a picture"),
            Self::NotAPicture { first } => {
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
            Self::LoginPageLoop => {
                f.write_str("the login page leads to another login page again and again")
            }
            Self::NoDataTicket { expired: false } => {
                f.write_str("the login page gave no valid cookie webwx_data_ticket")
            }
            Self::NoDataTicket { expired: true } => f.write_str(
                "the login page's cookie webwx_data_ticket has already expired by this computer's \
                 clock",
            ),
            Self::NoMediaId => {
                f.write_str("the server accepted the last chunk but gave no MediaId")
            }
            Self::NoMsgId => f.write_str("the server accepted the message but gave no MsgID"),
            Self::Assembled { expected, got } => {
                write!(f, "the server assembled {got} bytes of a picture that has {expected}")
            }
        }
    }
}

impl std::error::Error for ReplyError {}

impl ReplyError {
    /// What to do next when it came at `step`.
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
            Self::Empty | Self::Cut { .. } | Self::CutJson => Advice::RetryLater,
            _ => Advice::Report,
        }
    }
}
