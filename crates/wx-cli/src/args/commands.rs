//! The arguments of each command.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use wx_emulator::{Fault, PhoneStep};
use wx_proto::{HostError, ImageVariant, MsgId, Policy, Profile, Site};

use super::seconds::{seconds, timeout};
use super::{Addressee, Global};
use crate::files::is_dash;
use crate::{out, place};

/// The login to use.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SessionFile {
    /// The session file of a login [default: in the state directory of the platform]
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
}

impl SessionFile {
    /// Returns the given file, or the default one.
    pub(crate) fn place(&self) -> PathBuf {
        self.place_or(None)
    }

    /// Returns the given file, otherwise the `known` one, otherwise the default one.
    pub(crate) fn place_or(&self, known: Option<PathBuf>) -> PathBuf {
        self.session.clone().or(known).unwrap_or_else(place::default_place)
    }
}

/// Send a picture to an emulated server on this computer, fetch it back and compare both.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// The picture [default: a bundled JPEG of over 1 MiB]
    pub(crate) image: Option<PathBuf>,
}

/// Serve an emulated web WeChat on this computer until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub(crate) struct Emulate {
    /// The address to listen on; port 0 is a free port.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) addr: SocketAddr,
    /// Write the port to this file once the server is listening.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    /// Write a session file that is logged in to this server.
    #[arg(long, value_name = "FILE")]
    pub(crate) session_file: Option<PathBuf>,
    /// A picture that arrives as a message; can be repeated.
    #[arg(long = "image", value_name = "FILE")]
    pub(crate) images: Vec<PathBuf>,
    /// The page that the session file is logged in to.
    #[arg(long, value_enum, default_value_t = Page::Web)]
    pub(crate) profile: Page,
    /// What the phone does with a QR code, one step per poll: nothing, scanned, confirmed, refused,
    /// expired, trouble; separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    pub(crate) scan: Vec<PhoneStep>,
    /// A contact with this nickname; can be repeated.
    #[arg(long = "contact", value_name = "NICK")]
    pub(crate) contacts: Vec<String>,
    /// Deliver the pictures again and again, one each time.
    #[arg(long, value_name = "SECONDS", value_parser = timeout)]
    pub(crate) deliver_every: Option<Duration>,
    /// Inject a fault: ACTION[=ARG]@ENDPOINT[#N[+]], such as ret=1205@webwxuploadmedia#2; can be
    /// repeated.
    #[arg(long = "fault", value_name = "SPEC")]
    pub(crate) faults: Vec<Fault>,
}

impl Emulate {
    /// Returns what is wrong with the arguments and not checked by clap.
    pub(super) fn problem(&self, global: &Global) -> Option<String> {
        let sends = [
            ("--trace", global.trace.is_some()),
            ("--timeout", global.timeout.is_some()),
            ("--retry-wait", global.retry_wait.is_some()),
            ("--transport", global.transport.is_some()),
        ];
        let meaningless = sends.iter().find(|(_, given)| *given);
        let twice = match (&self.port_file, &self.session_file) {
            (Some(port), Some(session)) if port == session => {
                Some("--port-file and --session-file are the same file".to_owned())
            }
            _ if self.deliver_every.is_some() && self.images.is_empty() => {
                Some("--deliver-every needs an --image to deliver".to_owned())
            }
            _ => None,
        };
        meaningless
            .map(|(option, _)| format!("{option} is for commands that send requests"))
            .or(twice)
    }
}

/// Send pictures.
#[derive(Debug, clap::Args)]
pub(crate) struct SendImage {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// A recipient: name:NICK for a remark or nickname, filehelper, or a UserName of this login
    /// (@…, @@…, …@chatroom); can be repeated.
    #[arg(long, required = true, value_name = "USER")]
    pub(crate) to: Vec<Addressee>,
    /// Send the pictures as files.
    #[arg(long)]
    pub(crate) as_file: bool,
    /// Refuse larger pictures.
    #[arg(long, value_name = "BYTES", default_value_t = Policy::default().max_upload)]
    pub(crate) max_size: u64,
    /// Pause between pictures [default: 3 after the tenth, to stay below the rate limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) pace: Option<Duration>,
    /// Record the job in this directory, so that wx resume can continue it after a crash.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume_dir: Option<PathBuf>,
    /// The pictures; - reads one from standard input.
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
}

impl SendImage {
    /// Returns what is wrong with the arguments and not checked by clap.
    pub(super) fn problem(&self) -> Option<String> {
        let twice = self.to.iter().enumerate().find(|(at, to)| self.to[..*at].contains(to));
        if let Some((_, to)) = twice {
            return Some(format!("--to {to} is given twice"));
        }
        let dashes = self.images.iter().filter(|image| is_dash(image)).count();
        match dashes {
            1 if self.resume_dir.is_some() => {
                Some("--resume-dir needs files, not standard input (-)".to_owned())
            }
            0 | 1 => None,
            _ => Some("standard input (-) can be read only once".to_owned()),
        }
    }
}

/// Continue a send-image --resume-dir that did not finish.
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Send messages that may have been delivered again, under their old ids.
    #[arg(long)]
    pub(crate) resend: bool,
    /// Settle the messages that may have been delivered without sending them again. The rest is
    /// sent.
    #[arg(long, conflicts_with = "resend")]
    pub(crate) give_up: bool,
    /// The directory of the job.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

/// Fetch the picture of a message that this login received.
#[derive(Debug, clap::Args)]
pub(crate) struct FetchImage {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// The variant of the picture; big is for emoticons.
    #[arg(long, value_enum, default_value_t = Size::Original)]
    pub(crate) size: Size,
    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
    /// Also write a complete file of an unknown format.
    #[arg(long)]
    pub(crate) keep_unknown: bool,
    /// The file to write; - is standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// The MsgID of the message.
    #[arg(value_name = "MSG_ID")]
    pub(crate) msg_id: MsgId,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Size {
    Original,
    Thumb,
    Big,
}

impl From<Size> for ImageVariant {
    fn from(size: Size) -> Self {
        match size {
            Size::Original => Self::Original,
            Size::Thumb => Self::Thumbnail,
            Size::Big => Self::Emoticon,
        }
    }
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
    /// Ask the phone of the account in the session file, without a QR code.
    #[arg(long, conflicts_with = "profile")]
    pub(crate) push: bool,
    /// Also write the QR code to this new file, as .png or .svg.
    #[arg(long, value_name = "FILE")]
    pub(crate) qr: Option<PathBuf>,
    /// Replace the session file whatever it contains, and the file of --qr.
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

    /// Returns what is wrong with the arguments and not checked by clap.
    pub(super) fn problem(&self) -> Option<String> {
        if let Err(error) = self.site() {
            return Some(format!("--base: {}", out::words(&error)));
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

// Each command that uses it has its own help.
#[derive(Debug, clap::Args)]
pub(crate) struct Account {
    #[command(flatten)]
    pub(crate) session: SessionFile,
}

/// Print new messages, and save their pictures.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Save each picture in this directory, under its MsgID.
    #[arg(long, value_name = "DIR")]
    pub(crate) save_images: Option<PathBuf>,
    /// Also save complete files of unknown formats, as .bin.
    #[arg(long, requires = "save_images")]
    pub(crate) keep_unknown: bool,
}
