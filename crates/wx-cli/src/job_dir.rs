//! The plan of a job and the state of each of its messages, stored in the directory of
//! `--resume-dir` or in memory.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wx_client::entropy;
use wx_client::outbox::{MessageState, Outbox, OutboxJob};
use wx_proto::{Advice, Emoticon, Forward, MediaKind, MsgId, Policy, Recipient, Session};

use crate::client::MediaOptions;
use crate::event::{self, Subject};
use crate::file_stamp::FileStamp;
use crate::files;
use crate::problem::{CHANGED_FILE_HINT, Problem};

/// The items of the job and their recipients.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SendPlan {
    pub(crate) items: Vec<Item>,
    /// The length and the time of each file when the job was begun, if the job is in a directory.
    /// `None` for anything other than a regular file.
    #[serde(default)]
    pub(crate) stamps: Vec<Option<FileStamp>>,
    pub(crate) to: Vec<Recipient>,
    /// Each recipient as the user wrote it.
    #[serde(default)]
    pub(crate) given: Vec<String>,
    /// The session file. Absolute if the job is in a directory.
    #[serde(default)]
    pub(crate) session: Option<PathBuf>,
    /// The largest file, if the user has set a limit.
    #[serde(default)]
    pub(crate) max_size: Option<u64>,
    /// The file name that recipients see, if it differs from the name of the file.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Whether anything that is not an image is refused.
    #[serde(default)]
    pub(crate) images_only: bool,
    /// The kind as which the files are sent. `None` if it depends on their formats.
    pub(crate) kind: Option<MediaKind>,
    pub(crate) pace: Option<Duration>,
}

/// A part of the plan, which is sent to all recipients.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Item {
    Text(String),
    Emoticon(Emoticon),
    /// A message that was received, and its id, if it has one.
    Forward {
        message: Forward,
        msg_id: Option<MsgId>,
    },
    /// The path is absolute if the job is in a directory.
    File(PathBuf),
}

impl Item {
    /// Returns the path of a file.
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Text(_) | Self::Emoticon(_) | Self::Forward { .. } => None,
            Self::File(path) => Some(path),
        }
    }

    /// Returns the id of a message that was received.
    fn forwarded(&self) -> Option<&MsgId> {
        match self {
            Self::Forward { msg_id, .. } => msg_id.as_ref(),
            Self::Text(_) | Self::Emoticon(_) | Self::File(_) => None,
        }
    }
}

impl SendPlan {
    /// Returns whether a file is sent, and not only texts.
    pub(crate) fn has_files(&self) -> bool {
        self.items.iter().any(|item| matches!(item, Item::File(_)))
    }

    /// Returns `policy` with the limit of the user.
    pub(crate) fn limited(&self, mut policy: Policy) -> Policy {
        if let Some(limit) = self.max_size {
            (policy.max_upload, policy.max_video, policy.max_file) = (limit, limit, limit);
        }
        policy
    }

