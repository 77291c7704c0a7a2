//! Saves and resumes uploads.

use super::{Upload, Uploading};
use crate::flow::job::Job;
use crate::flow::runner::Runner;
use crate::flow::snapshot::{Content, SavedJob, SavedMessage, SavedUpload};
use crate::flow::{ResumeError, ResumeOptions, Snapshot};
use crate::model::policy::Policy;
use crate::model::request_error::RequestError;
use crate::model::uploaded::Uploaded;
use crate::session::Session;

impl Upload {
    /// Resumes a saved upload in the same login. The media is read again and must be the same. The
    /// upload then continues after the chunks that were acknowledged. If the server does not accept
    /// the rest, the upload starts over by itself.
    ///
    /// # Errors
    /// Returns a [`ResumeError`]. Nothing is sent in that case.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        Uploading::resume(session, snapshot, policy, at, |job| job).map(Self)
    }
}

impl Uploading {
    /// Resumes a saved upload as the job that `wrap` creates from it.
    pub(in crate::flow) fn resume<J: Job>(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
        wrap: impl FnOnce(Self) -> J,
    ) -> Result<Runner<J>, ResumeError> {
        session.check_upload(at.start())?;
        let (seed, saved, media) = snapshot.upload(session)?;
        media.check(session.site().profile(), &policy).map_err(ResumeError::Media)?;
        let mut job = Self::new(session, media, saved.to.clone(), seed, &policy)
            .map_err(|_| RequestError::NoDataTicket)?;
        if saved.started_over {
            job.upload = job.upload.started_over();
            job.started_over = true;
        }
        job.saved = Some(saved);
        Ok(Runner::new(wrap(job), session, seed, policy).started_at(at.start()))
    }

    /// Returns the current state; a completed upload is a message that has not left.
    pub(super) fn state(&self, done: Option<&Uploaded>) -> SavedJob {
        let to = self.to.clone();
        if let Some(uploaded) = done {
            let content = Content::Uploaded(uploaded.clone());
            return SavedJob::Message(SavedMessage { to, content, first_left: None });
        }
        // While a resumed upload is read again, its saved state is kept.
        let md5 = self.upload.md5();
        let upload = match &self.saved {
            Some(saved) if md5.is_none() => saved.clone(),
            _ => SavedUpload {
                to,
                media: self.media().saved().clone(),
                md5,
                acked: self.chunk,
                started_over: self.started_over,
                ticket: self.upload.upload_ticket().cloned(),
                upload_id: self.upload_id.clone(),
            },
        };
        SavedJob::Upload(upload)
    }
}
