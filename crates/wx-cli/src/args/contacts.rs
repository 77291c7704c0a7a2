//! The arguments of `wx contacts`.

use super::{Addressee, SessionFile};

/// List the people and rooms that can be sent to.
#[derive(Debug, clap::Args)]
pub(crate) struct Contacts {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// List the rooms only, including those that are not saved to the contacts.
    #[arg(long, conflicts_with = "members")]
    pub(crate) rooms: bool,
    /// List the members of this room: name:NICK, or its UserName (@@… or …@chatroom).
    #[arg(long, value_name = "ROOM")]
    pub(crate) members: Option<Addressee>,
}

impl Contacts {
    /// Returns a problem with the arguments that clap does not check.
    pub(super) fn problem(&self) -> Option<String> {
        self.members.as_ref()?.no_room("--members")
    }
}
