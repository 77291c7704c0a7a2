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
    pub(super) fn of_player(self) -> Self {
        // Without a range, the server sends nothing of a video.
        self.header(RANGE, HeaderValue::from_static("bytes=0-"))
            .header(ACCEPT_ENCODING, HeaderValue::from_static("identity;q=1, *;q=0"))
    }
}

/// Returns the bytes of a complete reply that are in the format that `check` checks.
pub(super) fn body(
    reply: &Response<Bytes>,
    cap: u64,
    check: fn(&[u8]) -> Result<(), ReplyError>,
) -> Result<Bytes, ReplyError> {
    let bytes = download::body(reply, cap, Whole::OkOrRange)?;
    match check(&bytes) {
        Err(ReplyError::Json) => Err(reply::json_error(&bytes)),
        checked => checked.map(|()| bytes),
    }
}

/// Returns an error for a reply that begins with `first`, unless it is in the expected format. Web
/// pages and JSON have separate errors.
pub(super) fn check(
    first: &[u8],
    expected: RecordingFormat,
    is_expected: bool,
) -> Result<(), ReplyError> {
    let unknown = || ReplyError::NotARecording { expected, first: FirstBytes::new(first) };
    match is_expected {
        true => Ok(()),
        false if first.is_empty() => Err(ReplyError::Empty),
        false => Err(ReplyError::from_page(first).unwrap_or_else(unknown)),
    }
}
