//! Sends each message once, across crashes and restarts.

mod comparison;
mod error;
mod inline_digest;
mod inner;
mod job;
mod message;
mod record;
mod record_error;
mod storage;
mod used_key;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use wx_proto::{Error, IdSource, Recipient, Session};

use crate::clock::unix_ms;
use crate::directory;
use crate::lock::{LockedFile, sync_directory};
use crate::seed::entropy;
use crate::temp_file::{self, Access};
use inner::Inner;
use record::{Entry, Message, Planned, Record};
use record_error::RecordError;
use storage::MemoryStorage;

pub use comparison::Comparison;
pub use error::{OutboxError, OutboxErrorKind};
pub use job::{OutboxFlow, OutboxJob, UploadTurn};
pub use message::{MessageState, OutboxMessage};
pub use storage::Storage;
pub use used_key::UsedKey;

/// Records the state of each message under a key that the caller chooses, so that no message is
/// sent twice, even if the program is killed at any point.
///
/// Each try is on disk before the message [leaves](wx_proto::flow#the-contract), and its reply is
/// on disk before anything else leaves. If the record cannot be written, nothing more is sent: the
/// current job ends with its recorded state, or with the reply if the server has accepted the
/// message, and the outbox refuses all calls until it is opened again.
///
/// A message that has left and has no known reply is sent again under the same ClientMsgId within
/// [`Policy::resend_within`](wx_proto::Policy::resend_within) of its first try. After that it ends
/// as [`Uncertain`](wx_proto::ErrorKind::Uncertain), unless it is
/// [resent](OutboxJob::send) on request or [given up](Outbox::give_up). On Linux, a message counts
/// as late once the computer has been restarted, whatever its clock says.
///
/// The record contains recipients, file names, and the texts and forwarded messages that are not
/// known to be sent, but no secret of the login. Keys remain valid in other logins. UserNames and
/// uploads do not, so an unfinished upload starts over in another login. Neither do messages to
/// forward.
///
/// Clones share the record. Its file is locked until the last of them is dropped.
#[derive(Clone)]
pub struct Outbox(Arc<Mutex<Inner>>);

/// The minimum length of a record that is rewritten when it is opened, if it is mostly obsolete.
const COMPACT: usize = 1024 * 1024;

/// The maximum time by which ids can be ahead of the clock. Each id takes two milliseconds.
const AHEAD: Duration = Duration::from_secs(60);

impl Outbox {
    /// The file name of the record in its directory.
    pub const FILE: &str = "outbox.jsonl";

