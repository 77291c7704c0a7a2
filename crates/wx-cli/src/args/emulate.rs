//! The arguments of `wx emulate`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use wx_emulator::{Fault, PhoneStep};

use super::seconds::timeout;
use super::{Global, Page};

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
    /// A text that arrives as a message; can be repeated.
    #[arg(long = "text", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) texts: Vec<String>,
    /// A picture that arrives as a message; can be repeated.
    #[arg(long = "image", value_name = "FILE")]
    pub(crate) images: Vec<PathBuf>,
    /// A video (MP4) that arrives as a message; can be repeated.
    #[arg(long = "video", value_name = "FILE")]
    pub(crate) videos: Vec<PathBuf>,
    /// A sound (MP3) that arrives as a voice message; can be repeated.
    #[arg(long = "voice", value_name = "FILE")]
    pub(crate) voices: Vec<PathBuf>,
    /// A file that arrives as a message; can be repeated.
    #[arg(long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The page for which the session file is logged in.
    #[arg(long, value_enum, default_value_t = Page::Web)]
    pub(crate) profile: Page,
    /// How the phone responds to a QR code, one step per poll, separated by commas: nothing,
    /// scanned, confirmed, refused, expired, trouble.
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    pub(crate) scan: Vec<PhoneStep>,
    /// A contact with this nickname, who takes turns in sending the messages; can be repeated.
    #[arg(long = "contact", value_name = "NICK")]
    pub(crate) contacts: Vec<String>,
    /// A room with this name and the contacts as its members, in which messages arrive in turn;
    /// can be repeated.
    #[arg(long = "room", value_name = "NICK")]
    pub(crate) rooms: Vec<String>,
    /// Keep delivering all of these messages, one per interval.
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
            _ if self.texts.iter().any(String::is_empty) => Some("--text is empty".to_owned()),
            _ if !self.rooms.is_empty() && self.contacts.is_empty() => {
                Some("--room needs a --contact as its member".to_owned())
            }
            _ if self.deliver_every.is_some() && !self.has_messages() => {
                Some("--deliver-every needs a message, such as a --text".to_owned())
            }
            _ => None,
        };
        meaningless
            .map(|(option, _)| format!("{option} is for commands that send requests"))
            .or(twice)
    }
    fn has_messages(&self) -> bool {
        let files = [&self.images, &self.videos, &self.voices, &self.files];
        !self.texts.is_empty() || files.iter().any(|files| !files.is_empty())
    }
}
