//! `POST webwxuploadmedia`: uploads one chunk of the media ([§4.6](crate::protocol#s4-6),
//! [P23](crate::protocol#p23)–[P37](crate::protocol#p37)).

mod form;

use std::fmt;

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use crate::endpoint::api_request::{Accept, ApiRequestBuilder};
use crate::model::hosts::HostRole;
use crate::model::recipient::Recipient;

pub(crate) use self::form::ChunkForm;
use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::base_request::BaseRequest;
use crate::model::dimensions::Dimensions;
use crate::model::error::ChunkNumber;
use crate::model::ids::{DeviceId, MediaId};
use crate::model::md5::Md5;
use crate::model::media::Media;
use crate::model::profile::Profile;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::upload_ticket::UploadTicket;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::{lenient, reply};

/// The length of a chunk in bytes. Only the last chunk may be shorter ([P24](crate::protocol#p24)).
pub const CHUNK: u64 = 524_288;

pub(super) const NAME: &str = "webwxuploadmedia";

pub(super) const PATH: &str = cgi!("webwxuploadmedia");

/// Adds the query. It is the same for all chunks and for the preflight, because browsers cache
/// preflights by their URL.
pub(super) fn address<'a>(
    request: ApiRequestBuilder<'a>,
    session: &Session,
    seed: &Seed,
) -> ApiRequestBuilder<'a> {
    let request = request.pair("f", "json");
    match session.site().profile() {
        Profile::Web => request,
        Profile::FileHelper => request.pair("random", seed.four_letters(0)),
    }
}

/// The upload of one file. [`UploadMedia::chunk`] creates the call for each chunk.
#[derive(Clone, Debug)]
pub struct UploadMedia {
    media: Media,
    md5: Option<Md5>,
    to: Recipient,
    seed: Seed,
    client_media_id: u64,
    device_id: DeviceId,
    file_number: u32,
    upload_type: u8,
    ticket: Option<UploadTicket>,
}

/// The call that uploads one chunk.
pub struct UploadChunk<'a> {
    upload: &'a UploadMedia,
    index: u32,
    bytes: Bytes,
}

/// The reply to a chunk.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    media_id: String,
    /// After the last chunk, the number of bytes that the server has assembled. It has no meaning
    /// in replies to other chunks.
    pub start_pos: Option<u64>,
    /// The dimensions of the thumbnail, or `None` for 0 × 0.
    pub thumbnail: Option<Dimensions>,
    /// The file name as the server encodes it.
    pub encry_file_name: Option<String>,
}

/// The `uploadmediarequest`, with keys in the official order ([P30](crate::protocol#p30)). It has
/// no `Debug`, because it contains sid and skey.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UploadMediaRequest<'a> {
    upload_type: u8,
    base_request: BaseRequest<'a>,
    client_media_id: u64,
    total_len: u64,
    start_pos: u64,
    data_len: u64,
    media_type: u8,
    from_user_name: &'a str,
    to_user_name: &'a str,
    file_md5: String,
    #[serde(rename = "AESKey", skip_serializing_if = "Option::is_none")]
    aes_key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "MediaId", default, deserialize_with = "lenient::id")]
    media_id: String,
    #[serde(rename = "StartPos", default, deserialize_with = "lenient::optional_number")]
    start_pos: Option<u64>,
    #[serde(rename = "CDNThumbImgHeight", default, deserialize_with = "lenient::optional_number")]
    height: Option<u64>,
    #[serde(rename = "CDNThumbImgWidth", default, deserialize_with = "lenient::optional_number")]
    width: Option<u64>,
    #[serde(rename = "EncryFileName", default, deserialize_with = "lenient::optional_text")]
    encry_file_name: String,
}

impl UploadMedia {
    /// Creates the upload of `media`. The form names `to` as the recipient, but the server does not
    /// bind the MediaId to it: one upload can be sent to others too.
    ///
    /// `md5` is the MD5 of the whole media. Without it, `FileMd5` is empty, as in the requests of
    /// the File Transfer Helper's page.
    #[must_use]
    pub fn new(media: Media, md5: impl Into<Option<Md5>>, to: Recipient, seed: Seed) -> Self {
        Self {
            media,
            md5: md5.into(),
            to,
            seed,
            client_media_id: seed.unix_ms.get(),
            device_id: seed.device_id(Purpose::UploadDevice),
            file_number: 0,
            upload_type: 2,
            ticket: None,
        }
    }

    /// Sets `n` in the form's `WU_FILE_n`. The official page counts its files from 0.
    #[must_use]
    pub fn file_number(mut self, n: u32) -> Self {
        self.file_number = n;
        self
    }

