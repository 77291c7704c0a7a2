//! The common parts of webwxgetvideo and webwxgetvoice ([P81](crate::protocol#p81)): the headers of
//! a media element of the page, and the check of the first bytes.

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, RANGE};
use http::{HeaderValue, Response};

use super::api_request::ApiRequestBuilder;
use super::download::{self, Whole};
use crate::model::first_bytes::FirstBytes;
use crate::model::recording_format::RecordingFormat;
use crate::model::reply_error::ReplyError;
use crate::wire::reply;

impl ApiRequestBuilder<'_> {
    /// Adds the headers that a browser sends for a video or a sound.
    pub(super) fn media_element(self) -> Self {
        // Without a range, the server sends nothing of a video.
        self.header(RANGE, HeaderValue::from_static("bytes=0-"))
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity;q=1, *;q=0"))
    }
}

/// Returns the bytes of a complete reply that are in the `expected` format.
pub(super) fn body(
    reply: &Response<Bytes>,
    cap: u64,
    expected: RecordingFormat,
) -> Result<Bytes, ReplyError> {
    let bytes = download::body(reply, cap, Whole::OkOrRange)?;
    match check(&bytes, expected) {
        Err(ReplyError::Json) => Err(reply::json_error(&bytes)),
        checked => checked.map(|()| bytes),
    }
}

/// Returns an error for a reply that begins with `first`, unless it is in the `expected` format.
/// Web pages and JSON have separate errors.
pub(crate) fn check(first: &[u8], expected: RecordingFormat) -> Result<(), ReplyError> {
    let unknown = || ReplyError::NotARecording { expected, first: FirstBytes::new(first) };
    match RecordingFormat::from_first_bytes(first) {
        Some(format) if format == expected => Ok(()),
        _ if first.is_empty() => Err(ReplyError::Empty),
        _ => Err(ReplyError::from_page(first).unwrap_or_else(unknown)),
    }
}

#[cfg(test)]
pub(super) mod tests;
