//! The checks of every JSON reply, in their order: the HTTP status, JSON (whatever its Content-Type
//! says), Ret ([P35](crate::protocol#p35), [P37](crate::protocol#p37), [P50](crate::protocol#p50)).

use bytes::Bytes;
use http::{Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::inflate::{self, InflateError};
use super::{lenient, repair, server_text};
use crate::model::fields::ReplyField;
use crate::model::reply_error::ReplyError;
use crate::model::ret::Ret;

/// The largest JSON reply that [`Endpoint::read`](crate::endpoint::Endpoint::read) accepts, in
/// bytes.
pub const REPLY_LIMIT: u64 = 1024 * 1024;

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

/// A reply of which only the envelope has been read.
pub(crate) struct Opened {
    pub(crate) ret: Ret,
    message: String,
    /// The repaired JSON.
    json: Bytes,
}

impl Opened {
    /// Returns the other fields, if Ret is 0. In a refusal they mean nothing, in particular the
    /// MediaId ([P35](crate::protocol#p35), [§7.2](crate::protocol#s7-2)).
    pub(crate) fn accepted<T: DeserializeOwned>(self) -> Result<T, ReplyError> {
        if self.ret != Ret::OK {
            return Err(ReplyError::refused(self.ret.0, &self.message));
        }
        // The envelope is valid JSON, so a field is missing or has the wrong type.
        serde_json::from_slice(&self.json).map_err(|_| ReplyError::InvalidField)
    }
}

/// Checks the status, the envelope and Ret, and then reads the other fields.
pub(crate) fn accepted<T: DeserializeOwned>(
    reply: &Response<Bytes>,
    cap: u64,
) -> Result<T, ReplyError> {
    status(reply.status(), reply.headers())?;
    open(reply, cap)?.accepted()
}

/// Checks the HTTP status only.
pub(crate) fn status(status: StatusCode, headers: &http::HeaderMap) -> Result<(), ReplyError> {
    // Other 3xx statuses, such as 304, are not redirects.
    if let 301 | 302 | 303 | 307 | 308 = status.as_u16() {
        let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let host =
            location.and_then(|text| text.parse::<http::Uri>().ok()?.host().map(server_text::host));
        return Err(ReplyError::Redirect { status: status.as_u16(), host });
    }
    if status.is_success() { Ok(()) } else { Err(ReplyError::Status(status.as_u16())) }
}

/// Returns the Content-Length, if there is a valid one.
pub(crate) fn content_length(headers: &http::HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Returns whether the body is gzipped. Any other encoding is an error
/// ([P37](crate::protocol#p37)).
pub(crate) fn gzipped(headers: &http::HeaderMap) -> Result<bool, ReplyError> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(false) };
    match value.to_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Ok("" | "identity") => Ok(false),
        Ok("gzip" | "x-gzip") => Ok(true),
        _ => {
            let name = String::from_utf8_lossy(value.as_bytes());
            Err(ReplyError::Encoding(server_text::message(&name.trim().to_ascii_lowercase())))
        }
    }
}

impl ReplyError {
    pub(crate) fn inflating(error: InflateError, cap: u64, got: u64) -> Self {
        match error {
            InflateError::Corrupt => Self::CorruptGzip,
            InflateError::Unfinished => Self::Truncated { expected: None, got },
            InflateError::TooLarge => Self::TooLarge { limit: cap },
        }
    }

    /// Creates a refusal with the showable part of the server's message.
    pub(crate) fn refused(ret: i64, words: &str) -> Self {
        Self::Refused { ret: Ret(ret), message: server_text::message(words) }
    }

    /// Creates the error of a text reply without `field`.
    pub(crate) fn from_text(text: &str, field: ReplyField) -> Self {
        let start = repair::trimmed(text.as_bytes());
        let is_page =
            |tag: &[u8]| start.len() >= tag.len() && start[..tag.len()].eq_ignore_ascii_case(tag);
        match start {
            [] => Self::Empty,
            _ if is_page(b"<!doctype") || is_page(b"<html") => Self::Html,
            _ => Self::Missing(field),
        }
    }

    /// Classifies bytes that are not a JSON object by the first character that is not white space.
    pub(crate) fn from_page(body: &[u8]) -> Option<Self> {
        match repair::trimmed(body).first()? {
            b'<' => Some(Self::Html),
            b'{' | b'[' => Some(Self::Json),
            _ => None,
        }
    }
}

/// Returns the error of a reply with JSON instead of an image: the refusal in it, if there is one.
pub(crate) fn json_error(body: &[u8]) -> ReplyError {
    let json = repair::json(&Bytes::copy_from_slice(body));
    let base = envelope(&json).ok().filter(|base| base.ret != 0);
    base.map_or(ReplyError::Json, |base| ReplyError::refused(base.ret, &base.message))
}

/// Reads the envelope, whatever the status.
pub(crate) fn open(reply: &Response<Bytes>, cap: u64) -> Result<Opened, ReplyError> {
    let json = json(reply, cap)?;
    let BaseResponse { ret, message } = envelope(&json)?;
    Ok(Opened { ret: Ret(ret), message, json })
}

/// Checks the status of a text reply, and then returns the text.
pub(crate) fn text(reply: &Response<Bytes>, cap: u64) -> Result<String, ReplyError> {
    status(reply.status(), reply.headers())?;
    body_text(reply, cap)
}

/// Returns the body as text, whatever the status. It is read as UTF-8, whatever the headers say
/// ([P59](crate::protocol#p59)).
pub(crate) fn body_text(reply: &Response<Bytes>, cap: u64) -> Result<String, ReplyError> {
    let body = body(reply, cap)?;
    Ok(String::from_utf8_lossy(repair::trimmed(&body)).into_owned())
}

/// Returns the body as JSON with repaired strings, whatever the status.
pub(crate) fn json(reply: &Response<Bytes>, cap: u64) -> Result<Bytes, ReplyError> {
    Ok(repair::json(&body(reply, cap)?))
}

/// Returns the inflated bytes of the body, which is complete and not empty.
fn body(reply: &Response<Bytes>, cap: u64) -> Result<Bytes, ReplyError> {
    let body = reply.body();
    let got = body.len() as u64;
    if got > cap {
        return Err(ReplyError::TooLarge { limit: cap });
    }
    if let Some(expected) = content_length(reply.headers()).filter(|expected| *expected != got) {
        return Err(ReplyError::Truncated { expected: Some(expected), got });
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

/// Returns the Ret of a reply, if it has one.
pub(crate) fn ret(reply: &Response<Bytes>) -> Option<Ret> {
    open(reply, REPLY_LIMIT).ok().map(|opened| opened.ret)
}

fn envelope(body: &[u8]) -> Result<BaseResponse, ReplyError> {
    serde_json::from_slice(body).map(|Envelope { base }| base).map_err(|error| {
        match ReplyError::from_page(body) {
            Some(ReplyError::Html) => ReplyError::Html,
            Some(_) if error.is_eof() => ReplyError::TruncatedJson,
            Some(_) if error.is_data() => ReplyError::NoRet,
            _ if body.is_empty() => ReplyError::Empty,
            _ => ReplyError::NotJson,
        }
    })
}
