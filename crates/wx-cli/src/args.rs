//! The command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use wx_emulator::{Fault, Scan};
use wx_proto::{HostError, ImageSize, MsgId, Policy, Profile, Recipient, Site};

use crate::{out, session};

/// Send and fetch pictures over web WeChat.
#[derive(Debug, Parser)]
#[command(name = "wx", version)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    #[arg(long, global = true, value_enum, help = "The HTTP client to use [default: ureq]")]
    transport: Option<Transport>,
    /// Print one JSON object a line on standard output, everything else on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Give a try up when no byte moved for this long [default: 120 while uploading, else 30].
    #[arg(long, global = true, value_name = "SECONDS", value_parser = timeout)]
    timeout: Option<Duration>,
    /// How long to wait between the tries of a message [default: 15].
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    retry_wait: Option<Duration>,
    /// Write a trace for a bug report to this new file: calls, sizes, codes and times, no names and no secrets.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    /// Tell every step on standard error.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Transport {
    Ureq,
    Reqwest,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(Demo),
    Emulate(Emulate),
    SendImage(SendImage),
    Resume(Resume),
    FetchImage(FetchImage),
    Login(Login),
    /// Ask the server whether the login is still valid, and whose it is.
    Whoami(Account),
    /// List the people and rooms to send to.
    Contacts(Account),
    Watch(Watch),
    /// End the login on the server.
    Logout(Account),
}

/// Which login.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SessionFile {
    /// The session file of a login. [default: the platform's place for it]
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
}

impl SessionFile {
    /// The file that was named, or else the platform's place for it.
    pub(crate) fn place(&self) -> PathBuf {
        self.session.clone().unwrap_or_else(session::default_place)
    }
}

/// Send a picture to an emulated server on this computer, fetch it back and compare.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// The picture; a bundled JPEG of over 1 MiB if none is given.
    pub(crate) image: Option<PathBuf>,
}

/// Serve an emulated web WeChat on this computer until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub(crate) struct Emulate {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub(crate) addr: SocketAddr,
    /// Write the port to this file once the server listens.
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    /// Write a session file that is logged in to this server.
    #[arg(long, value_name = "FILE")]
    pub(crate) session_file: Option<PathBuf>,
    /// A picture that arrives as a message; can be repeated.
    #[arg(long = "image", value_name = "FILE")]
    pub(crate) images: Vec<PathBuf>,
    /// Which page the session file is a login of.
    #[arg(long, value_enum, default_value_t = Page::Web)]
    pub(crate) profile: Page,
    /// What the phone does with a code, poll by poll: nothing, scanned, confirmed, refused, expired, trouble, with commas between.
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    pub(crate) scan: Vec<Scan>,
    /// A contact with this nickname; can be repeated.
    #[arg(long = "contact", value_name = "NICK")]
    pub(crate) contacts: Vec<String>,
    /// Let the pictures arrive again and again, one of them each time.
    #[arg(long, value_name = "SECONDS", value_parser = timeout)]
    pub(crate) deliver_every: Option<Duration>,
    /// Do something wrong: ACTION[=ARG]@ENDPOINT[#N[+]], such as ret=1205@webwxuploadmedia#2; can be repeated.
    #[arg(long = "fault", value_name = "SPEC")]
    pub(crate) faults: Vec<Fault>,
}

/// Send pictures.
#[derive(Debug, clap::Args)]
pub(crate) struct SendImage {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Who gets the pictures: name:NICK for a remark or nickname, filehelper, or a UserName of this
    /// login; can be repeated.
    #[arg(long, required = true, value_name = "USER")]
    pub(crate) to: Vec<Addressee>,
    /// Send the pictures as files.
    #[arg(long)]
    pub(crate) as_file: bool,
    /// Refuse pictures that are larger.
    #[arg(long, value_name = "BYTES", default_value_t = Policy::default().max_picture)]
    pub(crate) max_size: u64,
    /// Pause between the pictures [default: 3 after the tenth, to stay below the rate limit].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) pace: Option<Duration>,
    /// Keep the state of the job in this directory, so that wx resume can go on with it after a crash.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume_dir: Option<PathBuf>,
    /// The pictures; - reads one from standard input.
    #[arg(required = true, value_name = "IMAGE")]
    pub(crate) images: Vec<PathBuf>,
}

/// Go on with a send-image --resume-dir that did not finish.
#[derive(Debug, clap::Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Send a message once more that may have been delivered, under its old id.
    #[arg(long)]
    pub(crate) resend: bool,
    /// The directory of the job.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}

/// Fetch the picture of a message that this login got.
#[derive(Debug, clap::Args)]
pub(crate) struct FetchImage {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Which picture of the message; big is for emoticons.
    #[arg(long, value_enum, default_value_t = Size::Original)]
    pub(crate) size: Size,
    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
    /// Keep what is whole and no picture of a known format, too.
    #[arg(long)]
    pub(crate) keep_unknown: bool,
    /// Where to write the picture; - writes standard output.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// The message's MsgID.
    #[arg(value_name = "MSG_ID")]
    pub(crate) msg_id: MsgId,
}

