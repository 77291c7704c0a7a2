//! The arguments of `wx send` and `wx send-image`.

use std::path::PathBuf;
use std::time::Duration;

use wx_proto::Policy;

use super::kind::Kind;
use super::seconds::seconds;
use super::{Addressee, SessionFile};
use crate::files::is_dash;

/// The arguments that both commands share.
#[derive(Debug, clap::Args)]
pub(crate) struct SendOptions {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// A recipient: name:NICK for a remark or nickname, filehelper, or a UserName of this login
    /// (@…, @@…, …@chatroom); can be repeated [default: filehelper, if the login is one of the File
    /// Transfer Helper].
    #[arg(long, value_name = "USER")]
    pub(crate) to: Vec<Addressee>,
    /// Send the files as this kind [default: by their first bytes, an mp4 also by its
    /// name].
    #[arg(long = "as", value_enum, value_name = "KIND", requires = "files")]
    pub(crate) kind: Option<Kind>,
    /// Pause between texts and files, not between recipients [default: 3 after the tenth, to stay
    /// below the rate limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) pace: Option<Duration>,
    /// Record the job in this directory, so that wx resume can continue it after a crash.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume_dir: Option<PathBuf>,
}

/// Send a text and files.
#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) options: SendOptions,
    /// A text, which is sent before the files; - reads it from standard input.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) text: Option<String>,
    /// Send a long text in parts of at most 2000 characters.
    #[arg(long, requires = "text")]
    pub(crate) split: bool,
    /// The file name that recipients see [default: the name of the file].
    #[arg(long, value_name = "NAME", requires = "files")]
    pub(crate) name: Option<String>,
    /// Refuse larger files [default: 20 MiB for pictures and videos, 1 GiB for others].
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_size: Option<u64>,
    /// The files; - reads one from standard input.
    #[arg(value_name = "FILE", required_unless_present = "text")]
    pub(crate) files: Vec<PathBuf>,
}

/// Send pictures.
#[derive(Debug, clap::Args)]
pub(crate) struct SendImage {
    #[command(flatten)]
    pub(crate) options: SendOptions,
    /// Send the pictures as files: the same as --as file.
    #[arg(long, conflicts_with = "kind")]
    pub(crate) as_file: bool,
    /// Refuse larger pictures.
    #[arg(long, value_name = "BYTES", default_value_t = Policy::default().max_upload)]
    pub(crate) max_size: u64,
    /// The pictures; - reads one from standard input.
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) files: Vec<PathBuf>,
}

impl Send {
    /// Returns what is wrong with the arguments and not checked by clap.
    pub(super) fn problem(&self) -> Option<String> {
        let text_dash = self.text.as_deref() == Some("-");
        if self.text.as_deref() == Some("") {
            return Some("--text is empty".to_owned());
        }
        if self.name.is_some() && self.files.len() > 1 {
            return Some("--name is for a single FILE".to_owned());
        }
        self.options.problem(&self.files, text_dash)
    }
}

impl SendImage {
    /// Returns what is wrong with the arguments and not checked by clap.
    pub(super) fn problem(&self) -> Option<String> {
        self.options.problem(&self.files, false)
    }
}

impl SendOptions {
    /// Returns what is wrong with the recipients, or with what is read from standard input.
    fn problem(&self, files: &[PathBuf], text_dash: bool) -> Option<String> {
        let twice = self.to.iter().enumerate().find(|(at, one)| self.to[..*at].contains(one));
        if let Some((_, to)) = twice {
            return Some(format!("--to {to} is given twice"));
        }
        if let Some(Err(instead)) = self.kind.map(Kind::media) {
            return Some(instead.to_owned());
        }
        let dashes = files.iter().filter(|file| is_dash(file)).count();
        match dashes + usize::from(text_dash) {
            _ if dashes > 0 && self.resume_dir.is_some() => {
                Some("--resume-dir needs files, not standard input (-)".to_owned())
            }
            0 | 1 => None,
            _ => Some("standard input (-) can be read only once".to_owned()),
        }
    }
}
