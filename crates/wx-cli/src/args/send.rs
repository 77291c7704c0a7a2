//! The arguments of `wx send` and `wx send-image`.

use std::path::PathBuf;
use std::time::Duration;

use clap::ArgGroup;
use wx_proto::Md5;

use super::kind::Kind;
use super::seconds::seconds;
use super::size::size;
use super::{Addressee, SessionFile};
use crate::files::is_dash;

/// The default of [`Policy::max_upload`](wx_proto::Policy::max_upload).
const MAX_UPLOAD: &str = "20M";

/// The arguments that all commands share that send messages.
#[derive(Debug, clap::Args)]
pub(crate) struct SendOptions {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// A recipient: name:NICK for a remark or nickname, filehelper, or a UserName of this login
    /// (@…, @@…, …@chatroom); can be repeated [default: filehelper, if the login is one of the File
    /// Transfer Helper].
    #[arg(long, value_name = "USER")]
    pub(crate) to: Vec<Addressee>,
    /// Pause for this many seconds between messages, whoever receives them; 0 never pauses
    /// [default: 3 after the tenth message, to stay below the rate limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) pace: Option<Duration>,
    /// Record the job in this directory, so that wx resume can continue it after a crash.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume_dir: Option<PathBuf>,
}

/// The kind of the files.
#[derive(Debug, clap::Args)]
pub(crate) struct AsKind {
    /// Send the files as this kind [default: by their first bytes, an mp4 also by its
    /// name].
    #[arg(long = "as", value_enum, value_name = "KIND", requires = "files")]
    pub(crate) kind: Option<Kind>,
}

/// Send a text, emoticons and files.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true)))]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) options: SendOptions,
    #[command(flatten)]
    pub(crate) as_kind: AsKind,
    /// A text, which is sent first; - reads it from standard input.
    #[arg(long, value_name = "TEXT", group = "what", allow_hyphen_values = true)]
    pub(crate) text: Option<String>,
    /// Send a long text in parts of at most 2000 characters.
    #[arg(long, requires = "text")]
    pub(crate) split: bool,
    /// An emoticon that the server knows, by the MD5 of its image in 32 hexadecimal digits, which
    /// is sent before the files; can be repeated.
    #[arg(long = "emoticon", value_name = "MD5", group = "what")]
    pub(crate) emoticons: Vec<Md5>,
    /// The file name that recipients see, with its extension [default: the name of the file].
    #[arg(long, value_name = "NAME", requires = "files")]
    pub(crate) name: Option<String>,
    /// Refuse files that are larger than this: bytes, or a number with K, M or G, such as 20M
    /// [default: 20M for pictures and videos, 1G for others].
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<u64>,
    /// The files; - reads one from standard input.
    #[arg(value_name = "FILE", group = "what")]
    pub(crate) files: Vec<PathBuf>,
}

/// Send pictures.
#[derive(Debug, clap::Args)]
pub(crate) struct SendImage {
    #[command(flatten)]
    pub(crate) options: SendOptions,
    #[command(flatten)]
    pub(crate) as_kind: AsKind,
    /// Send the pictures as files: the same as --as file.
    #[arg(long, conflicts_with = "kind")]
    pub(crate) as_file: bool,
    /// Refuse pictures that are larger than this: bytes, or a number with K, M or G.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = MAX_UPLOAD)]
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
        if self.name.as_deref().is_some_and(|name| !is_file_name(name)) {
            return Some(
                "--name takes a file name without a directory and without control characters"
                    .to_owned(),
            );
        }
        self.as_kind.problem().or_else(|| self.options.problem(&self.files, text_dash))
    }
}

impl SendImage {
    /// Returns what is wrong with the arguments and not checked by clap.
    pub(super) fn problem(&self) -> Option<String> {
        self.as_kind.problem().or_else(|| self.options.problem(&self.files, false))
    }
}

impl AsKind {
    /// Returns what is wrong with the kind.
    fn problem(&self) -> Option<String> {
        self.kind.and_then(|kind| kind.media().err()).map(str::to_owned)
    }
}

impl SendOptions {
    /// Returns what is wrong with the recipients, or with what is read from standard input.
    pub(super) fn problem(&self, files: &[PathBuf], text_dash: bool) -> Option<String> {
        let twice = self.to.iter().enumerate().find(|(at, one)| self.to[..*at].contains(one));
        if let Some((_, to)) = twice {
            return Some(format!("--to {to} is given twice"));
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

/// Returns whether recipients can see this as the name of a file.
fn is_file_name(name: &str) -> bool {
    !name.trim().is_empty() && !name.contains(|c: char| c.is_control() || "/\\".contains(c))
}

#[cfg(test)]
mod tests {
    use wx_proto::Policy;

    use super::*;

    #[test]
    fn the_default_in_the_help_is_that_of_the_policy() {
        assert_eq!(size(MAX_UPLOAD), Ok(Policy::default().max_upload));
    }
}
