//! The steps of an upload after the reply to a chunk.

use super::Uploading;
use crate::endpoint::Endpoint;
use crate::endpoint::upload_media::UploadChunk;
use crate::endpoint::upload_parallel::UploadParallel;
use crate::flow::job::{Cx, Fail, Next, Reply, Transition};
use crate::model::error::ErrorKind;
use crate::model::fields::ReplyField;
use crate::model::ids::MediaId;
use crate::model::reply_error::ReplyError;
use crate::model::ret::RetClass;
use crate::model::uploaded::Uploaded;

impl Uploading {
    /// Describes media that the server already has, so that no chunk was needed.
    pub(super) fn uploaded(&self, media_id: MediaId) -> Result<Uploaded, ErrorKind> {
        Ok(Uploaded {
            media_id,
            name: self.media().name().to_owned(),
            kind: self.media().kind(),
            thumbnail: None,
            encry_file_name: None,
            bytes: self.media().len(),
            md5: self.md5()?,
            chunks: 0,
            server_byte_count: None,
            ticket: self.upload.upload_ticket().cloned().filter(|ticket| !ticket.is_empty()),
        })
    }

    /// Continues with the next chunk, unless this was the last one.
    fn after_chunk(&mut self, cx: &Cx<'_>) -> Option<Next<Uploaded>> {
        if self.chunk + 1 == self.upload.chunks() {
            return None;
        }
        self.repeated |= cx.repeated;
        self.chunk += 1;
        Some(self.next_chunk(cx))
    }

    /// Handles the reply to a chunk of a parallel upload.
    pub(super) fn accepted_parallel(
        &mut self,
        reply: &Reply,
        cx: &Cx<'_>,
    ) -> Transition<Uploaded, Fail> {
        let accepted = UploadParallel::read(reply)?;
        if self.upload_id.is_none() {
            self.upload_id.clone_from(&accepted.upload_id);
        }
        if self.upload_id.is_none() && self.chunk + 1 < self.upload.chunks() {
            return Err(ReplyError::Missing(ReplyField::UploadId).into());
        }
        if let Some(next) = self.after_chunk(cx) {
            return Ok(next);
        }
        let media_id = accepted.media_id()?;
        self.chunk += 1;
        Ok(Next::Done(Uploaded { chunks: self.upload.chunks(), ..self.uploaded(media_id)? }))
    }

    /// Handles the reply to a chunk and continues with the next one, or ends.
    pub(super) fn accepted(&mut self, reply: &Reply, cx: &Cx<'_>) -> Transition<Uploaded, Fail> {
        let accepted = UploadChunk::read(reply)?;
        if let Some(next) = self.after_chunk(cx) {
            return Ok(next);
        }
        // Only the reply to the last chunk has a meaningful MediaId.
        let media_id = accepted.media_id()?;
        self.repeated |= cx.repeated;
        let len = self.media().len();
        let odd = accepted.start_pos.filter(|pos| *pos != len);
        if let Some(got) = odd.filter(|_| self.repeated) {
            return Ok(self.start_over(ReplyError::Assembled { expected: len, got }, cx)?);
        }
        self.chunk += 1;
        Ok(Next::Done(Uploaded {
            thumbnail: accepted.thumbnail,
            encry_file_name: accepted.encry_file_name,
            chunks: self.upload.chunks(),
            server_byte_count: odd.filter(|pos| *pos != 0),
            ..self.uploaded(media_id)?
        }))
    }

    /// Starts over under another ClientMediaId, once. A server that appended a repeated chunk has
    /// assembled a different file.
    fn start_over(&mut self, why: ReplyError, cx: &Cx<'_>) -> Transition<Uploaded> {
        if self.started_over {
            return Err(why.into());
        }
        self.upload = self.upload.clone().started_over();
        (self.chunk, self.repeated, self.started_over, self.saved, self.form) =
            (0, false, true, None, None);
        self.upload_id = None;
        Ok(self.next_chunk(cx))
    }

    pub(super) fn refused(&mut self, kind: ErrorKind, cx: &Cx<'_>) -> Transition<Uploaded> {
        self.repeated |= cx.repeated;
        match kind {
            ErrorKind::Reply(error @ ReplyError::NoMediaId) if self.repeated => {
                self.start_over(error, cx)
            }
            // The server may have forgotten the first chunks, or not accept the rest.
            ErrorKind::Reply(error @ ReplyError::Refused { ret, .. })
                if self.saved.is_some()
                    && matches!(ret.class(), RetClass::Permanent | RetClass::Transient) =>
            {
                self.start_over(error, cx)
            }
            other => Err(other),
        }
    }
}
