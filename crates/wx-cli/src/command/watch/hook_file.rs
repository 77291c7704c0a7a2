//! A file of messages whose command has failed: JSON lines, to which each event is appended.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wx_client::entropy;
use wx_client::lock::{LockError, LockedFile};
use wx_client::outbox::Storage;
use wx_proto::{Advice, Md5, Session};

use super::failed_hook::FailedHook;
use crate::files;
use crate::out;
use crate::problem::Problem;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    /// The first line. The account is hashed with the random key.
    Hooks { version: u32, key: [u8; 16], account: String },
    /// The command has failed for a message.
    Failed(FailedHook),
    /// The command has failed again.
    FailedAgain { number: u64, at: u64 },
    /// The attachment was saved by a later run.
    Saved { number: u64, path: OsString },
    /// The command has succeeded for a message of the file, or the message was given up.
    Removed { number: u64 },
    /// The command has succeeded for a new message, which the session file may not be past yet.
    Handled { msg_id: String, had_path: bool },
    /// The session file is past all handled messages.
    BatchSaved {},
}

/// The account whose messages a file holds.
#[derive(Clone, Copy)]
pub(in crate::command) struct Account(Option<u32>);

/// The file, which exists only while there is something to store.
pub(super) struct HookFile {
    path: PathBuf,
    account: Account,
    file: Option<LockedFile>,
    lines: usize,
}

/// The version of the format.
const VERSION: u32 = 2;
/// The beginning of the file.
const FIRST: &[u8] = br#"{"hooks":{"version":"#;
/// The first line is shorter.
const LONGEST_FIRST: u64 = 4096;
/// A file that is read completely must be smaller.
const LONGEST_FILE: u64 = 1024 * 1024 * 1024;

impl Account {
    pub(in crate::command) fn new(session: &Session) -> Self {
        Self(session.uin())
    }

    fn hash(self, key: &[u8; 16]) -> String {
        let uin = self.0.unwrap_or_default().to_le_bytes();
        Md5::digest(&[&key[..], &uin].concat()).to_string()
    }

    /// Returns whether a line is the first one of a file of this account.
    fn is_owner(self, line: &[u8]) -> Result<bool, Problem> {
        match parse(line)? {
            Entry::Hooks { version: VERSION, key, account } => Ok(account == self.hash(&key)),
            Entry::Hooks { version, .. } => {
                Err(refused(&format!("has the unknown version {version}")))
            }
            _ => Err(no_hooks()),
        }
    }
}

fn parse(line: &[u8]) -> Result<Entry, Problem> {
    serde_json::from_slice(line).map_err(|_| no_hooks())
}

fn no_hooks() -> Problem {
    refused("does not hold messages whose command has failed")
}

fn refused(what: &str) -> Problem {
    Problem::local(what, Advice::CheckFile)
}

