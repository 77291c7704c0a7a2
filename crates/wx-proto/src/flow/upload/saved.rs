//! An upload as it is saved, and how a saved one is taken up.

use super::{Upload, Uploading};
use crate::flow::runner::Runner;
use crate::flow::snapshot::{SavedJob, SavedMessage, SavedUpload};
use crate::flow::{ResumeError, ResumeOptions, Snapshot};
use crate::model::policy::Policy;
use crate::model::request_error::RequestError;
use crate::model::uploaded::Uploaded;
use crate::session::Session;

impl Upload {
    /// Takes up a saved upload, in the same login: the picture is read again and must be the same,
    /// then the chunks go on after those that were acknowledged. If the server does not want the
    /// rest, the upload starts over by itself.
    ///
    /// # Errors
    /// [`ResumeError`]; nothing is sent then.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        let job = Uploading::resume(session, snapshot, &policy, at)?;
        let seed = job.seed;
        Ok(Self(Runner::new(job, session, seed, policy).started_at(at.start_ms())))
    }
}

impl Uploading {
    pub(in crate::flow) fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: &Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        session.check_upload(at.start_ms())?;
        let (seed, saved, picture) = snapshot.upload(session, policy)?;
        let mut upload = Self::new(session, picture, saved.to.clone(), seed)
            .map_err(|_| RequestError::NoDataTicket)?;
        if saved.started_over {
            upload.media = upload.media.started_over();
            upload.started_over = true;
        }
        upload.saved = Some(saved);
        Ok(upload)
    }

    /// The upload as it is by now; a completed one is a message that has not left.
    pub(super) fn state(&self, done: Option<&Uploaded>) -> SavedJob {
        let to = self.to.clone();
        if let Some(uploaded) = done {
            let uploaded = uploaded.clone();
            return SavedJob::Message(SavedMessage { to, uploaded, handed_out_ms: None });
        }
        // While a saved upload is read again it stays as it was saved.
        let md5 = self.media.md5();
        let upload = match &self.saved {
            Some(saved) if md5.is_none() => saved.clone(),
            _ => SavedUpload {
                to,
                picture: self.picture().saved().clone(),
                md5,
                acked: self.chunk,
                started_over: self.started_over,
            },
        };
        SavedJob::Upload(upload)
    }
}
