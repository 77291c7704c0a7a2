//! `OPTIONS webwxuploadmedia`: the CORS preflight of a browser ([§4.4](crate::protocol#s4-4)),
//! which is off by default.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, header};

use super::{Endpoint, upload_media};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::session::Session;

/// Asks the file host whether the web page may post to it. The request has no cookies and no
/// Content-Type.
#[derive(Clone, Debug)]
pub struct Preflight {
    seed: Seed,
}

impl Preflight {
    /// Creates the preflight of the upload with this seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { seed }
    }
}

impl Endpoint for Preflight {
    const METHOD: Method = Method::OPTIONS;
    const HOST: HostRole = HostRole::File;
    const ACCEPT: Accept = Accept::Preflight;
    type Reply = ();

    fn name(&self) -> &'static str {
        upload_media::NAME
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let allow = HeaderValue::from_static("POST");
        upload_media::address(
            ApiRequest::builder(self, session, upload_media::PATH),
            session,
            &self.seed,
        )
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, allow)
        .empty()
    }

    /// Accepts any reply. The server replies with Ret 1, as to an empty upload
    /// ([P34](crate::protocol#p34)).
    fn read(_: &Response<Bytes>) -> Result<(), ReplyError> {
        Ok(())
    }
}