impl HookFile {
    /// Opens a file, if it exists, and checks whose it is. Its entries are read only if it belongs
    /// to another account: nothing limits the number of messages that are given up.
    pub(super) fn open(path: PathBuf, account: Account) -> Result<Self, Problem> {
        let mut this = Self { path, account, file: None, lines: 0 };
        match LockedFile::open(&this.path, false) {
            Ok(file) => this.file = Some(file),
            Err(LockError::Io(error)) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let why = out::error_chain(&error);
                return Err(this.unusable(Problem::local(why, Advice::CheckFile)));
            }
        }
        this.check().map_err(|problem| this.unusable(problem))?;
        Ok(this)
    }

    /// Checks the beginning of the file, and removes an incomplete line at its end.
    fn check(&mut self) -> Result<(), Problem> {
        let Some(locked) = &self.file else { return Ok(()) };
        let mut file = locked.file();
        let mut last = *b"\n";
        if file.metadata()?.len() > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        if last != *b"\n" {
            self.read()?;
        }
        let Some(locked) = &self.file else { return Ok(()) };
        let mut file = locked.file();
        file.seek(SeekFrom::Start(0))?;
        let mut line = Vec::new();
        BufReader::new(file).take(LONGEST_FIRST).read_until(b'\n', &mut line)?;
        file.seek(SeekFrom::End(0))?;
        match line.is_empty() || self.account.is_owner(&line)? {
            true => Ok(()),
            false => self.take_over(),
        }
    }

    /// Removes the file of another account, unless it holds messages whose command has failed.
    fn take_over(&mut self) -> Result<(), Problem> {
        let mut failed = BTreeSet::new();
        for entry in self.read()? {
            match entry {
                Entry::Failed(message) => failed.insert(message.number),
                Entry::Removed { number } => failed.remove(&number),
                _ => false,
            };
        }
        match failed.is_empty() {
            true => Ok(self.remove()?),
            false => Err(refused("holds messages of another account")),
        }
    }

    /// Reads the entries.
    pub(super) fn entries(&mut self) -> Result<Vec<Entry>, Problem> {
        let entries = self.read().map_err(|problem| self.unusable(problem))?;
        self.lines = entries.len();
        Ok(entries)
    }

    fn read(&mut self) -> Result<Vec<Entry>, Problem> {
        let Some(locked) = &mut self.file else { return Ok(Vec::new()) };
        let mut file = locked.file();
        file.seek(SeekFrom::Start(0))?;
        let bytes = files::read_all(file, LONGEST_FILE)?;
        // The last line is incomplete if its write was interrupted.
        let good = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        if !bytes.starts_with(&FIRST[..FIRST.len().min(bytes.len())]) {
            return Err(no_hooks());
        }
        let mut lines = bytes[..good].split_inclusive(|byte| *byte == b'\n');
        lines.next().map(|line| self.account.is_owner(line)).transpose()?;
        let entries = lines.map(parse).collect::<Result<_, _>>()?;
        locked.truncate(good as u64)?;
        Ok(entries)
    }

    /// Returns the path of the file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the number of entries, once they were read.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// Appends an entry durably. Only the user can read the file, because it holds messages.
    pub(super) fn append(&mut self, entry: &Entry) -> Result<(), Problem> {
        self.try_append(entry).map_err(|error| self.on(&error))?;
        self.lines += 1;
        Ok(())
    }

    fn try_append(&mut self, entry: &Entry) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(create(&self.path)?),
        };
        let mut text = match file.file().metadata()?.len() {
            0 => first(self.account)?,
            _ => Vec::new(),
        };
        push_line(&mut text, entry)?;
        file.write(&text)?;
        file.sync()
    }

    /// Replaces all entries.
    pub(super) fn replace<'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a Entry>,
    ) -> Result<(), Problem> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut lines = 0;
        let replaced = first(self.account).and_then(|mut text| {
            for entry in entries {
                push_line(&mut text, entry)?;
                lines += 1;
            }
            file.replace(&text)
        });
        replaced.map_err(|error| self.on(&error))?;
        self.lines = lines;
        Ok(())
    }

    /// Removes the file.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.remove()?;
        }
        (self.file, self.lines) = (None, 0);
        Ok(())
    }

    fn unusable(&self, problem: Problem) -> Problem {
        problem.about(self.path.display()).hint("move the file away to give up its messages")
    }

    fn on(&self, error: &io::Error) -> Problem {
        let why = out::error_chain(error);
        let message = format!("{} cannot be written: {why}", self.path.display());
        Problem::local(message, Advice::CheckFile)
            .hint("check the directory; the messages are received again")
    }
}

/// Creates an empty file.
fn create(path: &Path) -> io::Result<LockedFile> {
    let file = LockedFile::open(path, true)?;
    match file.file().metadata()?.len() {
        0 => Ok(file),
        _ => Err(io::Error::other("another program has created the file")),
    }
}

/// Returns the first line of a new file.
fn first(account: Account) -> io::Result<Vec<u8>> {
    let key = entropy().map_err(io::Error::other)?;
    let mut text = Vec::new();
    push_line(&mut text, &Entry::Hooks { version: VERSION, key, account: account.hash(&key) })?;
    Ok(text)
}

fn push_line(text: &mut Vec<u8>, entry: &Entry) -> io::Result<()> {
    serde_json::to_writer(&mut *text, entry)?;
    text.push(b'\n');
    Ok(())
}
