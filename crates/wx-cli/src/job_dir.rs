//! What is sent to whom, and the state of each message: in the directory of `--resume-dir`, or in
//! memory.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wx_client::entropy;
use wx_client::outbox::{MessageState, Outbox, OutboxJob};
use wx_proto::{Advice, MediaKind, Recipient, Session};

use crate::event::Subject;
use crate::file_stamp::FileStamp;
use crate::problem::{FORMER, Problem};

/// What is sent to whom.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SendPlan {
    /// Absolute if the job is in a directory.
    pub(crate) files: Vec<PathBuf>,
    /// The state of each file when the job was begun, if the job is in a directory. `None` for what
    /// is not a file.
    #[serde(default)]
    pub(crate) stamps: Vec<Option<FileStamp>>,
    pub(crate) to: Vec<Recipient>,
    /// What the user gave for each recipient.
    #[serde(default)]
    pub(crate) given: Vec<String>,
    /// The session file. Absolute if the job is in a directory.
    #[serde(default)]
    pub(crate) session: Option<PathBuf>,
    pub(crate) max_size: u64,
    /// The kind that the pictures are sent as. `None` if their formats decide.
    pub(crate) kind: Option<MediaKind>,
    pub(crate) pace: Option<Duration>,
}

impl SendPlan {
    /// Returns a subject for each picture and recipient, in the order in which they are sent.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let to: Vec<_> = self.to.iter().map(ToString::to_string).collect();
        let given = if self.given.is_empty() { &to } else { &self.given };
        subjects_of(&self.files, &to, given)
    }
}

/// Returns a subject for each file and recipient.
pub(crate) fn subjects_of(files: &[PathBuf], to: &[String], given: &[String]) -> Vec<Subject> {
    let of = |file: &PathBuf| {
        let file = file.to_string_lossy().into_owned();
        to.iter().zip(given).map(move |(to, given)| {
            let (to, given) = (to.clone(), given.clone());
            Subject::Picture { file: file.clone(), to, given }
        })
    };
    files.iter().flat_map(of).collect()
}

/// An outbox with a message for each picture and recipient.
pub(crate) struct JobDir {
    dir: Option<PathBuf>,
    outbox: Outbox,
    about: About,
    unrecorded: Cell<bool>,
}

#[derive(Serialize, Deserialize)]
struct About {
    /// The login, hashed under a random key. UserNames are valid in that login only.
    key: [u8; 16],
    login: String,
    plan: SendPlan,
}

impl JobDir {
    /// Begins a job in the login of `session`: in a directory without an unfinished job, or in
    /// memory.
    pub(crate) fn create(
        dir: Option<&Path>,
        mut plan: SendPlan,
        session: &Session,
    ) -> Result<Self, Problem> {
        let outbox = dir.map_or_else(|| Ok(Outbox::in_memory()), Outbox::open)?;
        if dir.is_some() {
            if !outbox.messages().is_empty() {
                About::of(&outbox)?;
            }
            if !outbox.messages().iter().all(|message| is_settled(&message.state))
                || !outbox.clear()?
            {
                return Err(Problem::local("holds an unfinished job", Advice::CheckFile)
                    .hint("wx resume continues it; delete the directory to give it up"));
            }
            let files = plan.files.iter().map(std::path::absolute);
            plan.files = files.collect::<io::Result<_>>()?;
            plan.stamps = plan.files.iter().map(|file| FileStamp::of(file).ok()).collect();
            plan.session = plan.session.map(std::path::absolute).transpose()?;
            // JSON cannot hold any other path.
            plan.session.take_if(|path| path.to_str().is_none());
        }
        let key = entropy()?;
        let about = About { key, login: session.fingerprint(&key), plan };
        // It is not read in memory, where JSON may not be able to hold the paths.
        let told = dir.map_or(Ok(Value::Null), |_| serde_json::to_value(&about));
        let told = told.map_err(io::Error::from)?;
        let job =
            Self { dir: dir.map(Path::to_owned), outbox, about, unrecorded: Cell::new(false) };
        let plan = job.plan();
        let messages = (0..plan.files.len()).flat_map(|file| {
            plan.to
                .iter()
                .enumerate()
                .map(move |(at, to)| (key_of(file, at), to.clone(), file.to_string()))
        });
        job.outbox.plan(told, messages)?;
        Ok(job)
    }