    /// Sets the ticket from webwxcheckupload, for a large file ([§4.5](crate::protocol#s4-5)).
    #[must_use]
    pub fn ticket(mut self, ticket: UploadTicket) -> Self {
        self.ticket = Some(ticket);
        self
    }

    pub(crate) fn upload_ticket(&self) -> Option<&UploadTicket> {
        self.ticket.as_ref()
    }

    pub(crate) fn digested(mut self, md5: Md5) -> Self {
        self.md5 = Some(md5);
        self
    }

    /// Sets `UploadType` in the form. The default is 2, which the official page sends. Some sources
    /// show 1, which the page only uses before it changes the value ([§4.6](crate::protocol#s4-6)).
    #[must_use]
    pub fn upload_type(mut self, upload_type: u8) -> Self {
        self.upload_type = upload_type;
        self
    }

    /// Uses the time of the seed plus 1 ms as ClientMediaId, so that the server treats this as a
    /// new upload.
    pub(crate) fn started_over(mut self) -> Self {
        self.client_media_id = self.seed.unix_ms.get().saturating_add(1);
        self
    }

    /// Returns the number of chunks, which is 1 for up to [`CHUNK`] bytes.
    #[must_use]
    pub fn chunks(&self) -> u32 {
        // `max_upload` keeps the number far below u32::MAX.
        u32::try_from(self.media.len().div_ceil(CHUNK)).unwrap_or(u32::MAX)
    }

    /// Returns the media.
    #[must_use]
    pub fn media(&self) -> &Media {
        &self.media
    }

    pub(crate) fn md5(&self) -> Option<Md5> {
        self.md5
    }

    pub(crate) fn number(&self, index: u32) -> ChunkNumber {
        ChunkNumber { index, of: self.chunks() }
    }

    /// Creates the call for the chunk `index`, counted from 0. `bytes` are the [`CHUNK`] bytes of
    /// the chunk, or fewer for the last one.
    #[must_use]
    pub fn chunk(&self, index: u32, bytes: Bytes) -> UploadChunk<'_> {
        UploadChunk { upload: self, index, bytes }
    }

    /// Returns the text of `uploadmediarequest`. It is the same for all chunks: StartPos is always
    /// 0, and DataLen is the whole length ([P27](crate::protocol#p27), [P28](crate::protocol#p28)).
    fn request_text(&self, session: &Session) -> Result<String, RequestError> {
        let total = self.media.len();
        let ticket = self.ticket.as_ref();
        serde_json::to_string(&UploadMediaRequest {
            upload_type: self.upload_type,
            base_request: BaseRequest::new(session, &self.device_id),
            client_media_id: self.client_media_id,
            total_len: total,
            start_pos: 0,
            data_len: total,
            media_type: 4,
            from_user_name: session.own_name()?.as_str(),
            to_user_name: self.to.as_str(),
            file_md5: self.md5.map(String::from).unwrap_or_default(),
            aes_key: ticket.and_then(UploadTicket::aes_key),
            signature: ticket.and_then(UploadTicket::signature),
        })
        .map_err(|_| RequestError::InvalidJson)
    }
}

impl Accepted {
    /// Returns the server's id of the upload. The reply to the last chunk must have it. It has no
    /// meaning in replies to other chunks ([P36](crate::protocol#p36)).
    ///
    /// # Errors
    /// Returns [`ReplyError::NoMediaId`] if there is none.
    pub fn media_id(&self) -> Result<MediaId, ReplyError> {
        MediaId::new(self.media_id.as_str()).map_err(|_| ReplyError::NoMediaId)
    }
}

/// Shows none of the texts that the server has chosen.
impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("start_pos", &self.start_pos)
            .field("thumbnail", &self.thumbnail)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for UploadChunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "UploadChunk({} of {}, {} bytes)",
            self.index,
            self.upload.chunks(),
            self.bytes.len()
        )
    }
}

impl Endpoint for UploadChunk<'_> {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::File;
    const ACCEPT: Accept = Accept::Any;
    type Reply = Accepted;

    fn name(&self) -> &'static str {
        NAME
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        ChunkForm::new(self.upload, session)?.request(self.index, self.bytes.clone())
    }

    fn read(reply: &Response<Bytes>) -> Result<Accepted, ReplyError> {
        let fields: Fields = reply::accepted(reply, REPLY_LIMIT)?;
        Ok(Accepted {
            media_id: fields.media_id,
            start_pos: fields.start_pos,
            thumbnail: Dimensions::from_server(fields.width, fields.height),
            encry_file_name: Some(fields.encry_file_name).filter(|name| !name.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests;
