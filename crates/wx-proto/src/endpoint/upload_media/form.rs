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

/// The common part of the chunk requests of an upload, built once.
#[derive(Clone)]
pub(crate) struct ChunkForm {
    /// The request without the form.
    request: ApiRequest,
    seed: Seed,
    client_media_id: u64,
    /// The fields before and after the number of the chunk.
    before: Vec<Field>,
    after: Vec<Field>,
    /// Whether there is more than one chunk. Only then are chunks numbered
    /// ([P29](crate::protocol#p29)).
    split: bool,
    file_name: String,
    part_type: &'static str,
    /// The session that the form was built from.
    session: Session,
}

type Field = (&'static str, String);

/// Does not show the form, because it contains sid, skey and tickets.
impl fmt::Debug for ChunkForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkForm").finish_non_exhaustive()
    }
}

const REQUEST: &str = "uploadmediarequest";

/// An upper limit for the length of a field's boundary and fixed text, and of the form's end.
const FIXED: usize = 128;

impl ChunkForm {
    pub(crate) fn new(upload: &UploadMedia, session: &Session) -> Result<Self, RequestError> {
        Self::with_text(upload, upload.request_text(session)?, session)
    }

    /// Rebuilds the form if the session has changed. The `uploadmediarequest` is kept
    /// ([P28](crate::protocol#p28)); tickets and cookies are updated.
    pub(crate) fn renew(
        &mut self,
        upload: &UploadMedia,
        session: &Session,
    ) -> Result<(), RequestError> {
        if !session.is_unchanged_since(&self.session) {
            let text = self.after.iter().find(|(name, _)| *name == REQUEST);
            let text = text.map_or_else(String::new, |(_, text)| text.clone());
            *self = Self::with_text(upload, text, session)?;
        }
        Ok(())
    }

    fn with_text(
        upload: &UploadMedia,
        text: String,
        session: &Session,
    ) -> Result<Self, RequestError> {
        let UploadMedia { media, seed, .. } = upload;
        let split = upload.chunks() > 1;
        let mime = media.format().mime();
        let modified = date::javascript(media.modified_at().unwrap_or(seed.unix_ms));
        let mut before = vec![
            ("id", format!("WU_FILE_{}", upload.file_number)),
            ("name", with_crlf(&media.form_name())),
            ("type", mime.to_owned()),
            ("lastModifiedDate", modified),
            ("size", media.len().to_string()),
        ];
        if split {
            before.push(("chunks", upload.chunks().to_string()));
        }
        let media_type = media.kind().row(session.site().profile()).media_type;
        let after = vec![
            ("mediatype", media_type.to_owned()),
            (REQUEST, text),
            ("webwx_data_ticket", with_crlf(session.data_ticket(seed.unix_ms)?.expose())),
            ("pass_ticket", with_crlf(&form_ticket(session.pass_ticket()))),
        ];
        let chunk = upload.chunk(0, Bytes::new());
        let request = ApiRequest::builder(&chunk, session, super::PATH).cookies_at(seed.unix_ms);
        let request = super::address(request, session, seed);
        Ok(Self {
            request: request.body(Body::empty(), "multipart/form-data")?,
            seed: *seed,
            client_media_id: upload.client_media_id,
            before,
            after,
            split,
            file_name: media.form_name().into_owned(),
            // In a browser, a slice of a file has no MIME type (P33).
            part_type: if split { "application/octet-stream" } else { mime },
            session: session.clone(),
        })
    }

    /// Returns the request of the chunk `index`, counted from 0.
    pub(crate) fn request(&self, index: u32, bytes: Bytes) -> Result<ApiRequest, RequestError> {
        self.bounded(self.seed.boundary(self.client_media_id, index), index, bytes)
    }

    pub(super) fn bounded(
        &self,
        boundary: String,
        index: u32,
        bytes: Bytes,
    ) -> Result<ApiRequest, RequestError> {
        let values = self.before.iter().chain(&self.after).map(|(_, value)| value.len() + FIXED);
        let size = values.sum::<usize>() + self.file_name.len() + 4 * FIXED;
        let mut form = Form::new(boundary, size);
        for (name, value) in &self.before {
            form.text(name, value);
        }
        if self.split {
            form.number("chunk", index);
        }
        for (name, value) in &self.after {
            form.text(name, value);
        }
        let form = form.file("filename", &self.file_name, self.part_type, bytes)?;
        Ok(self.request.clone().with_form(form))
    }
}
