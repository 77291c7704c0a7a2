//! The arguments of `wx revoke`.

use std::path::PathBuf;

use clap::ArgGroup;
use wx_proto::MsgId;

use super::{Addressee, SessionFile};

/// Revoke messages that were sent less than two minutes ago.
#[derive(Debug, clap::Args)]
#[command(
    group(ArgGroup::new("which").required(true)),
    override_usage = "wx revoke [OPTIONS] <--message <FILE>|--to <USER> MSG_ID>"
)]
pub(crate) struct Revoke {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// A file with lines that wx send --json has printed: their messages are revoked; - is
    /// standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "to", group = "which")]
    pub(crate) message: Option<PathBuf>,
    /// The recipient of the message MSG_ID: name:NICK for a remark or nickname, or a UserName of
    /// this login (@…, @@…, …@chatroom).
    #[arg(long, value_name = "USER", requires = "msg_id")]
    pub(crate) to: Option<Addressee>,
    /// The MsgID of the message. Its age is not checked.
    #[arg(value_name = "MSG_ID", requires = "to", group = "which")]
    pub(crate) msg_id: Option<MsgId>,
}
