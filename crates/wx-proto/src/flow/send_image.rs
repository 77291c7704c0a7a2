use super::chain::{Chain, FollowedBy};
use super::job::Cx;
use super::message::Sending;
use super::newtype::flow;
use super::runner::Runner;
use super::upload::Uploading;
use super::{ResumeError, ResumeOptions, Snapshot};
use crate::model::error::Error;
use crate::model::media::Media;
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::seed::Seed;
use crate::model::uploaded::{Sent, Uploaded};
use crate::session::Session;

/// Sends an image: an [`Upload`](super::Upload), then a [`SendUploaded`](super::SendUploaded) with
/// its result.
#[derive(Clone, Debug)]
pub struct SendImage(Runner<Chain<Uploading, Sending>>);

impl SendImage {
    /// Sends `media` to `to`.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`](crate::Step) if the session cannot upload. Nothing
    /// is sent in that case.
    pub fn new(
        session: &Session,
        media: Media,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let job = Chain::first(Uploading::new(session, media, to, seed)?);
        Ok(Self(Runner::new(job, session, seed, policy)))
    }

    /// Resumes a saved job in the same login where it stopped: see
    /// [`Upload::resume`](super::Upload::resume) and
    /// [`SendUploaded::resume`](super::SendUploaded::resume).
    ///
    /// # Errors
    /// Returns a [`ResumeError`]. Nothing is sent in that case.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        if snapshot.uploaded().is_some() {
            return Sending::resume(session, snapshot, policy, at, Chain::second).map(Self);
        }
        Uploading::resume(session, snapshot, policy, at, Chain::first).map(Self)
    }
}

flow!(SendImage(Chain<Uploading, Sending>) -> Sent, saved);

impl FollowedBy<Sending> for Uploading {
    fn follow(&mut self, uploaded: Uploaded, _: &Cx<'_>) -> Sending {
        Sending::new(uploaded, self.to.clone(), self.seed)
    }
}
