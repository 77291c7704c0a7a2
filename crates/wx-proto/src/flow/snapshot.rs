use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::endpoint::upload_media::CHUNK;
use crate::model::emoticon::Emoticon;
use crate::model::forward::Forward;
use crate::model::inline_content::InlineContent;
use crate::model::md5::Md5;
use crate::model::media::{Media, MediaError, SavedMedia};
use crate::model::media_kind::MediaKind;
use crate::model::recipient::Recipient;
use crate::model::request_error::RequestError;
use crate::model::secret::Secret;
use crate::model::seed::Seed;
use crate::model::text::Text;
use crate::model::unix_ms::UnixMs;
use crate::model::upload_ticket::UploadTicket;
use crate::model::uploaded::Uploaded;
use crate::session::Session;

/// The saved state of a job: enough to resume it in the same login. It contains no secret of the
/// login.
///
/// It contains the seed, the content or the values of the forms, how many chunks the server has
/// acknowledged, and when the message first left. The login is identified by a keyed hash. A
/// [checkpointed](super::SendMessage::checkpointed) job saves each new state with
/// [`Action::Save`](super::Action::Save) before its message leaves, so that a crash cannot lead to
/// an unnoticed second message.
///
/// No source says how long the server keeps an incomplete upload. If it no longer accepts the rest,
/// the upload starts over by itself, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    #[serde(deserialize_with = "known_version")]
    version: u32,
    login: String,
    seed: Seed,
    job: SavedJob,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SavedJob {
    Upload(SavedUpload),
    Message(SavedMessage),
    Custom(SavedCustom),
}

/// The state of a custom job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedCustom {
    name: String,
    state: String,
}

/// An incomplete upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedUpload {
    pub(super) to: Recipient,
    pub(super) media: SavedMedia,
    /// `None` until the media has been read.
    pub(super) md5: Option<Md5>,
    /// Chunks that the server has acknowledged.
    pub(super) acked: u32,
    pub(super) started_over: bool,
    /// The ticket, once the upload was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ticket: Option<UploadTicket>,
    /// The server's id of a parallel upload.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "upload_id")]
    pub(super) upload_id: Option<Secret>,
}

/// A message that is not known to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedMessage {
    pub(super) to: Recipient,
    #[serde(flatten)]
    pub(super) content: Content,
    /// When it first left, if it may have been delivered.
    #[serde(rename = "handed_out_ms")]
    pub(super) first_left: Option<UnixMs>,
}

/// The content of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SavedContent", into = "SavedContent")]
pub(super) enum Content {
    Uploaded(Uploaded),
    Inline(InlineContent),
}

/// The saved form of a [`Content`]. All its variants have one level, as those of the first version.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedContent {
    Uploaded(Uploaded),
    Text(Text),
    Emoticon(Emoticon),
    Forward(Forward),
}

impl From<SavedContent> for Content {
    fn from(saved: SavedContent) -> Self {
        match saved {
            SavedContent::Uploaded(uploaded) => Self::Uploaded(uploaded),
            SavedContent::Text(text) => Self::Inline(text.into()),
            SavedContent::Emoticon(emoticon) => Self::Inline(emoticon.into()),
            SavedContent::Forward(forward) => Self::Inline(forward.into()),
        }
    }
}

impl From<Content> for SavedContent {
    fn from(content: Content) -> Self {
        match content {
            Content::Uploaded(uploaded) => Self::Uploaded(uploaded),
            Content::Inline(InlineContent::Text(text)) => Self::Text(text),
            Content::Inline(InlineContent::Emoticon(emoticon)) => Self::Emoticon(emoticon),
            Content::Inline(InlineContent::Forward(forward)) => Self::Forward(forward),
        }
    }
}

/// The saved form of an UploadID. A server could put any secret into it.
mod upload_id {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::secret::Secret;

    pub(super) fn serialize<S: Serializer>(id: &Option<Secret>, to: S) -> Result<S::Ok, S::Error> {
        id.as_ref().map(Secret::expose).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Secret::from))
    }
}

