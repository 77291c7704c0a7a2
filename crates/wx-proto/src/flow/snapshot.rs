use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::endpoint::upload_media::CHUNK;
use crate::model::md5::Md5;
use crate::model::media::{Media, MediaError, SavedMedia};
use crate::model::media_kind::MediaKind;
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::model::uploaded::Uploaded;
use crate::session::Session;

/// A job in progress, saved: enough to go on with it in the same login, and no secret.
///
/// It holds the seed, what the forms are made of, how many chunks the server has acknowledged, and
/// when the message was first handed out. The login is recognised by a keyed hash. A job that is
/// [checkpointed](super::SendImage::checkpointed) hands out each new state as an
/// [`Action::Save`](super::Action::Save), in time: then a crash cannot turn into a second message
/// unseen.
///
/// How long the server keeps half an upload, no source tells. If it no longer wants the rest, the
/// upload starts over by itself, once.
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

/// A job of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedCustom {
    name: String,
    state: String,
}

/// An upload that is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedUpload {
    pub(super) to: Recipient,
    pub(super) picture: SavedMedia,
    /// Known once the picture has been read.
    pub(super) md5: Option<Md5>,
    /// Chunks that the server has acknowledged.
    pub(super) acked: u32,
    pub(super) started_over: bool,
}

/// A message that is not known to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedMessage {
    pub(super) to: Recipient,
    pub(super) uploaded: Uploaded,
    /// When it first left, in Unix milliseconds, if it may have been delivered.
    pub(super) handed_out_ms: Option<u64>,
}

/// The moment at which a saved job is taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeOptions {
    /// The time in Unix milliseconds, if it is known. If it is not, a message that may have been
    /// delivered counts as too old to be handed out again. A clock that stands at 0 knows nothing.
    pub unix_ms: Option<u64>,
    /// Whether a message whose fate is unknown, and which left more than [`Policy::resend_within`]
    /// ago, is handed out once more with its own ClientMsgId. Without it the job ends as
    /// [`Uncertain`](crate::ErrorKind::Uncertain), as it stands.
    pub resend: bool,
}

impl ResumeOptions {
    /// The time at which the job goes on; 0 if it is unknown.
    pub(super) fn start_ms(self) -> u64 {
        self.unix_ms.unwrap_or(0)
    }
}

