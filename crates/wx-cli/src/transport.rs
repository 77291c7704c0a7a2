//! The two clients behind one face.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::runtime::Runtime;
use wx_proto::flow::Progress;
use wx_proto::{Advice, Fetched, ImageSize, MsgId, Policy, Sent, Session, Uploaded, UserName};

use crate::args::Transport;
use crate::files::Input;
use crate::problem::Problem;

/// Hears of every step and says when to stop.
pub(crate) trait Ears: Sync {
    /// Called before each step.
    fn progress(&self, progress: &Progress);
    /// Whether to stop where it is.
    fn stopped(&self) -> bool;
    /// What it means to stop now.
    fn interrupted(&self) -> Problem;
}

/// Memory for a picture that can be read only once; beyond it goes a temporary file.
const SPOOL: u64 = 4 * 1024 * 1024;

/// Where a fetched picture goes.
pub(crate) enum Target<'a> {
    /// A new file.
    File(&'a Path),
    Memory(&'a mut Vec<u8>),
    Stdout,
}

pub(crate) enum Client {
    Ureq(wx_ureq::Client),
    Reqwest(wx_reqwest::Client, Runtime),
}

/// A client's `Watch` that passes all on to some ears. What runs on reqwest is dropped to stop it.
macro_rules! watch {
    (wx_ureq, $ears:ident) => {
        wx_ureq::Watch::new().progress(|now| $ears.progress(now)).cancel_if(|| $ears.stopped())
    };
    (wx_reqwest, $ears:ident) => {
        wx_reqwest::Watch::new().progress(|now| $ears.progress(now))
    };
}

impl Client {
    pub(crate) fn new(transport: Transport, session: Session, policy: Policy) -> Result<Self, Problem> {
        match transport {
            Transport::Ureq => {
                let client = wx_ureq::Client::builder(session).policy(policy).build();
                client.map(Self::Ureq).map_err(|error| no_client(&error))
            }
            Transport::Reqwest => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let client = wx_reqwest::Client::builder(session).policy(policy).build();
                client.map(|client| Self::Reqwest(client, runtime)).map_err(|error| no_client(&error))
            }
        }
    }

    /// Uploads a picture of at most `limit` bytes, addressed to `to`; it can be sent to others as well.
    pub(crate) fn upload(
        &self,
        to: &UserName,
        input: Input,
        limit: u64,
        ears: &impl Ears,
    ) -> Result<Uploaded, Problem> {
        match self {
            Self::Ureq(client) => {
                use wx_ureq::Source;
                let source = match input {
                    Input::File(path) => Source::path(path)?,
                    Input::Bytes(name, bytes) => Source::bytes(name, bytes),
                    Input::Once(None) => Source::reader("", io::stdin().lock(), SPOOL, limit)?,
                    Input::Once(Some(file)) => Source::reader("", file, SPOOL, limit)?,
                };
                Ok(client.upload_with(to, source, watch!(wx_ureq, ears))?)
            }
            Self::Reqwest(client, runtime) => until_stopped(runtime, ears, async {
                use wx_reqwest::Source;
                let source = match input {
                    Input::File(path) => Source::path(path).await?,
                    Input::Bytes(name, bytes) => Source::bytes(name, bytes),
                    Input::Once(None) => Source::reader("", tokio::io::stdin(), SPOOL, limit).await?,
                    Input::Once(Some(file)) => {
                        Source::reader("", tokio::fs::File::from_std(file), SPOOL, limit).await?
                    }
                };
                Ok(client.upload_with(to, source, watch!(wx_reqwest, ears)).await?)
            }),
        }
    }

    /// Sends what was uploaded.
    pub(crate) fn send_uploaded(
        &self,
        to: &UserName,
        uploaded: &Uploaded,
        ears: &impl Ears,
    ) -> Result<Sent, Problem> {
        match self {
            Self::Ureq(client) => Ok(client.send_uploaded_with(to, uploaded, watch!(wx_ureq, ears))?),
            Self::Reqwest(client, runtime) => until_stopped(runtime, ears, async {
                Ok(client.send_uploaded_with(to, uploaded, watch!(wx_reqwest, ears)).await?)
            }),
        }
    }

    /// Fetches a picture.
    pub(crate) fn fetch(
        &self,
        msg_id: &MsgId,
        size: ImageSize,
        target: Target<'_>,
        ears: &impl Ears,
    ) -> Result<Fetched, Problem> {
        match self {
            Self::Ureq(client) => {
                use wx_ureq::Sink;
                let mut stdout = io::BufWriter::new(io::stdout());
                let sink = match target {
                    Target::File(path) => Sink::path(path),
                    Target::Memory(bytes) => Sink::vec(bytes),
                    Target::Stdout => Sink::writer(&mut stdout),
                };
                Ok(client.fetch_image_with(msg_id, size, sink, watch!(wx_ureq, ears))?)
            }
            Self::Reqwest(client, runtime) => {
                use wx_reqwest::Sink;
                let mut stdout = tokio::io::stdout();
                let sink = match target {
                    Target::File(path) => Sink::path(path),
                    Target::Memory(bytes) => Sink::vec(bytes),
                    Target::Stdout => Sink::writer(&mut stdout),
                };
                until_stopped(runtime, ears, async {
                    Ok(client.fetch_image_with(msg_id, size, sink, watch!(wx_reqwest, ears)).await?)
                })
            }
        }
    }
}

/// Drops the call when it is to stop.
fn until_stopped<T>(
    runtime: &Runtime,
    ears: &impl Ears,
    call: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    let stopped = async {
        while !ears.stopped() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    runtime.block_on(async {
        tokio::select! {
            biased;
            result = call => result,
            () = stopped => Err(ears.interrupted()),
        }
    })
}

fn no_client(error: &impl Display) -> Problem {
    Problem::local(format!("no client: {error}"), Advice::Report)
}
