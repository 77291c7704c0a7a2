//! `OPTIONS webwxuploadmedia`: the browser's preflight (`docs/protocol.md` §4.4). A browser
//! artefact, off by default here.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, header};

use super::{Endpoint, upload_media};
use crate::endpoint::api_request::{Accept, ApiRequest, ApiRequestBuilder};
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::session::Session;

/// Asks whether the page may post to the file host. No cookies, no Content-Type.
#[derive(Clone, Debug)]
pub struct Preflight {
    seed: Seed,
}

impl Preflight {
    /// Asks for the upload that is made with this seed.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self { seed }
    }
}

impl Endpoint for Preflight {
    const NAME: &'static str = upload_media::NAME;
    type Context = Session;
    type Reply = ();

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let draft = ApiRequestBuilder {
            endpoint: Self::NAME,
            method: Method::OPTIONS,
            role: HostRole::File,
            accept: Accept::Preflight,
            cookies: None,
            target: upload_media::target(session, &self.seed),
            site: session.site(),
        };
        let allow = HeaderValue::from_static("POST");
        Ok(draft.bare()?.with_header(header::ACCESS_CONTROL_REQUEST_METHOD, allow))
    }

    /// The server answers as if to an empty upload, with Ret 1: that is no error (P34). Nor is
    /// anything else.
    fn read(&self, _: &Response<Bytes>) -> Result<(), ReplyError> {
        Ok(())
    }
}