/// Options for resuming a saved job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeOptions {
    /// The current time, if it is known. If it is not, a message that may have been delivered
    /// counts as too old to be sent again. [`UnixMs::EPOCH`] counts as unknown.
    pub unix_ms: Option<UnixMs>,
    /// Whether to send a message again, with the same ClientMsgId, if it may have been delivered
    /// and left more than [`Policy::resend_within`](crate::Policy::resend_within) ago. Without it,
    /// the job ends as [`Uncertain`](crate::ErrorKind::Uncertain).
    pub resend: bool,
}

impl ResumeOptions {
    /// Returns the time at which the job continues, or the epoch if it is unknown.
    pub(super) fn start(self) -> UnixMs {
        self.unix_ms.unwrap_or(UnixMs::EPOCH)
    }
}

/// Why a saved job cannot be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResumeError {
    /// The text is not a saved job, or is damaged.
    NotASnapshot,
    /// The version of the saved job is not 1.
    Version(u32),
    /// The job was saved in another login. MediaIds and UserNames are valid in one login only.
    OtherLogin,
    /// The saved job is of another kind.
    OtherJob,
    /// More chunks are acknowledged than the media has.
    TooManyChunks {
        /// The number of acknowledged chunks.
        acked: u32,
    },
    /// The media of the saved job cannot be sent.
    Media(MediaError),
    /// The session cannot make the requests of the job.
    Request(RequestError),
}

const VERSION: u32 = 1;

fn known_version<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        VERSION => Ok(VERSION),
        other => Err(D::Error::custom(ResumeError::Version(other))),
    }
}

impl Snapshot {
    /// `login` is the session's [fingerprint](Session::fingerprint).
    pub(super) fn new(login: String, seed: Seed, job: SavedJob) -> Self {
        Self { version: VERSION, login, seed, job }
    }

    /// Creates the snapshot of a custom job in the login of `session`. `name` identifies the job.
    /// `state` is any text; it is stored in the clear, so put no secret in it.
    #[must_use]
    pub fn custom(
        session: &Session,
        seed: Seed,
        name: impl Into<String>,
        state: impl Into<String>,
    ) -> Self {
        let saved = SavedCustom { name: name.into(), state: state.into() };
        Self::new(session.fingerprint(&seed.entropy), seed, SavedJob::Custom(saved))
    }

    /// Replaces the state of a custom job. Snapshots of other jobs are unchanged.
    #[must_use]
    pub fn with_custom_state(mut self, new: impl Into<String>) -> Self {
        if let SavedJob::Custom(SavedCustom { state, .. }) = &mut self.job {
            *state = new.into();
        }
        self
    }

    /// Returns the state of a custom job, if it was saved under `name` in the login of `session`.
    ///
    /// # Errors
    /// Returns [`ResumeError::OtherLogin`] or [`ResumeError::OtherJob`].
    pub fn custom_state(&self, session: &Session, name: &str) -> Result<&str, ResumeError> {
        match &self.job {
            _ if !self.belongs_to(session) => Err(ResumeError::OtherLogin),
            SavedJob::Custom(saved) if saved.name == name => Ok(&saved.state),
            _ => Err(ResumeError::OtherJob),
        }
    }

