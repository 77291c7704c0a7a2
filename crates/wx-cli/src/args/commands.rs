//! The arguments of each command.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use wx_emulator::{Fault, PhoneStep};
use wx_proto::{HostError, ImageVariant, MediaKind, MsgId, Policy, Profile, Site};

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
    /// Returns the path of the option, or the default path.
    pub(crate) fn place(&self) -> PathBuf {
        self.place_or(None)
    }

    /// Returns the path of the option, or `known`, or the default path, in this order.
    pub(crate) fn place_or(&self, known: Option<PathBuf>) -> PathBuf {
        self.session.clone().or(known).unwrap_or_else(place::default_place)
    }
}

/// Send a picture to an emulated server on this computer, fetch it back and compare them.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// The picture [default: a bundled JPEG of over 1 MiB]
    pub(crate) image: Option<PathBuf>,
}

/// Serve an emulated web WeChat on this computer until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub(crate) struct Emulate {
    /// The address to listen on; port 0 chooses a free port.
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
    /// The page for which the session file is logged in.
    #[arg(long, value_enum, default_value_t = Page::Web)]
    pub(crate) profile: Page,
    /// How the phone responds to a QR code, one step per poll, separated by commas: nothing,
    /// scanned, confirmed, refused, expired, trouble.
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    pub(crate) scan: Vec<PhoneStep>,
    /// A contact with this nickname; can be repeated.
    #[arg(long = "contact", value_name = "NICK")]
    pub(crate) contacts: Vec<String>,
    /// Keep delivering the pictures, one per interval.
    #[arg(long, value_name = "SECONDS", value_parser = timeout)]
    pub(crate) deliver_every: Option<Duration>,
    /// Inject a fault: ACTION[=ARG]@ENDPOINT[#N[+]], such as ret=1205@webwxuploadmedia#2; can be
    /// repeated.
    #[arg(long = "fault", value_name = "SPEC")]
    pub(crate) faults: Vec<Fault>,
}

impl Emulate {
    /// Returns a problem with the arguments that clap does not check.
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

/// Send a text and files.
#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// A recipient: name:NICK for a remark or nickname, filehelper, or a UserName of this login
    /// (@…, @@…, …@chatroom); can be repeated.
    #[arg(long, required = true, value_name = "USER")]
    pub(crate) to: Vec<Addressee>,
    /// A text, which is sent before the files; - reads it from standard input.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) text: Option<String>,
    /// Send a long text in parts of at most 2000 characters.
    #[arg(long, requires = "text")]
    pub(crate) split: bool,
    /// Send the files as this kind [default: by their first bytes].
    #[arg(long = "as", value_enum, value_name = "KIND", requires = "files")]
    pub(crate) kind: Option<Kind>,
    /// The file name that recipients see [default: the name of the file].
    #[arg(long, value_name = "NAME", requires = "files")]
    pub(crate) name: Option<String>,
    /// Refuse larger files [default: 20 MiB for pictures, 1 GiB for others].
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_size: Option<u64>,
    /// Pause between texts and files, not between recipients [default: 3 after the tenth, to stay
    /// below the rate limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) pace: Option<Duration>,
    /// Record the job in this directory, so that wx resume can continue it after a crash.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume_dir: Option<PathBuf>,
    /// The files; - reads one from standard input.
    #[arg(value_name = "FILE", required_unless_present = "text")]
    pub(crate) files: Vec<PathBuf>,
}

/// The kind that files are sent as.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Image,
    Emoticon,
    File,
}

impl From<Kind> for MediaKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Image => Self::Image,
            Kind::Emoticon => Self::Emoticon,
            Kind::File => Self::File,
        }
    }
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
        wrong_inputs(&self.to, &self.files, text_dash, self.resume_dir.is_some())
    }
}

/// Returns what is wrong with the recipients, or with what is read from standard input.
fn wrong_inputs(
    to: &[Addressee],
    files: &[PathBuf],
    text_dash: bool,
    is_resumable: bool,
) -> Option<String> {
    let twice = to.iter().enumerate().find(|(at, one)| to[..*at].contains(one));
    if let Some((_, to)) = twice {
        return Some(format!("--to {to} is given twice"));
    }
    let dashes = files.iter().filter(|file| is_dash(file)).count();
    match dashes + usize::from(text_dash) {
        _ if dashes > 0 && is_resumable => {
            Some("--resume-dir needs files, not standard input (-)".to_owned())
        }
        0 | 1 => None,
        _ => Some("standard input (-) can be read only once".to_owned()),
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
        wrong_inputs(&self.to, &self.images, false, self.resume_dir.is_some())
    }
}

/// Continue an unfinished send or send-image --resume-dir.
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

/// Fetch the attachment of a message that this login received: a picture or a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Fetch {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// The variant of the picture; a thumbnail is also the cover of a video.
    #[arg(long, value_enum, default_value_t = Variant::Original, conflicts_with = "message")]
    pub(crate) variant: Variant,
    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
    /// The file to write; - is standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// A file that holds the message as a line of wx watch --json; - is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) message: Option<PathBuf>,
    /// The MsgID of a message with a picture.
    #[arg(value_name = "MSG_ID", conflicts_with = "message", required_unless_present = "message")]
    pub(crate) msg_id: Option<MsgId>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Variant {
    Original,
    Thumbnail,
    Emoticon,
}

impl From<Variant> for ImageVariant {
    fn from(variant: Variant) -> Self {
        match variant {
            Variant::Original => Self::Original,
            Variant::Thumbnail => Self::Thumbnail,
            Variant::Emoticon => Self::Emoticon,
        }
    }
}

/// Fetch the picture of a message that this login received.
#[derive(Debug, clap::Args)]
pub(crate) struct FetchImage {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// The variant of the picture; big is only for emoticons.
    #[arg(long, value_enum, default_value_t = Size::Original)]
    pub(crate) size: Size,
    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
    /// Also write a complete file whose format is unknown.
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

/// Print new messages, and save their pictures.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Save each picture in this directory, under its MsgID.
    #[arg(long, value_name = "DIR")]
    pub(crate) save_images: Option<PathBuf>,
    /// Also save complete files whose format is unknown, as .bin.
    #[arg(long, requires = "save_images")]
    pub(crate) keep_unknown: bool,
}
