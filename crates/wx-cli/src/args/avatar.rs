//! The arguments of `wx avatar`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::ArgGroup;

use super::{Addressee, DownloadOptions, Global};

/// Fetch the avatar of a person or a room.
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("whose").required(true)))]
pub(crate) struct Avatar {
    #[command(flatten)]
    pub(crate) download: DownloadOptions,
    /// USER is a member of this room: name:NICK, or its UserName (@@… or …@chatroom).
    #[arg(long, value_name = "ROOM", conflicts_with = "line")]
    pub(crate) member_of: Option<Addressee>,
    /// A file that holds a line of wx contacts --json, or the friend request of wx watch --json; -
    /// is standard input.
    #[arg(long, value_name = "FILE", group = "whose")]
    pub(crate) line: Option<PathBuf>,
    /// The owner of the avatar: name:NICK, a UserName, or me for the account itself.
    #[arg(value_name = "USER", group = "whose")]
    pub(crate) user: Option<AvatarOwner>,
}

/// The owner of an avatar as the user gave it.
#[derive(Clone, Debug)]
pub(crate) enum AvatarOwner {
    Me,
    Other(Addressee),
}

/// What stands for the account itself.
const ME: &str = "me";

impl Avatar {
    /// Returns a problem with the arguments that clap does not check.
    pub(super) fn problem(&self, global: &Global) -> Option<String> {
        let problem = match (&self.member_of, &self.user) {
            (Some(_), Some(AvatarOwner::Me)) => {
                Some(format!("{ME} is no name of a member, so it needs no --member-of"))
            }
            (Some(room), _) => room.no_room("--member-of"),
            (None, _) => None,
        };
        problem.or_else(|| self.download.problem(global))
    }
}

impl fmt::Display for AvatarOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str(ME),
            Self::Other(owner) => owner.fmt(f),
        }
    }
}

impl FromStr for AvatarOwner {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == ME { Ok(Self::Me) } else { text.parse().map(Self::Other) }
    }
}