    /// Returns the saved job as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // This cannot fail, because there are only strings and numbers.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the text of [`Snapshot::to_json`].
    ///
    /// # Errors
    /// Returns a [`ResumeError`] for any other text or version.
    pub fn from_json(text: impl AsRef<[u8]>) -> Result<Self, ResumeError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let text = text.as_ref();
        let Versioned { version } =
            serde_json::from_slice(text).map_err(|_| ResumeError::NotASnapshot)?;
        if version != VERSION {
            return Err(ResumeError::Version(version));
        }
        serde_json::from_slice(text).map_err(|_| ResumeError::NotASnapshot)
    }

    /// Returns the seed that the ids of the job are derived from.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Returns the recipient, if the job sends media.
    #[must_use]
    pub fn to(&self) -> Option<&Recipient> {
        match &self.job {
            SavedJob::Upload(saved) => Some(&saved.to),
            SavedJob::Message(saved) => Some(&saved.to),
            SavedJob::Custom(_) => None,
        }
    }

    /// Returns the completed upload, if there is one.
    #[must_use]
    pub fn uploaded(&self) -> Option<&Uploaded> {
        match &self.job {
            SavedJob::Message(SavedMessage { content: Content::Uploaded(uploaded), .. }) => {
                Some(uploaded)
            }
            SavedJob::Message(_) | SavedJob::Upload(_) | SavedJob::Custom(_) => None,
        }
    }

    /// Returns the content of the message, if it needs no upload.
    #[must_use]
    pub fn inline(&self) -> Option<&InlineContent> {
        match &self.job {
            SavedJob::Message(SavedMessage { content: Content::Inline(content), .. }) => {
                Some(content)
            }
            SavedJob::Message(_) | SavedJob::Upload(_) | SavedJob::Custom(_) => None,
        }
    }

    /// Returns whether the media has to be read to resume the job, because its upload is not
    /// finished.
    #[must_use]
    pub fn needs_media(&self) -> bool {
        matches!(self.job, SavedJob::Upload(_))
    }

    /// Returns whether a message has left and it is unknown whether it was delivered.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        matches!(&self.job, SavedJob::Message(SavedMessage { first_left: Some(_), .. }))
    }

    /// Returns the length of the media, if this is an incomplete upload whose media was hashed.
    #[must_use]
    pub fn hashed_len(&self) -> Option<u64> {
        match &self.job {
            SavedJob::Upload(saved) => saved.md5.as_ref().map(|_| saved.media.len),
            SavedJob::Message(_) | SavedJob::Custom(_) => None,
        }
    }

    /// Returns the kind and the file name of the media, if this is an unfinished upload.
    #[must_use]
    pub fn media(&self) -> Option<(MediaKind, &str)> {
        match &self.job {
            SavedJob::Upload(saved) => Some(saved.media.shown_as()),
            SavedJob::Message(_) | SavedJob::Custom(_) => None,
        }
    }

    /// Returns whether the job was saved in the login of `session`.
    #[must_use]
    pub fn belongs_to(&self, session: &Session) -> bool {
        self.login == session.fingerprint(&self.seed.entropy)
    }

    /// Returns the saved job, if it belongs to this login.
    fn check(self, session: &Session) -> Result<(Seed, SavedJob), ResumeError> {
        if !self.belongs_to(session) {
            return Err(ResumeError::OtherLogin);
        }
        Ok((self.seed, self.job))
    }

    pub(super) fn upload(
        self,
        session: &Session,
    ) -> Result<(Seed, SavedUpload, Media), ResumeError> {
        let (seed, job) = self.check(session)?;
        let SavedJob::Upload(saved) = job else { return Err(ResumeError::OtherJob) };
        let media = Media::from_saved(saved.media.clone()).map_err(ResumeError::Media)?;
        if u64::from(saved.acked) * CHUNK >= media.len() {
            return Err(ResumeError::TooManyChunks { acked: saved.acked });
        }
        Ok((seed, saved, media))
    }

    pub(super) fn message(self, session: &Session) -> Result<(Seed, SavedMessage), ResumeError> {
        let (seed, job) = self.check(session)?;
        let SavedJob::Message(saved) = job else { return Err(ResumeError::OtherJob) };
        Ok((seed, saved))
    }
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => f.write_str("the text is not a saved job, or is damaged"),
            Self::Version(version) => {
                write!(f, "the saved job has version {version}; only version 1 is supported")
            }
            Self::OtherLogin => {
                f.write_str("the job was saved in another login and can only be resumed there")
            }
            Self::OtherJob => f.write_str("the saved job is of another kind"),
            Self::TooManyChunks { acked } => {
                write!(f, "the saved job has more acknowledged chunks ({acked}) than its file")
            }
            Self::Media(_) => f.write_str("the file of the saved job cannot be sent"),
            Self::Request(_) => f.write_str("the session cannot resume the saved job"),
        }
    }
}

impl std::error::Error for ResumeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Media(error) => Some(error),
            Self::Request(error) => Some(error),
            _ => None,
        }
    }
}

impl From<RequestError> for ResumeError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}