    /// Returns how a file is sent.
    pub(crate) fn media_options(&self) -> MediaOptions<'_> {
        let name = self.name.as_deref();
        MediaOptions { name, kind: self.kind, images_only: self.images_only }
    }

    /// Returns a subject for each item and recipient, in the order in which they are sent. `kinds`
    /// are the [kinds](Self::kinds) of the items. Until the recipients are looked up, they are as
    /// the user wrote them.
    pub(crate) fn subjects(&self, kinds: &[Option<&'static str>]) -> Vec<Subject> {
        let to: Vec<_> = self.to.iter().map(ToString::to_string).collect();
        // An old record has no recipients as the user wrote them.
        let given = if self.given.is_empty() { &to } else { &self.given };
        let to = if self.to.is_empty() { given } else { &to };
        let subjects = |(at, (item, kind)): (usize, (&Item, &Option<&'static str>))| {
            let (file, label) = (item.path(), self.label(at));
            let file = file.map(|path| path.to_string_lossy().into_owned());
            let (kind, forwarded) = (*kind, item.forwarded().cloned());
            to.iter().zip(given).map(move |(to, given)| Subject::Outbound {
                file: file.clone(),
                label: label.clone(),
                forwarded: forwarded.clone(),
                kind,
                to: to.clone(),
                given: given.clone(),
            })
        };
        self.items.iter().zip(kinds).enumerate().flat_map(subjects).collect()
    }

    /// Returns what distinguishes an item from others of its kind in lines for people.
    fn label(&self, at: usize) -> Option<String> {
        let count =
            |items: &[Item]| items.iter().filter(|item| matches!(item, Item::Text(_))).count();
        match &self.items[at] {
            Item::Text(_) => match count(&self.items) {
                1 => None,
                all => Some(format!("text {} of {all}", count(&self.items[..=at]))),
            },
            Item::Emoticon(emoticon) => Some(format!("emoticon {}", emoticon.md5())),
            Item::Forward { msg_id, .. } => msg_id.as_ref().map(ToString::to_string),
            Item::File(_) => None,
        }
    }

    /// Returns the subjects if the items could not all be read: those that are known, and one for
    /// each recipient that stands for the others.
    pub(crate) fn subjects_of_unread(&self) -> Vec<Subject> {
        let unread = self.given.iter().map(|given| Subject::Outbound {
            file: None,
            label: None,
            forwarded: None,
            kind: None,
            to: given.clone(),
            given: given.clone(),
        });
        unread.chain(self.subjects(&self.kinds())).collect()
    }

    /// Returns the kind of message that each item is sent as, as far as it is known before
    /// anything is sent. Reads the beginning of each file.
    pub(crate) fn kinds(&self) -> Vec<Option<&'static str>> {
        let kind = |item: &Item| match (item, self.kind) {
            (Item::Text(_), _) => Some(event::TEXT),
            (Item::Emoticon(_), _) => Some(MediaKind::Emoticon.name()),
            (Item::Forward { message, .. }, _) => Some(message.name()),
            (Item::File(_), Some(kind)) => Some(kind.name()),
            (Item::File(path), None) => {
                let media = files::media(path)?;
                Some(self.media_options().applied(media).ok()?.kind().name())
            }
        };
        self.items.iter().map(kind).collect()
    }
}

/// An outbox with a message for each item and recipient.
pub(crate) struct JobDir {
    dir: Option<PathBuf>,
    outbox: Outbox,
    about: About,
    unrecorded: Cell<bool>,
}

#[derive(Serialize, Deserialize)]
struct About {
    /// The login, hashed under a random key. UserNames are valid only within that login.
    key: [u8; 16],
    login: String,
    plan: SendPlan,
}

impl JobDir {
    /// Begins a job in the login of `session`, either in memory or in a directory without an
    /// unfinished job.
    pub(crate) fn create(
        dir: Option<&Path>,
        mut plan: SendPlan,
        session: &Session,
    ) -> Result<Self, Problem> {
        let outbox = dir.map_or_else(|| Ok(Outbox::in_memory()), Outbox::open)?;
        if dir.is_some() {
            if !outbox.messages().is_empty() {
                About::read(&outbox)?;
            }
            if !outbox.messages().iter().all(|message| is_settled(&message.state))
                || !outbox.clear()?
            {
                return Err(Problem::local("holds an unfinished job", Advice::CheckFile)
                    .hint("wx resume continues it; delete the directory to give it up"));
            }
            for item in &mut plan.items {
                if let Item::File(path) = item {
                    *path = std::path::absolute(&*path)?;
                }
            }
            let stamp = |item: &Item| FileStamp::read(item.path()?).ok();
            plan.stamps = plan.items.iter().map(stamp).collect();
            plan.session = plan.session.map(std::path::absolute).transpose()?;
            // JSON cannot contain a path that is not UTF-8.
            plan.session.take_if(|path| path.to_str().is_none());
        }
        let key = entropy()?;
        let about = About { key, login: session.fingerprint(&key), plan };
        // In memory the plan is not read back, and JSON may be unable to contain its paths.
        let told = dir.map_or(Ok(Value::Null), |_| serde_json::to_value(&about));
        let told = told.map_err(io::Error::from)?;
        let job =
            Self { dir: dir.map(Path::to_owned), outbox, about, unrecorded: Cell::new(false) };
        let plan = job.plan();
        let messages = (0..plan.items.len()).flat_map(|file| {
            plan.to
                .iter()
                .enumerate()
                .map(move |(at, to)| (key_of(file, at), to.clone(), file.to_string()))
        });
        job.outbox.plan(told, messages)?;
        Ok(job)
    }

