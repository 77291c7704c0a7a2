use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::endpoint::upload_media::CHUNK;
use crate::model::md5::Md5;
use crate::model::picture::{Picture, SavedPicture};
use crate::model::policy::Policy;
use crate::model::recipient::Recipient;
use crate::model::seed::Seed;
use crate::model::uploaded::Uploaded;
use crate::session::Session;

/// A send in progress, saved: enough to go on with it in the same login, and no secret.
///
/// It holds the seed, what the forms are made of, how many chunks the server has acknowledged, and
/// when the message was first handed out. The login is recognised by a keyed hash. Save it
/// **after** each poll and **before** acting on it, as [`Saving`](super::Saving) does: then a crash
/// cannot turn into a second message unseen.
///
/// How long the server keeps half an upload, no source tells. If it no longer wants the rest, the
/// upload starts over by itself, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    #[serde(deserialize_with = "known_version")]
    version: u32,
    login: String,
    seed: Seed,
    to: Recipient,
    job: SavedJob,
}

/// What is saved of a job.
pub(super) struct Saved {
    pub(super) to: Recipient,
    pub(super) job: SavedJob,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SavedJob {
    Upload(SavedUpload),
    Message(SavedMessage),
}

/// An upload that is not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedUpload {
    pub(super) picture: SavedPicture,
    /// Known once the picture has been read.
    pub(super) md5: Option<Md5>,
    /// Chunks that the server has acknowledged.
    pub(super) acked: u32,
    pub(super) started_over: bool,
}

/// A message that is not known to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SavedMessage {
    pub(super) uploaded: Uploaded,
    /// When it first left, in Unix milliseconds, if it may have been delivered.
    pub(super) handed_out_ms: Option<u64>,
}

/// The moment at which a saved job is taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResumeOptions {
    /// The time, in Unix milliseconds; 0 if it is unknown. A message that may have been delivered
    /// then counts as too old to be handed out again, as one that left at 0 does.
    pub unix_ms: u64,
    /// Whether a message whose fate is unknown, and which left more than [`Policy::resend_within`]
    /// ago, is handed out once more with its own ClientMsgId. Without it the job ends as
    /// [`Uncertain`](crate::ErrorKind::Uncertain), as it stands.
    pub resend: bool,
}

/// Why a saved job cannot be taken up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResumeError {
    /// The text is not a saved job.
    NotASnapshot,
    /// It has another version than 1.
    Version(u32),
    /// It was saved in another login: MediaIds and UserNames of one login mean nothing in another.
    OtherLogin,
    /// It is another kind of job.
    OtherJob,
    /// What it holds cannot be.
    Invalid(&'static str),
    /// The session does not allow it.
    RequestError(crate::model::request_error::RequestError),
}

const VERSION: u32 = 1;

fn known_version<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        VERSION => Ok(VERSION),
        other => Err(D::Error::custom(ResumeError::Version(other))),
    }
}

impl Snapshot {
    pub(super) fn new(session: &Session, seed: Seed, Saved { to, job }: Saved) -> Self {
        Self { version: VERSION, login: session.fingerprint(&seed.entropy), seed, to, job }
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
                true => ResumeError::Invalid("md5"),
                false => ResumeError::NotASnapshot,
            }
        })
    }

    /// What its ids follow from.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// Whom it goes to.
    #[must_use]
    pub fn to(&self) -> &Recipient {
        &self.to
    }

    /// The upload, once it is won.
    #[must_use]
    pub fn uploaded(&self) -> Option<&Uploaded> {
        match &self.job {
            SavedJob::Message(saved) => Some(&saved.uploaded),
            SavedJob::Upload(_) => None,
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
            SavedJob::Message(_) => None,
        }
    }

    /// Whether it was saved in this login.
    #[must_use]
    pub fn is_of(&self, session: &Session) -> bool {
        self.login == session.fingerprint(&self.seed.entropy)
    }

    /// What is saved, if it is of this login.
    fn check(self, session: &Session) -> Result<(Seed, Recipient, SavedJob), ResumeError> {
        if !self.is_of(session) {
            return Err(ResumeError::OtherLogin);
        }
        Ok((self.seed, self.to, self.job))
    }

    pub(super) fn upload(
        self,
        session: &Session,
        policy: &Policy,
    ) -> Result<(Seed, Recipient, SavedUpload, Picture), ResumeError> {
        let (seed, to, job) = self.check(session)?;
        let SavedJob::Upload(saved) = job else { return Err(ResumeError::OtherJob) };
        let picture = Picture::from_saved(saved.picture.clone(), policy)
            .map_err(|_| ResumeError::Invalid("picture"))?;
        if u64::from(saved.acked) * CHUNK >= picture.len() {
            return Err(ResumeError::Invalid("acked"));
        }
        Ok((seed, to, saved, picture))
    }

    pub(super) fn message(
        self,
        session: &Session,
    ) -> Result<(Seed, Recipient, SavedMessage), ResumeError> {
        let (seed, to, job) = self.check(session)?;
        let SavedJob::Message(saved) = job else { return Err(ResumeError::OtherJob) };
        Ok((seed, to, saved))
    }
}

impl fmt::Display for ResumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => f.write_str("not a saved job"),
            Self::Version(version) => {
                write!(f, "the saved job has version {version}, only version 1 is known")
            }
            Self::OtherLogin => {
                f.write_str("the job was saved in another login, where it cannot go on")
            }
            Self::OtherJob => f.write_str("the saved job is of another kind"),
            Self::Invalid(what) => write!(f, "the saved job's {what:?} is not valid"),
            Self::RequestError(unready) => unready.fmt(f),
        }
    }
}

impl std::error::Error for ResumeError {}

impl From<crate::model::request_error::RequestError> for ResumeError {
    fn from(unready: crate::model::request_error::RequestError) -> Self {
        Self::RequestError(unready)
    }
}
