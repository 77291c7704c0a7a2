//! The checks that the replies to all downloads have in common ([P20](crate::protocol#p20),
//! [P21](crate::protocol#p21)).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::model::reply_error::ReplyError;
use crate::wire::{inflate, reply};

/// The facts about the body in the head of a successful reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DownloadHead {
    /// The raw length, if it was announced.
    pub(crate) len: Option<u64>,
    pub(crate) gzip: bool,
    /// Whether a truncated body can be detected: its length was announced, or it is chunked, so
    /// that the HTTP client guarantees its end.
    pub(crate) is_bounded: bool,
}

/// Checks the head of a reply: its status, that its encoding is known, and its length.
pub(crate) fn head(
    status: StatusCode,
    headers: &HeaderMap,
    cap: u64,
) -> Result<DownloadHead, ReplyError> {
    reply::status(status, headers)?;
    // 204 and 205 have no body, and a 206 is only a part, although no request has a range.
    if let 204..=206 = status.as_u16() {
        return Err(ReplyError::Status(status.as_u16()));
    }
    let gzip = reply::gzipped(headers)?;
    match reply::content_length(headers) {
        Some(0) => Err(ReplyError::Empty),
        Some(len) if len > cap => Err(ReplyError::TooLarge { limit: cap }),
        len => Ok(DownloadHead { len, gzip, is_bounded: len.is_some() || is_chunked(headers) }),
    }
}

/// Returns the inflated bytes of a complete reply. The end of its body has to be known.
pub(crate) fn body(reply: &Response<Bytes>, cap: u64) -> Result<Bytes, ReplyError> {
    let head = head(reply.status(), reply.headers(), cap)?;
    if !head.is_bounded {
        return Err(ReplyError::NoLength);
    }
    let raw = reply.body();
    let got = raw.len() as u64;
    if head.len.is_some_and(|len| got != len) {
        return Err(ReplyError::Truncated { expected: head.len, got });
    }
    if got > cap {
        return Err(ReplyError::TooLarge { limit: cap });
    }
    let bytes = if head.gzip {
        let inflated = inflate::all(raw.clone(), cap);
        inflated.map_err(|error| ReplyError::inflating(error, cap, got))?.into()
    } else {
        raw.clone()
    };
    if bytes.is_empty() { Err(ReplyError::Empty) } else { Ok(bytes) }
}

/// Whether the body is chunked, so that its end is marked. A body without a length that ends with
/// the connection may have been truncated anywhere.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked =
        |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    codings.next().is_some_and(chunked) && codings.next().is_none()
}
