//! The arguments of `wx watch`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;

use super::seconds::timeout;
use super::{Addressee, SessionFile};

/// The kinds of message that `--kinds` takes, named as by [`MessageKind::name`]. Status notices are
/// not for the user.
///
/// [`MessageKind::name`]: wx_proto::MessageKind::name
const KINDS: [&str; 19] = [
    "text",
    "quote",
    "image",
    "emoticon",
    "video",
    "voice",
    "file",
    "location",
    "contact_card",
    "friend_request",
    "link",
    "mini_program",
    "chat_history",
    "transfer",
    "red_packet",
    "app",
    "system",
    "recall",
    "other",
];

/// Print new messages, save their attachments, and run a command for each message.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Save each picture, emoticon, video, voice message and file in this directory, by its MsgID.
    #[arg(long, value_name = "DIR", group = "saving")]
    pub(crate) save: Option<PathBuf>,
    /// Save each picture, emoticon and video cover in this directory, and nothing else.
    #[arg(long, value_name = "DIR", group = "saving")]
    pub(crate) save_images: Option<PathBuf>,
    /// Choose only messages of these kinds, separated by commas, such as image,file.
    #[arg(
        long,
        value_name = "KINDS",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(KINDS),
        hide_possible_values = true
    )]
    pub(crate) kinds: Vec<String>,
    /// Choose only messages of this sender or room: name:NICK, filehelper, or a UserName; can be
    /// repeated.
    #[arg(long, value_name = "USER")]
    pub(crate) from: Vec<Addressee>,
    /// End after the first batch with a chosen message.
    #[arg(long)]
    pub(crate) once: bool,
    /// End when no chosen message has arrived for this long.
    #[arg(long, value_name = "SECONDS", value_parser = timeout)]
    pub(crate) timeout_idle: Option<Duration>,
    /// Skip larger attachments [default: 1 GiB for files and videos, 32 MiB for all others].
    #[arg(long, value_name = "BYTES", requires = "saving")]
    pub(crate) max_size: Option<u64>,
    /// End before less than this is free on the disk [default: 100 MiB; not on Windows].
    #[arg(long, value_name = "BYTES", requires = "saving")]
    pub(crate) keep_free: Option<u64>,
    /// Also save a complete picture, video or voice message whose format is unknown, as .bin.
    #[arg(long, requires = "saving")]
    pub(crate) keep_unknown: bool,
    /// A command to run for each chosen message. It reads the event from standard input, and
    /// WX_PATH is the path of the saved attachment.
    #[arg(last = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

impl Watch {
    /// Returns the directory in which attachments are saved.
    pub(crate) fn saving_dir(&self) -> Option<&PathBuf> {
        self.save.as_ref().or(self.save_images.as_ref())
    }

    /// Returns a problem with the arguments that clap does not check.
    pub(super) fn problem(&self) -> Option<String> {
        (cfg!(not(unix)) && self.keep_free.is_some())
            .then(|| "--keep-free is not available on this system".to_owned())
    }
}
