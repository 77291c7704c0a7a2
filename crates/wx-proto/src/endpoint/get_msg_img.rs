//! `GET webwxgetmsgimg`: the picture of a message (`docs/protocol.md` §3, P16–P22).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::Endpoint;
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::first_bytes::FirstBytes;
use crate::model::hosts::HostRole;
use crate::model::ids::MsgId;
use crate::model::image_format::ImageFormat;
use crate::model::image_variant::ImageVariant;
use crate::model::policy::Policy;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::{inflate, reply};

/// Asks for a message's picture.
#[derive(Clone, Debug)]
pub struct GetMsgImg {
    id: MsgId,
    size: ImageVariant,
    at_ms: u64,
}

/// What the head of a good answer says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageHead {
    /// Raw bytes to come; `None` if they come in chunks, whose end the HTTP client vouches for.
    pub(crate) len: Option<u64>,
    pub(crate) gzip: bool,
}

impl GetMsgImg {
    /// Asks for `size` of the message `id`.
    #[must_use]
    pub fn new(id: MsgId, size: ImageVariant, seed: Seed) -> Self {
        Self { id, size, at_ms: seed.unix_ms }
    }
}

impl Endpoint for GetMsgImg {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Image;
    type Reply = (ImageFormat, Bytes);

    fn name(&self) -> &'static str {
        "webwxgetmsgimg"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_login()?;
        let request = ApiRequest::builder(self, session, cgi!("webwxgetmsgimg"))
            .cookies_at(self.at_ms)
            .stray_ampersand()
            .pair("MsgID", self.id.as_str())
            .pair("skey", session.skey().expose())
            .app_pair();
        match self.size {
            ImageVariant::Original => request,
            ImageVariant::Thumbnail => request.pair("type", "slave"),
            ImageVariant::Emoticon => request.pair("type", "big"),
        }
        .empty()
    }

    /// The picture's bytes, unchanged, and what they are by their first bytes; the answer's
    /// Content-Type lies (P19). The whole picture is in memory here;
    /// [`FetchImage`](crate::flow::FetchImage) streams.
    fn read(answer: &Response<Bytes>) -> Result<(ImageFormat, Bytes), ReplyError> {
        let cap = Policy::default().max_fetch;
        let head = head(answer.status(), answer.headers(), cap)?;
        let raw = answer.body();
        let got = raw.len() as u64;
        if head.len.is_some_and(|len| got != len) {
            return Err(ReplyError::Cut { expected: head.len, got });
        }
        if got > cap {
            return Err(ReplyError::TooLarge { limit: cap });
        }
        let bytes = if head.gzip {
            inflate::all(raw.clone(), cap)
                .map_err(|error| ReplyError::inflating(error, cap, got))?
                .into()
        } else {
            raw.clone()
        };
        match format(&bytes) {
            Err(ReplyError::Json) => Err(reply::verdict(&bytes)),
            format => Ok((format?, bytes)),
        }
    }
}

/// Checks a picture's head: its status, that its end can be recognised, that its encoding is known,
/// and the cap (P20, P21).
pub(crate) fn head(
    status: StatusCode,
    headers: &HeaderMap,
    cap: u64,
) -> Result<ImageHead, ReplyError> {
    reply::status(status, headers)?;
    // A 204 and a 205 have no body. Nothing here asks for a range, so a part is not what was asked
    // for.
    if let 204..=206 = status.as_u16() {
        return Err(ReplyError::Status(status.as_u16()));
    }
    let gzip = reply::gzipped(headers)?;
    match reply::content_length(headers) {
        Some(0) => Err(ReplyError::Empty),
        Some(len) if len > cap => Err(ReplyError::TooLarge { limit: cap }),
        None if !is_chunked(headers) => Err(ReplyError::NoLength),
        len => Ok(ImageHead { len, gzip }),
    }
}

/// Whether the body comes in chunks, the last of which says that it is the last. A body without a
/// length that just ends with the connection could have been cut off anywhere.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked =
        |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    codings.next().is_some_and(chunked) && codings.next().is_none()
}

/// What a picture's first bytes say it is; a page or JSON in its place is an error of its own.
pub(crate) fn format(first: &[u8]) -> Result<ImageFormat, ReplyError> {
    if first.is_empty() {
        return Err(ReplyError::Empty);
    }
    let unknown = || ReplyError::NotAPicture { first: FirstBytes::new(first) };
    ImageFormat::from_first_bytes(first)
        .ok_or_else(|| ReplyError::from_page(first).unwrap_or_else(unknown))
}

#[cfg(test)]
mod tests;