/// Why a saved job cannot be resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResumeError {
    /// The text is not a saved job.
    NotASnapshot,
    /// The version of the saved job is not 1.
    Version(u32),
    /// The job was saved in another login. MediaIds and UserNames mean nothing outside theirs.
    OtherLogin,
    /// The saved job is of another kind.
    OtherJob,
    /// More chunks are acknowledged than the picture has.
    TooManyChunks {
        /// The number of acknowledged chunks.
        acked: u32,
    },
    /// The MD5 of the saved job is malformed.
    InvalidMd5,
    /// The picture of the saved job cannot be sent.
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

    /// Creates the snapshot of a job of your own, in the login of `session`. `name` tells it from
    /// other jobs. `state` is any text, but it is stored as it is: put no secret in it.
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

    /// Creates the snapshot of the same job of your own with another state. One of another job
    /// stays as it is.
    #[must_use]
    pub fn with_custom_state(mut self, new: impl Into<String>) -> Self {
        if let SavedJob::Custom(SavedCustom { state, .. }) = &mut self.job {
            *state = new.into();
        }
        self
    }

    /// Returns the state of a job of your own, if it was saved under `name` in the login of
    /// `session`.
    ///
    /// # Errors
    /// [`ResumeError::OtherLogin`] or [`ResumeError::OtherJob`].
    pub fn custom_state(&self, session: &Session, name: &str) -> Result<&str, ResumeError> {
        match &self.job {
            _ if !self.is_of(session) => Err(ResumeError::OtherLogin),
            SavedJob::Custom(saved) if saved.name == name => Ok(&saved.state),
            _ => Err(ResumeError::OtherJob),
        }
    }

    /// The saved job as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and numbers alone: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Snapshot::to_json`] wrote.
    ///
    /// # Errors
    /// [`ResumeError`] for anything else, and for another version.
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
        serde_json::from_slice(text).map_err(|_| {
            let saved: Value = serde_json::from_slice(text).unwrap_or_default();
            let md5 =
                |at| saved.pointer(at).is_some_and(|md5| Option::<Md5>::deserialize(md5).is_err());
            match md5("/job/upload/md5") || md5("/job/message/uploaded/md5") {
                true => ResumeError::InvalidMd5,
                false => ResumeError::NotASnapshot,
            }
        })
    }

    /// What its ids follow from.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Returns whom it goes to, if it is a picture on its way.
    #[must_use]
    pub fn to(&self) -> Option<&Recipient> {
        match &self.job {
            SavedJob::Upload(saved) => Some(&saved.to),
            SavedJob::Message(saved) => Some(&saved.to),
            SavedJob::Custom(_) => None,
        }
    }

    /// The upload, once it is won.
    #[must_use]
    pub fn uploaded(&self) -> Option<&Uploaded> {
        match &self.job {
            SavedJob::Message(saved) => Some(&saved.uploaded),
            SavedJob::Upload(_) | SavedJob::Custom(_) => None,
        }
    }

    /// Whether a message was handed out whose fate is not known.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        matches!(&self.job, SavedJob::Message(SavedMessage { handed_out_ms: Some(_), .. }))
    }

    /// The picture's length, if this is an upload that is not finished and whose picture was
    /// hashed.
    #[must_use]
    pub fn hashed_len(&self) -> Option<u64> {
        match &self.job {
            SavedJob::Upload(saved) => saved.md5.as_ref().map(|_| saved.picture.len),
            SavedJob::Message(_) | SavedJob::Custom(_) => None,
        }
    }

    /// Returns what the picture is sent as, and its name, if this is an upload that is not
    /// finished.
    #[must_use]
    pub fn picture(&self) -> Option<(MediaKind, &str)> {
        match &self.job {
            SavedJob::Upload(saved) => Some(saved.picture.shown_as()),
            SavedJob::Message(_) | SavedJob::Custom(_) => None,
        }
    }

    /// Whether it was saved in this login.
    #[must_use]
    pub fn is_of(&self, session: &Session) -> bool {
        self.login == session.fingerprint(&self.seed.entropy)
    }

    /// What is saved, if it is of this login.
    fn check(self, session: &Session) -> Result<(Seed, SavedJob), ResumeError> {
        if !self.is_of(session) {
            return Err(ResumeError::OtherLogin);
        }
        Ok((self.seed, self.job))
    }

    pub(super) fn upload(
        self,
        session: &Session,
        policy: &Policy,
    ) -> Result<(Seed, SavedUpload, Media), ResumeError> {
        let (seed, job) = self.check(session)?;
        let SavedJob::Upload(saved) = job else { return Err(ResumeError::OtherJob) };
        let picture =
            Media::from_saved(saved.picture.clone(), policy).map_err(ResumeError::Media)?;
        if u64::from(saved.acked) * CHUNK >= picture.len() {
            return Err(ResumeError::TooManyChunks { acked: saved.acked });
        }
        Ok((seed, saved, picture))
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
            Self::NotASnapshot => f.write_str("the text is not a saved job"),
            Self::Version(version) => {
                write!(f, "the saved job has version {version}, only version 1 is known")
            }
            Self::OtherLogin => {
                f.write_str("the job was saved in another login and can only go on there")
            }
            Self::OtherJob => f.write_str("the saved job is of another kind"),
            Self::TooManyChunks { acked } => {
                write!(f, "the saved job's picture has fewer chunks than the {acked} acknowledged")
            }
            Self::InvalidMd5 => f.write_str("the MD5 of the saved job is malformed"),
            Self::Media(_) => f.write_str("the saved job's picture cannot be sent"),
            Self::Request(_) => f.write_str("the session cannot go on with the saved job"),
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
