//! The arguments of `wx forward`.

use std::path::PathBuf;

use super::SendOptions;
use crate::files::is_dash;

/// Forward received messages, without fetching and uploading them.
#[derive(Debug, clap::Args)]
pub(crate) struct Forward {
    #[command(flatten)]
    pub(crate) options: SendOptions,
    /// A file with lines that wx watch --json has printed: their messages are forwarded, in this
    /// order; - is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) message: PathBuf,
}

impl Forward {
    /// Returns what is wrong with the arguments and not checked by clap. The messages are part of
    /// the record, so they can be read from standard input.
    pub(super) fn problem(&self) -> Option<String> {
        self.options.problem(&[], is_dash(&self.message))
    }
}
