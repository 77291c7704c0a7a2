//! The directory in which attachments are saved, each under its MsgID. An attachment is saved
//! completely or not at all, and only once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use wx_client::directory;
use wx_client::lock::{LockError, LockedDir};
use wx_client::temp_file::{Access, TempDir};
use wx_proto::{Advice, Attachment, AttachmentKind, Fetched, MsgId};

use crate::out;
use crate::problem::Problem;
use crate::withhold;

pub(super) struct MediaDir {
    dir: PathBuf,
    absolute: PathBuf,
    _lock: LockedDir,
    /// The names of the saved files, by the beginning that is the same for each message.
    names: BTreeMap<String, String>,
}

impl MediaDir {
    /// Creates the directory if it does not exist, and locks it. The problem does not name the
    /// directory.
    pub(super) fn open(dir: &Path) -> Result<Self, Problem> {
        let on_dir = |error: io::Error| refused(&out::error_chain(&error));
        directory::create_all(dir, Access::Inherited).map_err(on_dir)?;
        let lock = LockedDir::open(dir).map_err(|error| match error {
            LockError::Io(error) => on_dir(error),
            busy => refused(&out::error_chain(&busy)).hint("choose another directory"),
        })?;
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(dir).map_err(on_dir)? {
            let name = entry.map_err(on_dir)?.file_name();
            if let Some((beginning, name)) = saved_name(&name) {
                names.insert(beginning, name.to_owned());
            }
        }
        let absolute = std::path::absolute(dir).map_err(on_dir)?;
        Ok(Self { dir: dir.to_owned(), absolute, _lock: lock, names })
    }

    /// Returns the path of the directory as the user gave it.
    pub(super) fn path(&self) -> &Path {
        &self.dir
    }

    /// Returns the absolute path of an attachment, if it is already saved.
    pub(super) fn find(&self, attachment: &Attachment) -> Option<PathBuf> {
        self.names.get(&beginning(attachment)).map(|name| self.absolute.join(name))
    }

    /// Saves the attachment that `fetch` writes to a new file. Of its name, the sender chooses only
    /// what follows the MsgID. Fails if there is another file of that name.
    pub(super) fn save(
        &mut self,
        attachment: &Attachment,
        fetch: impl FnOnce(&Path) -> Result<Fetched, Problem>,
    ) -> Result<(PathBuf, Fetched), Problem> {
        let scratch = TempDir::new_in(&self.dir).map_err(|error| self.on(&error))?;
        let fetched_path = scratch.path().join("fetched");
        let fetched = fetch(&fetched_path).map_err(|problem| problem.at_output(&self.dir))?;
        let name = attachment.file_name(fetched.format);
        let name = withhold::in_text(&name);
        let path = self.dir.join(&*name);
        let written =
            tempfile::TempPath::try_from_path(fetched_path).map_err(|error| self.on(&error))?;
        if let Err(failed) = written.persist_noclobber(&path) {
            return Err(match failed.error.kind() {
                // Only this attachment is affected, so it must not end the watch.
                ErrorKind::AlreadyExists => {
                    Problem::local(format!("{} exists already", path.display()), Advice::CheckFile)
                        .hint("move it away, and fetch the attachment with wx fetch --message")
                }
                _ => self.on(&failed.error),
            });
        }
        // The file must reach the disk before the session, which is saved afterwards. Not every
        // file system supports this.
        #[cfg(unix)]
        let _ = File::open(&self.dir).and_then(|dir| dir.sync_all());
        self.names.insert(beginning(attachment), name.into_owned());
        Ok((path, fetched))
    }

    /// Returns the problem with the directory.
    pub(super) fn on(&self, error: &io::Error) -> Problem {
        refused(&out::error_chain(error)).at_output(&self.dir)
    }
}

/// The endings of a video: an MP4, and an unknown format that was kept.
const VIDEO: [&str; 2] = [".mp4", ".video.bin"];

fn refused(what: &str) -> Problem {
    Problem::local(what, Advice::CheckFile).with_output()
}

/// Returns the beginning of the name of the attachment: the MsgID, and a character that separates
/// it from the extension of a picture or the name of a file. For a video it is the whole name of an
/// MP4, because its cover has the same MsgID.
fn beginning(attachment: &Attachment) -> String {
    let end = match attachment.kind {
        AttachmentKind::File(_) => "-",
        AttachmentKind::Video => VIDEO[0],
        _ => ".",
    };
    format!("{}{end}", stem(&attachment.msg_id))
}

/// Returns the MsgID as it is in a name.
fn stem(id: &MsgId) -> Cow<'_, str> {
    withhold::in_text(id.as_str())
}

/// Returns the beginning of the name of a saved attachment, and the name.
fn saved_name(name: &OsStr) -> Option<(String, &str)> {
    let name = name.to_str()?;
    let is_in_id = |c: char| c.is_ascii_digit() || c == withhold::WITHHELD;
    let (id, rest) = name.split_at(name.find(|c| !is_in_id(c)).filter(|end| *end > 0)?);
    let separator = rest.chars().next().filter(|c| ['.', '-'].contains(c))?;
    let beginning = match VIDEO.contains(&rest) {
        true => format!("{id}{}", VIDEO[0]),
        false => format!("{id}{separator}"),
    };
    Some((beginning, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_programs_are_no_attachments() {
        for (name, expected) in [
            ("7260.jpg", Some("7260.")),
            ("7260.mp4", Some("7260.mp4")),
            ("7260.video.bin", Some("7260.mp4")),
            ("7260.bin", Some("7260.")),
            ("7260-a-b.pdf", Some("7260-")),
            ("7260-a.mp4", Some("7260-")),
            ("….jpg", Some("….")),
            ("7260", None),
            ("7260 (1).jpg", None),
            ("7260é.jpg", None),
            (".wx-0123456789ab.tmp", None),
            ("-a", None),
            ("a7260.jpg", None),
            ("", None),
        ] {
            let found = saved_name(OsStr::new(name)).map(|(beginning, _)| beginning);
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }
}
