//! `GET webwxgetmsgimg`: the image of a message ([§3](crate::protocol#s3),
//! [P16](crate::protocol#p16)–[P22](crate::protocol#p22)).

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
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::{inflate, reply};

/// Requests the image of a message.
#[derive(Clone, Debug)]
pub struct GetMsgImg {
    id: MsgId,
    variant: ImageVariant,
    at: UnixMs,
}

/// What the head of a good reply says about the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageHead {
    /// The raw length; `None` for chunked encoding, whose end the HTTP client guarantees.
    pub(crate) len: Option<u64>,
    pub(crate) gzip: bool,
}

impl GetMsgImg {
    /// Requests `variant` of the message `id`.
    #[must_use]
    pub fn new(id: MsgId, variant: ImageVariant, seed: Seed) -> Self {
        Self { id, variant, at: seed.unix_ms }
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
            .cookies_at(self.at)
            .stray_ampersand()
            .pair("MsgID", self.id.as_str())
            .pair("skey", session.skey_or_empty())
            .app_pair();
        match self.variant {
            ImageVariant::Original => request,
            ImageVariant::Thumbnail => request.pair("type", "slave"),
            ImageVariant::Emoticon => request.pair("type", "big"),
        }
        .empty()
    }

    /// Returns the format, by the first bytes, and the bytes of the image, unchanged. The
    /// Content-Type of the reply is wrong ([P19](crate::protocol#p19)). The whole image is in
    /// memory here; use [`FetchImage`](crate::flow::FetchImage) to stream it.
    fn read(reply: &Response<Bytes>) -> Result<(ImageFormat, Bytes), ReplyError> {
        let cap = Policy::default().max_fetch;
        let head = head(reply.status(), reply.headers(), cap)?;
        let raw = reply.body();
        let got = raw.len() as u64;
        if head.len.is_some_and(|len| got != len) {
            return Err(ReplyError::Truncated { expected: head.len, got });
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

/// Checks the head of an image reply: its status, that a truncated body can be detected, that its
/// encoding is known, and its length ([P20](crate::protocol#p20), [P21](crate::protocol#p21)).
pub(crate) fn head(
    status: StatusCode,
    headers: &HeaderMap,
    cap: u64,
) -> Result<ImageHead, ReplyError> {
    reply::status(status, headers)?;
    // 204 and 205 have no body. No request asks for a range, so a part is not what was asked for.
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

/// Whether the body is chunked, so that its end is marked. A body without a length that ends with
/// the connection may have been truncated anywhere.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked =
        |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    codings.next().is_some_and(chunked) && codings.next().is_none()
}

/// Returns the format of an image by its first bytes. A web page and JSON have errors of their own.
pub(crate) fn format(first: &[u8]) -> Result<ImageFormat, ReplyError> {
    if first.is_empty() {
        return Err(ReplyError::Empty);
    }
    let unknown = || ReplyError::NotAnImage { first: FirstBytes::new(first) };
    ImageFormat::from_first_bytes(first)
        .ok_or_else(|| ReplyError::from_page(first).unwrap_or_else(unknown))
}

#[cfg(test)]
mod tests;