    /// Opens the job in a directory.
    pub(crate) fn open(dir: &Path) -> Result<Self, Problem> {
        // Fails if the directory does not exist, which would be created otherwise.
        fs::metadata(dir)?;
        let outbox = Outbox::open(dir)?;
        if outbox.messages().is_empty() {
            outbox.remove()?;
            return Err(Problem::local("holds no job", Advice::CheckFile)
                .hint("give the directory of a wx send-image --resume-dir that did not finish"));
        }
        let about = About::of(&outbox)?;
        Ok(Self { dir: Some(dir.to_owned()), outbox, about, unrecorded: Cell::new(false) })
    }

    pub(crate) fn check_login(&self, session: &Session) -> Result<(), Problem> {
        if self.about.login == session.fingerprint(&self.about.key) {
            return Ok(());
        }
        Err(Problem::local("the job was begun in another login", Advice::CheckFile)
            .hint("use that login's session file, or delete the directory to give the job up"))
    }

    pub(crate) fn plan(&self) -> &SendPlan {
        &self.about.plan
    }

    /// Returns whether the job is in a directory.
    pub(crate) fn is_kept(&self) -> bool {
        self.dir.is_some()
    }

    /// Returns whether the record can no longer be written.
    pub(crate) fn is_broken(&self) -> bool {
        self.outbox.is_broken()
    }

    /// Returns whether the message is settled.
    pub(crate) fn is_settled(&self, file: usize, to: usize) -> bool {
        self.outbox.state(&key_of(file, to)).is_some_and(|state| is_settled(&state))
    }

    pub(crate) fn is_in_doubt(&self, file: usize, to: usize) -> bool {
        self.outbox.state(&key_of(file, to)) == Some(MessageState::InDoubt)
    }

    /// Settles a message in doubt.
    pub(crate) fn give_up(&self, file: usize, to: usize) -> Result<bool, Problem> {
        Ok(self.outbox.give_up(&key_of(file, to))?)
    }

    /// Begins work on a message.
    pub(crate) fn message(
        &self,
        file: usize,
        to: usize,
        session: &Session,
    ) -> Result<OutboxJob, Problem> {
        Ok(self.outbox.job(&key_of(file, to), &self.plan().to[to], session)?)
    }

    /// Refuses a file that has changed since the job was begun.
    pub(crate) fn check_unchanged(&self, file: usize) -> Result<(), Problem> {
        let plan = self.plan();
        match plan.stamps.get(file) {
            Some(Some(stamp)) if FileStamp::of(&plan.files[file])? != *stamp => {
                Err(Problem::local("changed after the job was begun", Advice::CheckFile)
                    .hint(FORMER))
            }
            _ => Ok(()),
        }
    }

    /// Notes that the server accepted a message and the record could not be written.
    pub(crate) fn set_unrecorded(&self) {
        self.unrecorded.set(true);
    }

    /// Ends the work and returns what is left. If nothing is left, the record is removed.
    pub(crate) fn close(self) -> io::Result<Left> {
        let messages = self.outbox.messages();
        let count = |state| messages.iter().filter(|message| message.state == state).count();
        let (not_sent, in_doubt) = (count(MessageState::NotSent), count(MessageState::InDoubt));
        let is_kept = self.is_kept() && (self.outbox.is_begun() || self.outbox.is_broken());
        Ok(match self.unrecorded.get() {
            true if is_kept && not_sent > 0 => Left::UnsentAndUnrecorded,
            _ if is_kept && not_sent > 0 => Left::Unsent,
            // The message whose reply is not on record is in doubt there.
            true if is_kept && in_doubt == 1 => Left::Unrecorded,
            _ if is_kept && in_doubt > 0 => Left::InDoubt,
            _ => {
                self.outbox.remove()?;
                Left::Nothing
            }
        })
    }
}

/// What is left of a job that can be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    /// Messages that were not sent, and possibly others.
    Unsent,
    /// Messages that were not sent, and the record lacks the reply of one that was sent.
    UnsentAndUnrecorded,
    /// Only messages that may have been delivered.
    InDoubt,
    /// Everything is sent, and the record lacks the last reply.
    Unrecorded,
}

impl About {
    /// Reads the plan. The outbox of another program is refused, and neither sent nor removed.
    fn of(outbox: &Outbox) -> Result<Self, Problem> {
        serde_json::from_value(outbox.about()).map_err(|_| {
            Problem::local("holds an outbox of another program", Advice::CheckFile)
                .hint("choose another directory")
        })
    }
}

fn is_settled(state: &MessageState) -> bool {
    matches!(state, MessageState::Sent(_) | MessageState::GivenUp)
}

/// Returns the key of a message: the indices of its picture and its recipient.
fn key_of(file: usize, to: usize) -> String {
    format!("{file}/{to}")
}