/// Log in with the phone, and keep the session.
#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Which page to log in at.
    #[arg(long, value_enum, default_value_t = Page::Web)]
    pub(crate) profile: Page,
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "push",
        help = "The URL of another host of that page, such as https://wx2.qq.com, or of wx emulate"
    )]
    pub(crate) base: Option<String>,
    /// Let the phone ask, without a QR code: for the account that the session file is of.
    #[arg(long, conflicts_with = "profile")]
    pub(crate) push: bool,
    /// Write the QR code to this new file too, as .png or .svg.
    #[arg(long, value_name = "FILE")]
    pub(crate) qr: Option<PathBuf>,
    /// Replace whatever the session file holds, the login of another account too, and the file of --qr.
    #[arg(long)]
    pub(crate) force: bool,
}

impl Login {
    /// Where to log in.
    pub(crate) fn site(&self) -> Result<Site, HostError> {
        let profile = self.profile.into();
        match &self.base {
            Some(base) => Site::at_allow_loopback(profile, base),
            None => Ok(Site::new(profile)),
        }
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

// Its commands have help lines of their own.
#[derive(Debug, clap::Args)]
pub(crate) struct Account {
    #[command(flatten)]
    pub(crate) session: SessionFile,
}

/// Tell each message that comes, and keep the pictures.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) session: SessionFile,
    /// Keep each picture in this directory, under its MsgID.
    #[arg(long, value_name = "DIR")]
    pub(crate) save_images: Option<PathBuf>,
    /// Keep what is whole and no picture of a known format, too, as .bin.
    #[arg(long, requires = "save_images")]
    pub(crate) keep_unknown: bool,
}

/// Whom a picture is for, as it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    Recipient(Recipient),
    /// A remark or a nickname, to be looked up.
    Name(String),
}

impl FromStr for Addressee {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("name:") {
            return match name.trim() {
                "" => Err("name: needs a remark or nickname after it".to_owned()),
                _ => Ok(Self::Name(name.to_owned())),
            };
        }
        let suggest = |error| match text.trim() {
            "" => format!("{error}"),
            name => format!("{error}; for a contact of this name use name:{name}"),
        };
        text.parse().map(Self::Recipient).map_err(suggest)
    }
}

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recipient(recipient) => recipient.fmt(f),
            Self::Name(name) => write!(f, "name:{name}"),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Size {
    Original,
    Thumb,
    Big,
}

impl From<Size> for ImageSize {
    fn from(size: Size) -> Self {
        match size {
            Size::Original => Self::Original,
            Size::Thumb => Self::Thumbnail,
            Size::Big => Self::Emoticon,
        }
    }
}

impl Global {
    /// The HTTP client to use.
    pub(crate) fn transport(&self) -> Transport {
        self.transport.unwrap_or(Transport::Ureq)
    }

    /// Limits, tries and waits as asked for.
    pub(crate) fn policy(&self) -> Policy {
        let mut policy = Policy::default();
        if let Some(stall) = self.timeout {
            policy = policy.with_stall(stall);
        }
        if let Some(wait) = self.retry_wait {
            policy.message_wait = wait;
        }
        policy
    }
}

impl Args {
    /// The arguments of this process; on anything wrong with them a line is printed and the exit code given.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().and_then(Self::check).map_err(|error| complain(&error))
    }

    /// What clap does not check.
    fn check(self) -> Result<Self, clap::Error> {
        let problem = match &self.command {
            Command::SendImage(send) => send.problem(),
            Command::FetchImage(fetch) if self.global.json && is_dash(&fetch.out) => {
                Some("--out - and --json would both write to standard output".to_owned())
            }
            Command::Emulate(emulate) => emulate.problem(&self.global),
            Command::Login(login) => login.problem(),
            _ => None,
        };
        match problem {
            Some(problem) => Err(Self::command().error(ErrorKind::ArgumentConflict, problem)),
            None => Ok(self),
        }
    }
}

impl Emulate {
    fn problem(&self, global: &Global) -> Option<String> {
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
        meaningless.map(|(option, _)| format!("{option} is for commands that send requests")).or(twice)
    }
}

impl Login {
    fn problem(&self) -> Option<String> {
        if let Err(error) = self.site() {
            return Some(format!("--base: {error}"));
        }
        let extension = self.qr.as_ref()?.extension().and_then(|extension| extension.to_str());
        let known = extension.is_some_and(|extension| ["png", "svg"].contains(&extension));
        (!known).then(|| "--qr takes a file that ends in .png or .svg".to_owned())
    }
}

impl SendImage {
    fn problem(&self) -> Option<String> {
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

/// Whether a path stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // A year is as good as for ever, and far from any overflow.
    seconds
        .filter(|seconds| seconds.as_secs() <= 365 * 86_400)
        .ok_or_else(|| "not a number of seconds".to_owned())
}

fn timeout(text: &str) -> Result<Duration, String> {
    seconds(text)
        .and_then(|time| if time.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(time) })
}

/// Prints help as it is and everything else as one line.
fn complain(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(2);
    }
    let text = error.render().to_string();
    let first: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let line = first.join(" ");
    out::error(&format!("{} (see --help)", line.strip_prefix("error: ").unwrap_or(&line)));
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn fractions_of_seconds() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for bad in ["", "x", "-1", "nan", "inf", "1e30", "15s"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert!(timeout("0").is_err() && timeout("0.1").is_ok());
    }

    #[test]
    fn options_reach_the_policy() {
        let args = Args::try_parse_from(["wx", "demo", "--timeout", "2.5", "--retry-wait", "0"]).unwrap();
        let policy = args.global.policy();
        assert_eq!(policy.upload_stall, Duration::from_millis(2500));
        assert_eq!(policy.call_stall, Duration::from_millis(2500));
        assert_eq!(policy.message_wait, Duration::ZERO);
    }
}
