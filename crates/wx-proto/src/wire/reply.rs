//! The one gate that every JSON answer passes: HTTP status, JSON whatever its Content-Type, Ret (P35, P37, P50).

use std::fmt;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::inflate::{self, InflateError};
use super::server_text::{self, FirstBytes};
use super::{lenient, repair, ret::Ret};

/// Why an answer cannot be used. Ordered as the gate checks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// A 3xx. It is never followed: the request holds secrets.
    Redirect {
        /// The status.
        status: u16,
        /// The host it points to, if that could be read. Labels of eight or more characters are left out.
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
        /// Bytes announced by Content-Length; `None` if it was a compressed stream that did not end well.
        expected: Option<u64>,
        /// Bytes that came.
        got: u64,
    },
    /// A picture that ends with the connection, with neither a Content-Length nor chunks: a truncated
    /// one could not be detected.
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
        /// Its own words, mostly empty. Runs of eight or more ASCII characters are left out: a server can
        /// send back any secret of the login.
        message: String,
    },
    /// A login call's code that is no success.
    Code(i64),
    /// An answer without something it must have.
    Missing(&'static str),
    /// A login page's values without a valid cookie `webwx_data_ticket`, which every upload needs: no login.
    NoDataTicket {
        /// Whether the page gave one that has expired by this computer's clock, which is all there is to
        /// go by if the server does not tell its time: the clock is wrong.
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

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "BaseResponse")]
    base: BaseResponse,
}

#[derive(Deserialize)]
struct BaseResponse {
    #[serde(rename = "Ret", deserialize_with = "lenient::signed")]
    ret: i64,
    #[serde(rename = "ErrMsg", default, deserialize_with = "lenient::optional_text")]
    message: String,
}

/// A reply whose envelope has been read, and nothing else yet.
pub(crate) struct Opened {
    pub(crate) ret: Ret,
    message: String,
    /// The JSON, repaired.
    json: Bytes,
}

impl Opened {
    /// The fields, if Ret is 0. Nothing of a refused answer is looked at, least of all its MediaId (P35, §7.2).
    pub(crate) fn accepted<T: DeserializeOwned>(self) -> Result<T, ReplyError> {
        if self.ret != Ret::OK {
            return Err(ReplyError::refused(self.ret.0, &self.message));
        }
        // The envelope could be read: a field is not what it should be.
        serde_json::from_slice(&self.json).map_err(|_| ReplyError::NoRet)
    }
}

/// The whole gate: status, then envelope, then Ret.
pub(crate) fn accepted<T: DeserializeOwned>(reply: &Response<Bytes>, cap: u64) -> Result<T, ReplyError> {
    status(reply.status(), reply.headers())?;
    open(reply, cap)?.accepted()
}

/// The HTTP status alone.
pub(crate) fn status(status: StatusCode, headers: &http::HeaderMap) -> Result<(), ReplyError> {
    // Of the others in the three hundreds, 304 is one, none leads anywhere.
    if let 301 | 302 | 303 | 307 | 308 = status.as_u16() {
        let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let host = location.and_then(|text| text.parse::<http::Uri>().ok()?.host().map(server_text::host));
        return Err(ReplyError::Redirect { status: status.as_u16(), host });
    }
    if status.is_success() { Ok(()) } else { Err(ReplyError::Status(status.as_u16())) }
}

/// Content-Length as a number, if the header is there and is one.
pub(crate) fn content_length(headers: &http::HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Whether the body is gzipped; any other encoding is an error (P37).
pub(crate) fn gzipped(headers: &http::HeaderMap) -> Result<bool, ReplyError> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(false) };
    match value.to_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Ok("" | "identity") => Ok(false),
        Ok("gzip" | "x-gzip") => Ok(true),
        Ok(other) => Err(ReplyError::Encoding(server_text::words(other))),
        Err(_) => Err(ReplyError::Encoding("unreadable".to_owned())),
    }
}

impl ReplyError {
    pub(crate) fn inflating(error: InflateError, cap: u64, got: u64) -> Self {
        match error {
            InflateError::Corrupt => Self::Encoding("broken gzip".to_owned()),
            InflateError::Unfinished => Self::Cut { expected: None, got },
            InflateError::TooLarge => Self::TooLarge { limit: cap },
        }
    }

