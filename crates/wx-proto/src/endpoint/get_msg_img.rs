//! `GET webwxgetmsgimg`: fetches the image of a message ([§3](crate::protocol#s3),
//! [P16](crate::protocol#p16)–[P22](crate::protocol#p22)).

use bytes::Bytes;
use http::{Method, Response};

use super::Endpoint;
use super::download::{self, Whole};
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
use crate::wire::reply;

/// Requests the image of a message.
#[derive(Clone, Debug)]
pub struct GetMsgImg {
    id: MsgId,
    variant: ImageVariant,
    at: UnixMs,
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
        session.check_alive(self.at)?;
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
        let bytes = download::body(reply, Policy::default().max_fetch, Whole::Ok)?;
        match format(&bytes) {
            Err(ReplyError::Json) => Err(reply::json_error(&bytes)),
            format => Ok((format?, bytes)),
        }
    }
}

/// Returns the format of an image by its first bytes. Web pages and JSON have separate errors.
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
