//! The arguments of `wx fetch` and `wx fetch-image`.

use std::path::PathBuf;

use clap::ArgGroup;
use wx_proto::MsgId;

use super::variant::{PictureVariant, Variant};
use super::{Global, SessionFile};
use crate::files::is_dash;

/// The arguments of all commands that download.
#[derive(Debug, clap::Args)]
pub(crate) struct DownloadOptions {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Also write a complete picture, video or voice message whose format is unknown.
    #[arg(long)]
    pub(crate) keep_unknown: bool,
    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
    /// The file to write; - is standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
}

/// Fetch the attachment of a message that this login received.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub(crate) struct Fetch {
    #[command(flatten)]
    pub(crate) download: DownloadOptions,
    /// What to fetch of the message MSG_ID: a variant of the picture, the video, or the voice
    /// message. A thumbnail is also the cover of a video.
    #[arg(long, alias = "size", value_enum, default_value_t = Variant::Original)]
    pub(crate) variant: Variant,
    /// A file that holds the message as a line of wx watch --json, instead of MSG_ID and
    /// --variant; - is standard input. Only files need it.
    #[arg(long, value_name = "FILE", conflicts_with = "variant", group = "what")]
    pub(crate) message: Option<PathBuf>,
    /// The MsgID of a message with a picture, a video or a voice message.
    #[arg(value_name = "MSG_ID", group = "what")]
    pub(crate) msg_id: Option<MsgId>,
}

/// Fetch the picture of a message that this login received.
#[derive(Debug, clap::Args)]
pub(crate) struct FetchImage {
    #[command(flatten)]
    pub(crate) download: DownloadOptions,
    /// The variant of the picture. A thumbnail is also the cover of a video.
    #[arg(long, alias = "size", value_enum, default_value_t = PictureVariant::Original)]
    pub(crate) variant: PictureVariant,
    /// The MsgID of the message.
    #[arg(value_name = "MSG_ID")]
    pub(crate) msg_id: MsgId,
}

impl DownloadOptions {
    /// Returns a problem with the arguments that clap does not check.
    pub(super) fn problem(&self, global: &Global) -> Option<String> {
        (global.json && is_dash(&self.out))
            .then(|| "--out - and --json would both write to standard output".to_owned())
    }
}
