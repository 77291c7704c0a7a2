//! The arguments of each command.

use std::path::PathBuf;

use clap::ValueEnum;
use wx_proto::{HostError, Profile, Site};

use crate::{out, place};

/// The login to use.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SessionFile {
    /// The session file of a login [default: in the state directory of the platform].
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
}

impl SessionFile {
    /// Returns the path of the option, or the default path.
    pub(crate) fn place(&self) -> PathBuf {
        self.place_or(None)
    }

    /// Like [`place`](Self::place), but does not create the directory of the default path.
    pub(crate) fn path(&self) -> PathBuf {
        self.session.clone().unwrap_or_else(place::default_path)
    }

    /// Returns the path of the option, or `known`, or the default path, in this order.
    pub(crate) fn place_or(&self, known: Option<PathBuf>) -> PathBuf {
        self.session.clone().or(known).unwrap_or_else(place::default_place)
    }
}

/// Send a picture to an emulated server on this computer, fetch it back and compare them.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// The picture [default: a bundled JPEG of over 1 MiB].
    pub(crate) image: Option<PathBuf>,
}

/// Continue an unfinished send, send-image or forward --resume-dir.
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Send messages that may have been delivered again, under their old ids.
    #[arg(long)]
    pub(crate) resend: bool,
    /// Settle the messages that may have been delivered, without sending them again. All other
    /// messages are sent.
    #[arg(long, conflicts_with = "resend")]
    pub(crate) give_up: bool,
    /// The directory of the job.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

/// Report what works and what does not, without changing anything and without secrets.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// The page to check if there is no login.
    #[arg(long, value_enum, default_value_t = Page::Web)]
    pub(crate) profile: Page,
}

/// Check the saved login of another client with the server, and save it as a session.
#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Overwrite the session file whatever it contains.
    #[arg(long)]
    pub(crate) force: bool,
    /// The file of openwechat (storage.json), wechat4u or wechat4filehelper (sync-data.json),
    /// Wechaty (NAME.memory-card.json) or wx-filehelper-api (state.json), or - for standard input.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Log in with the phone, and save the session.
#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// The page to log in to.
    #[arg(long, value_enum, default_value_t = Page::Web)]
    pub(crate) profile: Page,
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "push",
        help = "The URL of another host of that page, such as https://wx2.qq.com, or of wx emulate"
    )]
    pub(crate) base: Option<String>,
    /// Ask for confirmation on the phone of the account in the session file, without a QR code.
    #[arg(long, conflicts_with = "profile")]
    pub(crate) push: bool,
    /// Also write the QR code to this new file, as .png or .svg.
    #[arg(long, value_name = "FILE")]
    pub(crate) qr: Option<PathBuf>,
    /// Overwrite the session file whatever it contains, and the file of --qr.
    #[arg(long)]
    pub(crate) force: bool,
}

impl Login {
    /// Returns the site to log in to.
    pub(crate) fn site(&self) -> Result<Site, HostError> {
        let profile = self.profile.into();
        match &self.base {
            Some(base) => Site::from_base_allow_loopback(profile, base),
            None => Ok(Site::new(profile)),
        }
    }

    /// Returns a problem with the arguments that clap does not check.
    pub(super) fn problem(&self) -> Option<String> {
        if let Err(error) = self.site() {
            return Some(format!("--base: {}", out::error_chain(&error)));
        }
        let extension = self.qr.as_ref()?.extension().and_then(|extension| extension.to_str());
        let known = extension.is_some_and(|extension| ["png", "svg"].contains(&extension));
        (!known).then(|| "--qr takes a file that ends in .png or .svg".to_owned())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Page {
    Web,
    Filehelper,
}

impl From<Page> for Profile {
    fn from(page: Page) -> Self {
        match page {
            Page::Web => Self::Web,
            Page::Filehelper => Self::FileHelper,
        }
    }
}

// Each command that takes an account has its own help text.
#[derive(Debug, clap::Args)]
pub(crate) struct Account {
    #[command(flatten)]
    pub(crate) session: SessionFile,
}
