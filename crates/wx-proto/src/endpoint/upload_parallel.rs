//! `POST webwxuploadmediaparallel`: uploads one chunk of a large file of the File Transfer Helper
//! ([P98](crate::protocol#p98)).

use std::fmt;

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::upload_media::UploadMedia;
use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::hosts::HostRole;
use crate::model::ids::{DeviceId, MediaId};
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::secret::Secret;
use crate::model::seed::{Purpose, Seed};
use crate::model::upload_ticket::UploadTicket;
use crate::session::{LONGEST_VALUE, Session};
use crate::wire::body::Body;
use crate::wire::cgi::cgi;
use crate::wire::form::{Form, with_crlf};
use crate::wire::query::form_ticket;
use crate::wire::{lenient, reply};

/// The call that uploads one chunk. Chunks are sent one after the other, in order.
pub struct UploadParallel<'a> {
    upload: &'a UploadMedia,
    upload_id: Option<&'a Secret>,
    index: u32,
    bytes: Bytes,
    device_id: DeviceId,
    seed: Seed,
}

/// The reply to a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParallelAccepted {
    /// The server's id of the upload, which the first reply has. All further chunks repeat it.
    pub upload_id: Option<Secret>,
    media_id: String,
}

/// `UploadMediaParallelRequest`, with keys in the order of the client that was observed. It has no
/// `Debug`, because it contains sid and skey.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
    #[serde(rename = "AESKey", skip_serializing_if = "Option::is_none")]
    aes_key: Option<&'a str>,
    #[serde(rename = "FileMD5")]
    file_md5: String,
    total_len: u64,
    chunks: u32,
    name: &'a str,
    chunk: u32,
    base_request: ParallelBaseRequest<'a>,
    #[serde(rename = "UploadID", skip_serializing_if = "Option::is_none")]
    upload_id: Option<&'a str>,
}

/// A [`BaseRequest`](super::BaseRequest) with its keys in another order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ParallelBaseRequest<'a> {
    uin: u32,
    sid: &'a str,
    #[serde(rename = "DeviceID")]
    device_id: &'a str,
    skey: &'a str,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "UploadID", default, deserialize_with = "lenient::optional_id")]
    upload_id: String,
    #[serde(rename = "MediaId", default, deserialize_with = "lenient::optional_id")]
    media_id: String,
}

impl<'a> UploadParallel<'a> {
    /// Creates the call for the chunk `index`, counted from 0, with its bytes:
    /// [`CHUNK`](super::upload_media::CHUNK) of them, or the rest for the last chunk. `upload_id`
    /// is the one in the first reply. Each call needs a separate seed, because each request has a
    /// different `random`.
    #[must_use]
    pub fn new(
        upload: &'a UploadMedia,
        upload_id: Option<&'a Secret>,
        index: u32,
        bytes: Bytes,
        seed: Seed,
    ) -> Self {
        let device_id = seed.device_id(Purpose::UploadDevice);
        Self { upload, upload_id, index, bytes, device_id, seed }
    }

    fn text(&self, session: &Session) -> Result<String, RequestError> {
        let ticket = self.upload.upload_ticket();
        serde_json::to_string(&Request {
            signature: ticket.and_then(UploadTicket::signature),
            aes_key: ticket.and_then(UploadTicket::aes_key),
            file_md5: self.upload.md5().map(String::from).unwrap_or_default(),
            total_len: self.upload.media().len(),
            chunks: self.upload.chunks(),
            name: &self.upload.media().form_name(),
            chunk: self.index,
            base_request: ParallelBaseRequest {
                uin: session.uin_or_zero(),
                sid: session.sid_or_empty(),
                device_id: session.device_id().unwrap_or(&self.device_id).as_str(),
                skey: session.skey_or_empty(),
            },
            upload_id: self.upload_id.map(|id| id.expose().as_str()),
        })
        .map_err(|_| RequestError::InvalidJson)
    }
}

impl ParallelAccepted {
    /// Returns the server's id of the media. The reply to the last chunk must have it. It has no
    /// meaning in replies to other chunks.
    ///
    /// # Errors
    /// Returns [`ReplyError::NoMediaId`] if there is none.
    pub fn media_id(&self) -> Result<MediaId, ReplyError> {
        MediaId::new(self.media_id.as_str()).map_err(|_| ReplyError::NoMediaId)
    }
}

impl fmt::Debug for UploadParallel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (index, of) = (self.index, self.upload.chunks());
        write!(f, "UploadParallel({index} of {of}, {} bytes)", self.bytes.len())
    }
}

impl Endpoint for UploadParallel<'_> {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::File;
    const ACCEPT: Accept = Accept::Any;
    type Reply = ParallelAccepted;

    fn name(&self) -> &'static str {
        "webwxuploadmediaparallel"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        const FIXED: usize = 1024;
        let text = self.text(session)?;
        let ticket = session.data_ticket(self.seed.unix_ms)?;
        let size = FIXED + text.len() + ticket.expose().len();
        let mut form = Form::new(self.seed.boundary(0, self.index), size);
        form.text("pass_ticket", &with_crlf(&form_ticket(session.pass_ticket())));
        form.text("webwx_data_ticket", &with_crlf(ticket.expose()));
        form.text("UploadMediaParallelRequest", &text);
        let form = form.file("filename", "blob", "application/octet-stream", self.bytes.clone())?;
        let request = ApiRequest::builder(self, session, cgi!("webwxuploadmediaparallel"))
            .cookies_at(self.seed.unix_ms)
            .pair("f", "json")
            .pair("random", self.seed.four_letters(self.index));
        Ok(request.body(Body::empty(), "multipart/form-data")?.with_form(form))
    }

    fn read(reply: &Response<Bytes>) -> Result<ParallelAccepted, ReplyError> {
        let fields: Fields = reply::accepted(reply, REPLY_LIMIT)?;
        let upload_id = Some(fields.upload_id)
            .filter(|id| (1..=LONGEST_VALUE).contains(&id.len()))
            .map(Secret::from);
        Ok(ParallelAccepted { upload_id, media_id: fields.media_id })
    }
}

#[cfg(test)]
mod tests;
