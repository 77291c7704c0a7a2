//! The state that the clones of an outbox share.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::record::{self, Entry, Message, Record};
use super::record_error::RecordError;
use super::storage::Storage;

pub(super) struct Inner {
    pub(super) record: Record,
    pub(super) storage: Box<dyn Storage>,
    /// The path of the record, if it is a file.
    pub(super) path: Option<PathBuf>,
    /// The length of the part of the record that is durable.
    pub(super) len: u64,
    /// The error of the first write that failed, after which the outbox is unusable.
    pub(super) broken: Option<RecordError>,
    /// The keys that jobs work on.
    pub(super) active: HashSet<String>,
    /// The uploads that jobs work on, with the keys of these jobs.
    pub(super) uploading: HashMap<String, String>,
}

impl Inner {
    /// Marks the outbox as broken, so that nothing more is sent.
    pub(super) fn fail(&mut self, error: io::Error) -> io::Error {
        let broken = RecordError::Unwritable { path: self.path.clone(), error: Arc::new(error) };
        self.broken.insert(broken).clone().into()
    }

    /// Replaces the record. After an error, either the old or the new record is in place.
    pub(super) fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.storage.replace(bytes).map_err(|error| self.fail(error))?;
        self.len = bytes.len() as u64;
        Ok(())
    }

    /// Writes an entry, and applies it once it is durable.
    pub(super) fn commit(&mut self, entry: Entry) -> io::Result<()> {
        if let Some(broken) = &self.broken {
            return Err(broken.clone().into());
        }
        let bytes = record::lines([&entry]);
        if let Err(error) = self.storage.write(&bytes).and_then(|()| self.storage.sync()) {
            // Remove the entry, because its event does not happen. If this fails too, the message
            // may count as possibly delivered although it never left. This is the safe side.
            let _ = self.storage.truncate(self.len).and_then(|()| self.storage.sync());
            return Err(self.fail(error));
        }
        self.len += bytes.len() as u64;
        self.record.apply(entry);
        Ok(())
    }

    /// Returns the message of a job.
    pub(super) fn message(&self, key: &str) -> &Message {
        self.record.message(key).expect("a job begins with its message on record")
    }
}
