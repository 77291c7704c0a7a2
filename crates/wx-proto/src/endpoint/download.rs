//! The checks that the replies to all downloads have in common ([P20](crate::protocol#p20),
//! [P21](crate::protocol#p21), [P81](crate::protocol#p81)).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version, header};

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

/// Which replies have the whole media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// A 200, because the request asks for no range.
    Ok,
    /// A 200, or a 206 with all bytes, because the request asks for the range of all bytes.
    OkOrRange,
}

/// Checks the head of a reply: its status, that its encoding is known, and its length.
pub(crate) fn head(
    status: StatusCode,
    version: Version,
    headers: &HeaderMap,
    cap: u64,
    whole: Whole,
) -> Result<DownloadHead, ReplyError> {
    reply::status(status, headers)?;
    let announced = reply::content_length(headers);
    let len = match (status.as_u16(), whole) {
        // The server's total decides. A body of another length is truncated.
        (206, Whole::OkOrRange) => Some(total_of_range(headers).ok_or(ReplyError::Status(206))?),
        // 204 and 205 have no body, and a part is not what was asked for.
        (status @ 204..=206, _) => return Err(ReplyError::Status(status)),
        _ => announced,
    };
    let gzip = reply::gzipped(headers)?;
    match len {
        _ if announced == Some(0) => Err(ReplyError::Empty),
        Some(expected) if announced.is_some_and(|announced| announced < expected) => {
            let got = announced.unwrap_or(0);
            Err(ReplyError::Truncated { expected: len, got })
        }
        Some(len) if len > cap => Err(ReplyError::TooLarge { limit: cap }),
        len => {
            // HTTP/1.0 knows no chunks, so the header means nothing there.
            let is_bounded = len.is_some() || version != Version::HTTP_10 && is_chunked(headers);
            Ok(DownloadHead { len, gzip, is_bounded })
        }
    }
}

/// Returns the length of the media from the `Content-Range` of a reply with all of its bytes.
fn total_of_range(headers: &HeaderMap) -> Option<u64> {
    let mut ranges = headers.get_all(header::CONTENT_RANGE).iter();
    let range = ranges.next().filter(|range| ranges.all(|other| other == range))?;
    let (unit, range) = range.to_str().ok()?.trim().split_once(' ')?;
    let (span, total) = range.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    // A sign is no part of a number here.
    let number = |text: &str| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { text.parse::<u64>().ok() } else { None }
    };
    let (first, last, total) = (number(first)?, number(last)?, number(total)?);
    let is_whole = first == 0 && last.checked_add(1) == Some(total);
    (unit.eq_ignore_ascii_case("bytes") && is_whole).then_some(total)
}

/// Returns the inflated bytes of a complete reply. The end of its body has to be known.
pub(crate) fn body(reply: &Response<Bytes>, cap: u64, whole: Whole) -> Result<Bytes, ReplyError> {
    let head = head(reply.status(), reply.version(), reply.headers(), cap, whole)?;
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