    /// A refusal, with what can be shown of the server's words.
    pub(crate) fn refused(ret: i64, words: &str) -> Self {
        Self::Refused { ret: Ret(ret), message: server_text::words(words) }
    }

    /// A text in which `what` was not found.
    pub(crate) fn of_text(text: &str, what: &'static str) -> Self {
        let start = repair::trimmed(text.as_bytes());
        let is_page = |tag: &[u8]| start.len() >= tag.len() && start[..tag.len()].eq_ignore_ascii_case(tag);
        match start {
            [] => Self::Empty,
            _ if is_page(b"<!doctype") || is_page(b"<html") => Self::Html,
            _ => Self::Missing(what),
        }
    }

    /// What bytes that are no JSON object look like: the first that is not white space tells.
    pub(crate) fn of_page(body: &[u8]) -> Option<Self> {
        match repair::trimmed(body).first()? {
            b'<' => Some(Self::Html),
            b'{' | b'[' => Some(Self::Json),
            _ => None,
        }
    }
}

/// JSON in the place of a picture: the server's verdict, if it holds one that is no success.
pub(crate) fn verdict(body: &[u8]) -> ReplyError {
    let json = repair::json(&Bytes::copy_from_slice(body));
    let base = envelope(&json).ok().filter(|base| base.ret != 0);
    base.map_or(ReplyError::Json, |base| ReplyError::refused(base.ret, &base.message))
}

/// The envelope, whatever the status.
pub(crate) fn open(reply: &Response<Bytes>, cap: u64) -> Result<Opened, ReplyError> {
    let json = json(reply, cap)?;
    let BaseResponse { ret, message } = envelope(&json)?;
    Ok(Opened { ret: Ret(ret), message, json })
}

/// The gate for answers that are text: status, then the text.
pub(crate) fn text(reply: &Response<Bytes>, cap: u64) -> Result<String, ReplyError> {
    status(reply.status(), reply.headers())?;
    body_text(reply, cap)
}

/// The body as text, whatever the status. It is UTF-8, whatever the headers say (P59).
pub(crate) fn body_text(reply: &Response<Bytes>, cap: u64) -> Result<String, ReplyError> {
    let body = body(reply, cap)?;
    Ok(String::from_utf8_lossy(repair::trimmed(&body)).into_owned())
}

/// The body as JSON, whatever the status, with its strings repaired.
pub(crate) fn json(reply: &Response<Bytes>, cap: u64) -> Result<Bytes, ReplyError> {
    Ok(repair::json(&body(reply, cap)?))
}

/// The body's bytes, inflated, whole, and not empty.
fn body(reply: &Response<Bytes>, cap: u64) -> Result<Bytes, ReplyError> {
    let body = reply.body();
    let got = body.len() as u64;
    if got > cap {
        return Err(ReplyError::TooLarge { limit: cap });
    }
    if let Some(expected) = content_length(reply.headers()).filter(|expected| *expected != got) {
        return Err(ReplyError::Cut { expected: Some(expected), got });
    }
    if body.is_empty() {
        return Err(ReplyError::Empty);
    }
    if gzipped(reply.headers())? {
        let inflated = inflate::all(body.clone(), cap);
        Ok(inflated.map_err(|error| ReplyError::inflating(error, cap, got))?.into())
    } else {
        Ok(body.clone())
    }
}

/// The Ret of a reply that has one, whatever else it is.
pub(crate) fn ret(reply: &Response<Bytes>) -> Option<Ret> {
    open(reply, crate::endpoint::REPLY_LIMIT).ok().map(|opened| opened.ret)
}

fn envelope(body: &[u8]) -> Result<BaseResponse, ReplyError> {
    serde_json::from_slice(body).map(|Envelope { base }| base).map_err(|error| {
        match ReplyError::of_page(body) {
            Some(ReplyError::Html) => ReplyError::Html,
            Some(_) if error.is_eof() => ReplyError::CutJson,
            Some(_) if error.is_data() => ReplyError::NoRet,
            _ if body.is_empty() => ReplyError::Empty,
            _ => ReplyError::NotJson,
        }
    })
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
