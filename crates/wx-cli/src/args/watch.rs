//! The arguments of `wx watch`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;

use super::seconds::timeout;
use super::size::size;
use super::{Addressee, SessionFile};

/// The kinds of message that `--kinds` takes, named as in events: as by [`MessageKind::name`], and
/// emoticons from the store. Status notices are not for the user.
///
/// [`MessageKind::name`]: wx_proto::MessageKind::name
const KINDS: [&str; 20] = [
    "text",
    "quote",
    "image",
    "emoticon",
    "store_emoticon",
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
    /// Choose only messages of these kinds, separated by commas, such as image,file: text, quote,
    /// image, emoticon, store_emoticon, video, voice, file, location, contact_card, friend_request,
    /// link, mini_program, chat_history, transfer, red_packet, app, system, recall, other.
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
    /// End when no chosen message has arrived for this many seconds, more than 0.
    #[arg(long, value_name = "SECONDS", value_parser = timeout)]
    pub(crate) timeout_idle: Option<Duration>,
    /// Skip attachments that are larger than this: bytes, or a number with K, M or G, such as 20M
    /// [default: 1G for files and videos, 32M for all others].
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "saving")]
    pub(crate) max_size: Option<u64>,
    /// End before less than this is free on the disk: bytes, or a number with K, M or G [default:
    /// 100M; not on Windows].
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "saving")]
    pub(crate) keep_free: Option<u64>,
    /// Also save a complete picture, video or voice message whose format is unknown, as .bin.
    #[arg(long, requires = "saving")]
    pub(crate) keep_unknown: bool,
    /// Run CMD at once for every message for which it has failed, even if it was given up.
    #[arg(long, requires = "command")]
    pub(crate) retry_hooks: bool,
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
        if cfg!(not(unix)) && self.keep_free.is_some() {
            return Some("--keep-free is not available on this system".to_owned());
        }
        // clap accepts the separator alone.
        let is_separated = self.command.is_empty() && std::env::args_os().any(|arg| arg == "--");
        is_separated.then(|| "a command has to follow --".to_owned())
    }
}
