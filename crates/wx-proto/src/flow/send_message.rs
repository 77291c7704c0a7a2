use super::chain::{Chain, FollowedBy};
use super::job::Cx;
use super::message::Sending;
use super::newtype::flow;
use super::runner::Runner;
use super::upload::Uploading;
use super::{ResumeError, ResumeOptions, Snapshot};
use crate::model::error::Error;
use crate::model::ids::LocalId;
use crate::model::inline_content::InlineContent;
use crate::model::media::Media;
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::model::step::Step;
use crate::model::unix_ms::UnixMs;
use crate::model::uploaded::{Sent, Uploaded};
use crate::session::Session;

/// Sends a message to one recipient: a text, an emoticon by its MD5, a forwarded message, media, or
/// media that is already uploaded. Media is [uploaded](super::Upload) first. The call that sends
/// the message depends on its [kind](crate::MediaKind).
///
/// ```text
///              ┌───────── never connected: back-off; no clear reply: 15 s ─────────┐
///              ▼                                                                   │
///   send (same ClientMsgId each time) ────── Ret 0 and a MsgID ──► Sent            │
///              ├── Ret ≠ 0, and no earlier try may have been delivered ──► not sent│
///              ├── Ret ≠ 0 after one that may have been ──► Uncertain              │
///              ├── closed, on a reused connection ──► at once on a new one, within the try
///              └── anything else ──────────────────────────────────────────────────┘
///        tries used up, or too late for another ──► Uncertain, or not sent if none ever connected
/// ```
///
/// Once a message may have been delivered, it is sent again only within [`Policy::resend_within`]
/// of its first try, whatever the number of tries, because it is unknown how long the server
/// remembers a ClientMsgId.
///
/// Retries rely on the server dropping messages whose ClientMsgId it has already seen. The official
/// page relies on this too ([§4.7](crate::protocol#s4-7)), but it is not proven.
///
/// Each message needs its own seed, because its ids are derived from it.
#[derive(Clone, Debug)]
pub struct SendMessage(Runner<Chain<Uploading, Sending>>);

impl SendMessage {
    /// Uploads `media` and sends it to `to`.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if the session cannot upload. Nothing is sent in
    /// that case.
    pub fn media(
        session: &Session,
        media: Media,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let job = Uploading::new(session, media, to, seed, &policy)?;
        Ok(Self(Runner::new(Chain::first(job), session, seed, policy)))
    }

    /// Sends `uploaded` to `to`.
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if nobody is logged in.
    pub fn uploaded(
        session: &Session,
        uploaded: Uploaded,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        if let Err(error) = session.check_sender() {
            let uploaded = Some(Box::new(uploaded));
            return Err(Error { uploaded, ..Error::new(Step::Prepare, error) });
        }
        Ok(Self::ready(Sending::uploaded(uploaded, to, seed), session, seed, policy))
    }

    /// Sends content that needs no upload to `to`: a text, an [`Emoticon`](crate::Emoticon), or a
    /// message to [`Forward`](crate::Forward).
    ///
    /// # Errors
    /// Returns an [`Error`] at [`Step::Prepare`] if it is an empty text or nobody is logged in.
    pub fn inline(
        session: &Session,
        content: impl Into<InlineContent>,
        to: Recipient,
        seed: Seed,
        policy: Policy,
    ) -> Result<Self, Error> {
        let content = content.into();
        let check = match content.is_empty_text() {
            true => Err(RequestError::EmptyText),
            false => session.check_sender(),
        };
        check.map_err(|error| Error::new(Step::Prepare, error))?;
        Ok(Self::ready(Sending::inline(content, to, seed), session, seed, policy))
    }

    fn ready(job: Sending, session: &Session, seed: Seed, policy: Policy) -> Self {
        Self(Runner::new(Chain::second(job), session, seed, policy))
    }

    /// Resumes a saved job in the same login where it stopped. An upload continues as
    /// [`Upload::resume`](super::Upload::resume) describes.
    ///
    /// A message that may have been delivered is sent again with the same ClientMsgId only within
    /// [`Policy::resend_within`] of its first try, or of now if [`ResumeOptions::resend`] is set.
    /// After that, the job ends as [`ErrorKind::Uncertain`](crate::ErrorKind::Uncertain) at once.
    ///
    /// # Errors
    /// Returns a [`ResumeError`]. Nothing is sent in that case.
    pub fn resume(
        session: &Session,
        snapshot: Snapshot,
        policy: Policy,
        at: ResumeOptions,
    ) -> Result<Self, ResumeError> {
        if snapshot.needs_media() {
            return Uploading::resume(session, snapshot, policy, at, Chain::first).map(Self);
        }
        Sending::resume(session, snapshot, policy, at, Chain::second).map(Self)
    }

    /// Sets the time of the first poll. The default is the time of the seed, which an
    /// [`IdSource`](crate::IdSource) may have moved ahead of the clock.
    #[must_use]
    pub fn started_at(self, time: UnixMs) -> Self {
        Self(self.0.started_at(time))
    }

    /// Returns whether the job is over. A resumed message is over from the beginning if it is too
    /// late to send it again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_over()
    }

    /// Returns the LocalID and ClientMsgId of every try.
    #[must_use]
    pub fn local_id(&self) -> LocalId {
        self.0.seed().local_id()
    }
}

flow!(SendMessage(Chain<Uploading, Sending>) -> Sent, saved);

impl FollowedBy<Sending> for Uploading {
    fn follow(&mut self, uploaded: Uploaded, _: &Cx<'_>) -> Sending {
        Sending::uploaded(uploaded, self.to.clone(), self.seed)
    }
}
