//! Why a reply cannot be used.

use std::fmt;

use super::advice::Advice;
use super::first_bytes::FirstBytes;
use super::ret::{Ret, RetClass};
use super::step::Step;

/// Why an answer cannot be used. Ordered as the gate checks.
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
    /// A Content-Encoding other than gzip, or gzip that is broken.
    Encoding(String),
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
    /// JSON without `BaseResponse.Ret`, or with fields of the wrong type.
    NoRet,
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
    /// An answer without something it must have.
    Missing(&'static str),
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
            Self::Redirect { status, host: Some(host) } => {
                write!(f, "the server answered with a redirect ({status}) to {host:?}, which is not followed")
            }
            Self::Redirect { status, host: None } => {
                write!(f, "the server answered with a redirect ({status}), which is not followed")
            }
            Self::Status(204) => f.write_str("the server answered that it has nothing (204)"),
            Self::Status(304) => {
                f.write_str("the server answered that nothing has changed (304), which it was not asked")
            }
            Self::Status(429) => f.write_str("the server answered that there were too many requests (429)"),
            Self::Status(206) => f.write_str("the server answered with a part only (206)"),
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::TooLarge { limit } => write!(f, "the answer is larger than the limit of {limit} bytes"),
            Self::Empty => f.write_str("the answer is empty"),
            Self::Cut { expected: Some(expected), got } => {
                write!(f, "the answer was cut off: {got} of {expected} bytes")
            }
            Self::Cut { expected: None, got } => {
                write!(f, "the answer's compressed stream does not end as it should after {got} bytes")
            }
            Self::NoLength => {
                f.write_str("the answer does not say its length, so a cut-off picture could not be told")
            }
            Self::Encoding(what) => write!(f, "the answer's encoding cannot be read ({what})"),
            Self::Html => f.write_str("the server answered with a web page"),
            Self::NotJson => f.write_str("the answer is not JSON"),
            Self::CutJson => f.write_str("the answer was cut off in the middle of its JSON"),
            Self::Json => f.write_str("the server answered with JSON, not with a picture"),
            Self::NotAPicture { first } => {
                write!(f, "the answer is not a picture of a known format; it begins with {first}")
            }
            Self::NoRet => f.write_str(
                "the answer has no BaseResponse with a Ret, or another field is not as it should be",
            ),
            Self::Refused { ret, message } if message.is_empty() => write!(f, "the server refused it: {ret}"),
            Self::Refused { ret, message } => write!(f, "the server refused it: {ret}: {message}"),
            Self::Code(code) => write!(f, "the server answered with code {code}"),
            Self::Missing(what) => write!(f, "the answer has no {what}"),
            Self::NoDataTicket { expired: false } => {
                f.write_str("the login page gave no valid cookie webwx_data_ticket")
            }
            Self::NoDataTicket { expired: true } => f.write_str(
                "by this computer's clock the login page's cookie webwx_data_ticket has expired already",
            ),
            Self::NoMediaId => f.write_str("the server took the last chunk but gave no MediaId"),
            Self::NoMsgId => f.write_str("the server gave no MsgID"),
            Self::Assembled { expected, got } => {
                write!(f, "the server put {got} bytes together, not {expected}")
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