    /// Opens the job in a directory. Returns `None` if there is none.
    pub(crate) fn open(dir: &Path) -> Result<Option<Self>, Problem> {
        // Fails if the directory does not exist. Otherwise, the outbox would create it.
        fs::metadata(dir)?;
        let outbox = Outbox::open(dir)?;
        if outbox.messages().is_empty() {
            outbox.remove()?;
            return Ok(None);
        }
        let about = About::read(&outbox)?;
        let dir = Some(dir.to_owned());
        Ok(Some(Self { dir, outbox, about, unrecorded: Cell::new(false) }))
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
    pub(crate) fn check_unchanged(&self, item: usize, path: &Path) -> Result<(), Problem> {
        match self.plan().stamps.get(item) {
            Some(Some(stamp)) if FileStamp::read(path)? != *stamp => {
                Err(Problem::local("changed after the job was begun", Advice::CheckFile)
                    .hint(CHANGED_FILE_HINT))
            }
            _ => Ok(()),
        }
    }

    /// Records that the server accepted a message whose result could not be written.
    pub(crate) fn set_unrecorded(&self) {
        self.unrecorded.set(true);
    }

    /// Ends the work and returns what is left of the job. If nothing is left, removes the record.
    pub(crate) fn close(self) -> io::Result<Left> {
        let messages = self.outbox.messages();
        let count = |state| messages.iter().filter(|message| message.state == state).count();
        let (not_sent, in_doubt) = (count(MessageState::NotSent), count(MessageState::InDoubt));
        let is_kept = self.is_kept() && (self.outbox.is_begun() || self.outbox.is_broken());
        Ok(match self.unrecorded.get() {
            true if is_kept && not_sent > 0 => Left::UnsentAndUnrecorded,
            _ if is_kept && not_sent > 0 => Left::Unsent,
            // The record shows the message without its reply as in doubt.
            true if is_kept && in_doubt == 1 => Left::Unrecorded,
            _ if is_kept && in_doubt > 0 => Left::InDoubt,
            _ => {
                self.outbox.remove()?;
                Left::Nothing
            }
        })
    }
}

/// The state of an unfinished job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    /// Messages that were not sent, and possibly others.
    Unsent,
    /// Messages that were not sent. The reply to one that was sent is not on record.
    UnsentAndUnrecorded,
    /// Only messages that may have been delivered.
    InDoubt,
    /// Everything is sent, but the last reply is not on record.
    Unrecorded,
}

impl About {
    /// Reads the plan. Refuses the outbox of another program, so that it is neither sent nor
    /// removed.
    fn read(outbox: &Outbox) -> Result<Self, Problem> {
        serde_json::from_value(outbox.about()).map_err(|_| {
            Problem::local("holds an outbox of another program", Advice::CheckFile)
                .hint("choose another directory")
        })
    }
}

fn is_settled(state: &MessageState) -> bool {
    matches!(state, MessageState::Sent(_) | MessageState::GivenUp)
}

/// Returns the key of a message: the index of its item and that of its recipient.
fn key_of(file: usize, to: usize) -> String {
    format!("{file}/{to}")
}