    /// Opens the outbox in a directory. If the directory does not exist, creates it so that only
    /// its owner can read it.
    ///
    /// # Errors
    /// [`OutboxErrorKind::Busy`] if another process, or another outbox of this one, has it open;
    /// another kind if the file is not the record of an outbox, or cannot be read.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, OutboxError> {
        let dir = dir.as_ref();
        let path = dir.join(Self::FILE);
        directory::create(dir, Access::Private).map_err(OutboxError::at(dir))?;
        let file = LockedFile::open(&path, true).map_err(OutboxError::at(&path))?;
        sync_directory(dir).map_err(OutboxError::at(dir))?;
        temp_file::sweep(dir);
        Self::read(file, Some(path))
    }

    /// Creates an outbox in memory, which exists until its last clone is dropped.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(Record::default(), MemoryStorage, 0, None)
    }

    /// Opens an outbox in custom storage.
    ///
    /// # Errors
    /// Like [`Outbox::open`].
    pub fn with_storage(storage: impl Storage + 'static) -> Result<Self, OutboxError> {
        Self::read(storage, None)
    }

    fn read(
        mut storage: impl Storage + 'static,
        path: Option<PathBuf>,
    ) -> Result<Self, OutboxError> {
        let opened = Self::recover(&mut storage);
        let (record, good) = match &path {
            Some(path) => opened.map_err(OutboxError::at(path))?,
            None => opened?,
        };
        // Later ids are from a time when the clock was wrong, and will not be used again soon.
        let latest = record.latest_id();
        if latest <= unix_ms().saturating_add(AHEAD) {
            IdSource::process().skip(latest);
        }
        let outbox = Self::new(record, storage, good as u64, path);
        let mut inner = outbox.inner();
        if inner.record.key.is_none() {
            let key = entropy().map_err(io::Error::other)?;
            inner.commit(Record::first(key))?;
        } else if good > COMPACT {
            let entries = inner.record.entries();
            let compact = record::lines(&entries);
            if compact.len() < good / 2 {
                inner.replace(&compact)?;
            }
        }
        drop(inner);
        Ok(outbox)
    }

    /// Reads the record and its length. Removes a truncated last entry.
    fn recover(storage: &mut impl Storage) -> Result<(Record, usize), OutboxError> {
        let bytes = storage.read()?;
        let (record, good) = Record::read(&bytes)?;
        if good < bytes.len() {
            storage.truncate(good as u64)?;
            storage.sync()?;
        }
        Ok((record, good))
    }

    fn new(
        record: Record,
        storage: impl Storage + 'static,
        len: u64,
        path: Option<PathBuf>,
    ) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            record,
            storage: Box::new(storage),
            path,
            len,
            broken: None,
            active: HashSet::new(),
            uploading: HashMap::new(),
        })))
    }

    /// Plans messages atomically: either all of them are recorded, or none. Each message is a key,
    /// a recipient, and the name of its upload. Messages with the same upload name share the
    /// upload, even if they are sent concurrently. Planning is optional for a single message.
    ///
    /// # Errors
    /// If a key is empty or already on record, or if the record cannot be written.
    pub fn plan(
        &self,
        about: Value,
        messages: impl IntoIterator<Item = (String, Recipient, String)>,
    ) -> Result<(), OutboxError> {
        let mut inner = self.inner();
        let mut keys = HashSet::new();
        let mut planned = Vec::new();
        for (key, to, upload) in messages {
            if key.is_empty() {
                return Err(OutboxErrorKind::EmptyKey.into());
            }
            if inner.record.message(&key).is_some() || !keys.insert(key.clone()) {
                return Err(OutboxErrorKind::KnownKey(key).into());
            }
            planned.push(Planned { key, to, upload, login: None });
        }
        Ok(inner.commit(Entry::Plan { about, messages: planned })?)
    }

    /// Returns the caller's note from when the messages were planned, or null.
    #[must_use]
    pub fn about(&self) -> Value {
        self.inner().record.about.clone()
    }

    /// Lists all messages in the order in which they were added.
    #[must_use]
    pub fn messages(&self) -> Vec<OutboxMessage> {
        let inner = self.inner();
        let listed = inner.record.messages().map(|(key, message)| OutboxMessage {
            key: key.to_owned(),
            to: message.to.clone(),
            state: message.state(),
        });
        listed.collect()
    }

    /// Returns the state of the message with this key, if there is one.
    #[must_use]
    pub fn state(&self, key: &str) -> Option<MessageState> {
        self.inner().record.message(key).map(Message::state)
    }

    /// Returns whether work on any of the messages has begun.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.inner().record.is_begun()
    }

    /// Returns whether writing the record has failed. Nothing more is sent until the outbox is
    /// opened again.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.inner().broken.is_some()
    }

    /// Begins work on a message, and plans it if it is new. No other job can work on it until the
    /// returned job and its flows are dropped.
    ///
    /// If the message was planned in another login, `to` may be another UserName of the recipient.
    /// Names such as `filehelper` are the same in every login.
    ///
    /// # Errors
    /// If the key is empty, if another job works on the message, if it was
    /// [given up](Self::give_up), if the key belongs to a message to another recipient, or if the
    /// record cannot be written. Use [`Outbox::begin`]
    /// for an error that says whether the message may have been sent.
    pub fn job(
        &self,
        key: &str,
        to: &Recipient,
        session: &Session,
    ) -> Result<OutboxJob, OutboxError> {
        self.take(&mut self.inner(), key, to, session)
    }

    fn take(
        &self,
        inner: &mut Inner,
        key: &str,
        to: &Recipient,
        session: &Session,
    ) -> Result<OutboxJob, OutboxError> {
        if key.is_empty() {
            return Err(OutboxErrorKind::EmptyKey.into());
        }
        let login = session.fingerprint(&inner.record.key.unwrap_or_default());
        // Only the UserNames of people and rooms are different in each login.
        let is_of_login = |to: &Recipient| to.as_str().starts_with('@');
        let is_renamed = |message: &Message| {
            message.login.as_ref().is_some_and(|known| *known != login)
                && is_of_login(&message.to)
                && is_of_login(to)
        };
        let is_of_another = |message: &Message| message.to != *to && !is_renamed(message);
        if inner.record.message(key).is_some_and(is_of_another) {
            return Err(OutboxErrorKind::KnownKey(key.to_owned()).into());
        }
        if let Some(broken) = &inner.broken {
            return Err(io::Error::from(broken.clone()).into());
        }
        if inner.active.contains(key) {
            return Err(OutboxErrorKind::Active(key.to_owned()).into());
        }
        if inner.record.message(key).is_some_and(|message| message.given_up) {
            return Err(OutboxErrorKind::GivenUp(key.to_owned()).into());
        }
        let upload = match inner.record.message(key) {
            Some(message) if message.to == *to => None,
            Some(message) => message.is_open().then(|| message.upload.clone()),
            None => Some(key.to_owned()),
        };
        if let Some(upload) = upload {
            let (key, to, login) = (key.to_owned(), to.clone(), Some(login));
            let messages = vec![Planned { key, to, upload, login }];
            inner.commit(Entry::Plan { about: Value::Null, messages })?;
        }
        inner.active.insert(key.to_owned());
        Ok(OutboxJob::new(self.clone(), key))
    }

    /// Like [`job`](Self::job), with a random key by default, and with an error that says whether
    /// the message may have been sent, either before or by another job.
    ///
    /// # Errors
    /// Like [`job`](Self::job).
    pub fn begin(
        &self,
        key: Option<String>,
        to: &Recipient,
        session: &Session,
    ) -> Result<OutboxJob, Error> {
        let key = match key {
            Some(key) => key,
            None => format!("{:032x}", u128::from_le_bytes(entropy()?)),
        };
        let mut inner = self.inner();
        self.take(&mut inner, &key, to, session).map_err(|error| {
            // In one login, another UserName is another recipient, and nothing was sent to it.
            let is_of_another = matches!(error.kind(), OutboxErrorKind::KnownKey(_))
                && inner.record.message(&key).is_some_and(|message| message.login.is_some());
            if is_of_another {
                return error.into();
            }
            inner.record.mark_uncertain(&key, inner.active.contains(&key), error.into())
        })
    }

    /// Settles a message in doubt without sending it again. Whether it was delivered stays
    /// unknown. Returns `false`, and changes nothing, if the message was not in doubt.
    ///
    /// # Errors
    /// If a job works on the message, or if the record cannot be written.
    pub fn give_up(&self, key: &str) -> Result<bool, OutboxError> {
        let mut inner = self.inner();
        if inner.active.contains(key) {
            return Err(OutboxErrorKind::Active(key.to_owned()).into());
        }
        let state = inner.record.message(key).map(Message::state);
        let in_doubt = state == Some(MessageState::InDoubt);
        if in_doubt {
            inner.commit(Entry::GivenUp { key: key.to_owned() })?;
        }
        Ok(in_doubt)
    }

    /// Removes the record. All later calls that require it fail.
    ///
    /// # Errors
    /// If another process has replaced or removed the record, if writing it has failed before, or
    /// if it cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        let mut inner = self.inner();
        if let Some(broken) = &inner.broken {
            return Err(broken.clone().into());
        }
        let removed = inner.storage.remove();
        removed.map_err(|error| inner.fail(error))?;
        inner.broken = Some(RecordError::Removed);
        Ok(())
    }

    /// Removes all messages from the record, unless one of them is in doubt or being sent. Returns
    /// whether they were removed.
    ///
    /// A record keeps each message that was sent, so that no key is sent twice, and grows with each
    /// message. Clear it once none of its keys can occur again: after that, a message under one of
    /// these keys is sent again. To keep the keys of the last days, use a
    /// directory per day, and delete the directories whose messages are all sent.
    ///
    /// # Errors
    /// If the record cannot be written, now or before.
    pub fn clear(&self) -> Result<bool, OutboxError> {
        let mut inner = self.inner();
        let in_doubt = |(_, message): (_, &Message)| message.state() == MessageState::InDoubt;
        if let Some(broken) = &inner.broken {
            return Err(io::Error::from(broken.clone()).into());
        }
        if !inner.active.is_empty() || inner.record.messages().any(in_doubt) {
            return Ok(false);
        }
        let record = Record::with_key(inner.record.key.unwrap_or_default());
        let bytes = record::lines(&record.entries());
        inner.replace(&bytes)?;
        inner.record = record;
        Ok(true)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows only the number of messages.
impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = self.inner().record.messages().count();
        f.debug_struct("Outbox").field("messages", &messages).finish_non_exhaustive()
    }
}
