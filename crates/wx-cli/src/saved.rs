//! The directory of a job that can be taken up again after a crash.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wx_proto::flow::Snapshot;
use wx_proto::{Advice, MsgId, Session, UserName};

use crate::files::{self, Lock};
use crate::problem::Problem;
use crate::transport::entropy;

/// A directory with `lock`, `job.json`, and for each picture that is begun and not finished the core's snapshot, named
/// by the picture's place in the list. Nothing in it is secret, but it tells who gets what.
pub(crate) struct Saved {
    dir: PathBuf,
    job: Job,
    _lock: Lock,
}

#[derive(Serialize, Deserialize)]
struct Job {
    version: u32,
    /// The login, hashed under a random key.
    key: [u8; 16],
    login: String,
    max_size: u64,
    #[serde(default)]
    as_file: bool,
    pace_ms: u64,
    /// Absolute.
    files: Vec<PathBuf>,
    to: Vec<UserName>,
    sent: Vec<Delivered>,
}

/// A message that the server accepted; the numbers are places in the lists.
#[derive(Serialize, Deserialize)]
struct Delivered {
    file: usize,
    to: usize,
    msg_id: MsgId,
}

/// What is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) to: Vec<UserName>,
    pub(crate) max_size: u64,
    pub(crate) as_file: bool,
    pub(crate) pace: Duration,
}

/// No job file is near as large.
const LIMIT: u64 = 64 * 1024 * 1024;
const VERSION: u32 = 1;

impl Saved {
    /// Begins a job of `session`'s login in a directory that holds none.
    pub(crate) fn create(dir: &Path, plan: &Plan, session: &Session) -> Result<Self, Problem> {
        make_private(dir)?;
        let lock = lock(dir)?;
        if let Some(old) = read_job(dir)? {
            if !old.is_finished() {
                return Err(Problem::local("holds an unfinished job", Advice::CheckFile)
                    .hint("wx resume goes on with it; to give it up delete the directory"));
            }
            clear(dir, &old)?;
        }
        let files = plan.files.iter().map(std::path::absolute).collect::<io::Result<Vec<_>>>()?;
        let key = entropy()?;
        let job = Job {
            version: VERSION,
            key,
            login: session.fingerprint(&key),
            max_size: plan.max_size,
            as_file: plan.as_file,
            pace_ms: u64::try_from(plan.pace.as_millis()).unwrap_or(u64::MAX),
            files,
            to: plan.to.clone(),
            sent: Vec::new(),
        };
        let saved = Self { dir: dir.to_owned(), job, _lock: lock };
        saved.write()?;
        Ok(saved)
    }

    /// Takes up the job of a directory.
    pub(crate) fn open(dir: &Path) -> Result<Self, Problem> {
        let lock = lock(dir)?;
        let job = read_job(dir)?.ok_or_else(|| {
            Problem::local("holds no job", Advice::CheckFile)
                .hint("give the directory of a wx send-image --resume-dir that did not finish")
        })?;
        Ok(Self { dir: dir.to_owned(), job, _lock: lock })
    }

    /// UserNames and MediaIds mean nothing in another login.
    pub(crate) fn check_login(&self, session: &Session) -> Result<(), Problem> {
        if self.job.login == session.fingerprint(&self.job.key) {
            return Ok(());
        }
        Err(wx_proto::flow::ResumeError::OtherLogin.into())
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan {
            files: self.job.files.clone(),
            to: self.job.to.clone(),
            max_size: self.job.max_size,
            as_file: self.job.as_file,
            pace: Duration::from_millis(self.job.pace_ms),
        }
    }

    pub(crate) fn is_sent(&self, file: usize, to: usize) -> bool {
        self.job.sent.iter().any(|sent| (sent.file, sent.to) == (file, to))
    }

    /// What was begun with a picture.
    pub(crate) fn snapshot(&self, file: usize) -> Result<Option<Snapshot>, Problem> {
        let Some(text) = read(&snapshot_of(&self.dir, file))? else { return Ok(None) };
        Ok(Some(Snapshot::from_json(text)?))
    }

    pub(crate) fn save(&self, file: usize, snapshot: &Snapshot) -> io::Result<()> {
        files::write(&snapshot_of(&self.dir, file), snapshot.to_json().as_bytes(), true)
    }

    /// A message was accepted.
    pub(crate) fn sent(&mut self, file: usize, to: usize, msg_id: MsgId) -> io::Result<()> {
        self.job.sent.push(Delivered { file, to, msg_id });
        self.write()?;
        if (0..self.job.to.len()).all(|to| self.is_sent(file, to)) {
            fs::remove_file(snapshot_of(&self.dir, file))?;
        }
        Ok(())
    }

    /// The work is over for now. Says whether something is left to go on with; if not, the directory is emptied.
    pub(crate) fn close(self) -> io::Result<bool> {
        let begun = (0..self.job.files.len()).any(|file| snapshot_of(&self.dir, file).exists())
            || !self.job.sent.is_empty();
        let left = begun && !self.job.is_finished();
        if !left {
            clear(&self.dir, &self.job)?;
        }
        Ok(left)
    }

    fn write(&self) -> io::Result<()> {
        files::write(&job_of(&self.dir), &serde_json::to_vec_pretty(&self.job)?, true)
    }
}

impl Job {
    fn is_finished(&self) -> bool {
        self.sent.len() >= self.files.len() * self.to.len()
    }
}

fn job_of(dir: &Path) -> PathBuf {
    dir.join("job.json")
}

fn snapshot_of(dir: &Path, file: usize) -> PathBuf {
    dir.join(format!("{file}.json"))
}

fn lock(dir: &Path) -> Result<Lock, Problem> {
    Lock::take(dir.join("lock"))?.ok_or_else(|| {
        Problem::local("another process works in it", Advice::CheckFile).hint("wait until that one has ended")
    })
}

fn make_private(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// A file's bytes, if it exists.
fn read(path: &Path) -> Result<Option<Vec<u8>>, Problem> {
    if !path.try_exists()? {
        return Ok(None);
    }
    files::read(path, LIMIT).map(Some)
}

fn read_job(dir: &Path) -> Result<Option<Job>, Problem> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let refuse = |message: String| {
        Problem::local(format!("job.json {message}"), Advice::CheckFile).hint("choose another directory")
    };
    let Some(text) = read(&job_of(dir))? else { return Ok(None) };
    let not_a_job = |_| refuse("is not a job of this command".to_owned());
    let Versioned { version } = serde_json::from_slice(&text).map_err(not_a_job)?;
    if version != VERSION {
        return Err(refuse(format!("has version {version}, only version 1 is known")));
    }
    serde_json::from_slice(&text).map(Some).map_err(not_a_job)
}

/// Removes what this module wrote, and nothing else.
fn clear(dir: &Path, job: &Job) -> io::Result<()> {
    let half_written = fs::read_dir(dir)?.filter_map(|entry| {
        let entry = entry.ok()?;
        entry.file_name().to_string_lossy().starts_with(files::TEMPORARY).then(|| entry.path())
    });
    let snapshots = (0..job.files.len()).map(|file| snapshot_of(dir, file));
    // The job goes last: until then it can be cleared again.
    for path in half_written.chain(snapshots).chain([job_of(dir)]) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
