use std::fmt;

use bytes::Bytes;

use super::UploadMedia;
use crate::endpoint::api_request::ApiRequest;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::session::Session;
use crate::wire::body::Body;
use crate::wire::date;
use crate::wire::form::{Form, with_crlf};
use crate::wire::query::form_ticket;

/// What the requests of an upload's chunks have in common, put together once.
#[derive(Clone)]
pub(crate) struct ChunkForm {
    /// All but the form.
    outgoing: ApiRequest,
    seed: Seed,
    client_media_id: u64,
    /// The fields in front of the chunk's number and behind it.
    before: Vec<Field>,
    behind: Vec<Field>,
    /// Whether there is more than one chunk: only then they have numbers (P29).
    split: bool,
    file_name: String,
    part_type: &'static str,
    /// The session that it is made of.
    session: Session,
}

type Field = (&'static str, String);

/// Shows nothing: it holds sid, skey and tickets.
impl fmt::Debug for ChunkForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkForm").finish_non_exhaustive()
    }
}

const REQUEST: &str = "uploadmediarequest";

/// More than the boundary and the fixed words of a field take, and those around the form.
const FIXED: usize = 128;

impl ChunkForm {
    pub(crate) fn new(media: &UploadMedia, session: &Session) -> Result<Self, RequestError> {
        Self::with_text(media, media.request_text(session)?, session)
    }

    /// Makes it anew if the session has changed. The text of the upload's request stays what it was
    /// (P28); tickets and cookies are the new ones.
    pub(crate) fn renew(
        &mut self,
        media: &UploadMedia,
        session: &Session,
    ) -> Result<(), RequestError> {
        if !session.is_unchanged_since(&self.session) {
            let text = self.behind.iter().find(|(name, _)| *name == REQUEST);
            let text = text.map_or_else(String::new, |(_, text)| text.clone());
            *self = Self::with_text(media, text, session)?;
        }
        Ok(())
    }

    fn with_text(
        media: &UploadMedia,
        text: String,
        session: &Session,
    ) -> Result<Self, RequestError> {
        let UploadMedia { picture, seed, .. } = media;
        let split = media.chunks() > 1;
        let mime = picture.format().mime();
        let modified = date::javascript(picture.modified_ms().unwrap_or(seed.unix_ms));
        let mut before = vec![
            ("id", format!("WU_FILE_{}", media.file_number)),
            ("name", with_crlf(picture.name())),
            ("type", mime.to_owned()),
            ("lastModifiedDate", modified),
            ("size", picture.len().to_string()),
        ];
        if split {
            before.push(("chunks", media.chunks().to_string()));
        }
        let media_type = picture.kind().row(session.site().profile()).media_type;
        let behind = vec![
            ("mediatype", media_type.to_owned()),
            (REQUEST, text),
            ("webwx_data_ticket", with_crlf(session.data_ticket(seed.unix_ms)?.expose())),
            ("pass_ticket", with_crlf(&form_ticket(session.pass_ticket()))),
        ];
        let chunk = media.chunk(0, Bytes::new());
        let request = ApiRequest::builder(&chunk, session, super::PATH).cookies_at(seed.unix_ms);
        let request = super::address(request, session, seed);
        Ok(Self {
            outgoing: request.body(Body::empty(), "multipart/form-data")?,
            seed: *seed,
            client_media_id: media.client_media_id,
            before,
            behind,
            split,
            file_name: picture.name().to_owned(),
            // A slice of a file has no type of its own in the browser (P33).
            part_type: if split { "application/octet-stream" } else { mime },
            session: session.clone(),
        })
    }

    /// The request of the chunk `index`, counted from 0.
    pub(crate) fn request(&self, index: u32, bytes: Bytes) -> Result<ApiRequest, RequestError> {
        self.bounded(self.seed.boundary(self.client_media_id, index), index, bytes)
    }

    pub(super) fn bounded(
        &self,
        boundary: String,
        index: u32,
        bytes: Bytes,
    ) -> Result<ApiRequest, RequestError> {
        let values = self.before.iter().chain(&self.behind).map(|(_, value)| value.len() + FIXED);
        let size = values.sum::<usize>() + self.file_name.len() + 4 * FIXED;
        let mut form = Form::new(boundary, size);
        for (name, value) in &self.before {
            form.text(name, value);
        }
        if self.split {
            form.number("chunk", index);
        }
        for (name, value) in &self.behind {
            form.text(name, value);
        }
        let form = form.file("filename", &self.file_name, self.part_type, bytes)?;
        Ok(self.outgoing.clone().with_form(form))
    }
}
