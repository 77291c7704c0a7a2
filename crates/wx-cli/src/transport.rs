//! The two clients behind one face.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::runtime::Runtime;
use wx_client::FileError;
pub(crate) use wx_client::clock::unix_ms;
use wx_client::proxy::ProxyError;
pub(crate) use wx_client::seed;
use wx_proto::flow::{ExchangeSummary, FetchImage, Flow, Progress, Traced};
use wx_proto::{
    Advice, Error, Fetched, ImageVariant, MsgId, Picture, Policy, Session, Site, SourceError, Step,
    Uploaded,
};

use crate::args::Transport;
use crate::files::Input;
use crate::out;
use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::withhold::{self, Withholding};

/// Hears of every step of a job.
pub(crate) trait Ears: Sync {
    /// Who tells of it.
    fn report(&self) -> &Report;

    /// Whether to stop where it is.
    fn stopped(&self) -> bool {
        self.report().stopped()
    }

    /// Called before each step.
    fn progress(&self, progress: &Progress) {
        self.report().progress(progress);
    }
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

pub(crate) struct Client {
    session: Session,
    policy: Policy,
    wire: Wire,
}

/// One of the two, for a site.
pub(crate) enum Wire {
    Ureq(wx_ureq::Http),
    Reqwest(wx_reqwest::Http, Runtime),
}

/// A client's `Watch` that passes all on to some ears. What runs on reqwest is dropped to stop it.
macro_rules! watch {
    (wx_ureq, $ears:ident) => {
        watch!(@heard wx_ureq, $ears).cancel_if(|| $ears.stopped())
    };
    (wx_reqwest, $ears:ident) => {
        watch!(@heard wx_reqwest, $ears)
    };
    (@heard $client:ident, $ears:ident) => {
        $client::Watch::new().progress(|now| $ears.progress(now))
    };
}

impl Wire {
    pub(crate) fn new(transport: Transport, site: &Site) -> Result<Self, Problem> {
        Ok(match transport {
            Transport::Ureq => {
                Self::Ureq(wx_ureq::Http::new(None, site).map_err(|error| match error {
                    wx_ureq::BuildError::Proxy(error) => bad_proxy(error),
                    error => no_client(&error),
                })?)
            }
            Transport::Reqwest => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let http = wx_reqwest::Http::new(None, site).map_err(|error| match error {
                    wx_reqwest::BuildError::Proxy(error) => bad_proxy(error),
                    error => no_client(&error),
                })?;
                Self::Reqwest(http, runtime)
            }
        })
    }

    /// Runs a flow that touches no picture.
    pub(crate) fn drive<T>(
        &self,
        flow: impl Flow<Output = Result<T, Error>>,
        ears: &impl Ears,
    ) -> Result<T, Problem> {
        let mut flow = heard(flow, ears);
        match self {
            Self::Ureq(http) => {
                Ok(wx_ureq::drive(http, &mut (), &mut flow, &mut watch!(wx_ureq, ears))?)
            }
            Self::Reqwest(http, runtime) => until_stopped(runtime, ears, async {
                let mut watch = watch!(wx_reqwest, ears);
                Ok(wx_reqwest::drive(http, &mut (), &mut flow, &mut watch).await?)
            }),
        }
    }
}

impl Client {
    pub(crate) fn new(
        transport: Transport,
        session: Session,
        policy: Policy,
    ) -> Result<Self, Problem> {
        withhold::session(&session);
        Ok(Self { wire: Wire::new(transport, session.site())?, session, policy })
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy.clone()
    }

    /// Runs a flow that touches no picture.
    pub(crate) fn drive<T>(
        &self,
        flow: impl Flow<Output = Result<T, Error>>,
        ears: &impl Ears,
    ) -> Result<T, Problem> {
        self.wire.drive(flow, ears)
    }

    /// The login moved on.
    pub(crate) fn move_on(&mut self, session: Session) {
        withhold::session(&session);
        self.session = session;
    }

    /// Uploads a picture by the flow that `begin` makes for it.
    pub(crate) fn upload<F: Flow<Output = Result<Uploaded, Error>>>(
        &self,
        input: Input,
        ears: &impl Ears,
        begin: impl FnOnce(Picture) -> Result<F, Error>,
    ) -> Result<Uploaded, Problem> {
        let limit = self.policy.max_picture;
        let flow = |picture: Picture| Ok::<_, Problem>(heard(begin(picture)?, ears));
        match &self.wire {
            Wire::Ureq(http) => {
                use wx_ureq::Source;
                let mut source = match input {
                    Input::File(path) => Source::path(&path).map_err(unnamed)?,
                    Input::Bytes(name, bytes) => Source::bytes(name, bytes),
                    Input::Once(None) => Source::reader("", io::stdin().lock(), SPOOL, limit)?,
                    Input::Once(Some(file)) => Source::reader("", file, SPOOL, limit)?,
                };
                let mut flow = flow(source.picture(&self.policy)?)?;
                Ok(wx_ureq::drive(http, &mut source, &mut flow, &mut watch!(wx_ureq, ears))?)
            }
            Wire::Reqwest(http, runtime) => until_stopped(runtime, ears, async {
                use wx_reqwest::Source;
                let mut source = match input {
                    Input::File(path) => Source::path(&path).await.map_err(unnamed)?,
                    Input::Bytes(name, bytes) => Source::bytes(name, bytes),
                    Input::Once(None) => {
                        Source::reader("", tokio::io::stdin(), SPOOL, limit).await?
                    }
                    Input::Once(Some(file)) => {
                        Source::reader("", tokio::fs::File::from_std(file), SPOOL, limit).await?
                    }
                };
                let mut flow = flow(source.picture(&self.policy).await?)?;
                let mut watch = watch!(wx_reqwest, ears);
                Ok(wx_reqwest::drive(http, &mut source, &mut flow, &mut watch).await?)
            }),
        }
    }

    /// Fetches a picture.
    pub(crate) fn fetch(
        &self,
        msg_id: &MsgId,
        size: ImageVariant,
        target: Target<'_>,
        ears: &impl Ears,
    ) -> Result<Fetched, Problem> {
        let restartable = !matches!(target, Target::Stdout);
        let policy = self.policy.clone();
        let flow =
            FetchImage::new(&self.session, msg_id.clone(), size, restartable, seed()?, policy)?;
        let mut flow = heard(flow, ears);
        match &self.wire {
            Wire::Ureq(http) => {
                use wx_ureq::Sink;
                let mut stdout = io::BufWriter::new(io::stdout());
                let mut sink = match target {
                    Target::File(path) => Sink::path(path),
                    Target::Memory(bytes) => Sink::vec(bytes),
                    Target::Stdout => Sink::writer(&mut stdout),
                };
                let mut watch = watch!(wx_ureq, ears);
                let fetched = wx_ureq::drive(http, &mut sink, &mut flow, &mut watch)?;
                sink.finish().map_err(cannot_write)?;
                Ok(fetched)
            }
            Wire::Reqwest(http, runtime) => {
                use wx_reqwest::Sink;
                let mut stdout = tokio::io::stdout();
                let mut sink = match target {
                    Target::File(path) => Sink::path(path),
                    Target::Memory(bytes) => Sink::vec(bytes),
                    Target::Stdout => Sink::writer(&mut stdout),
                };
                until_stopped(runtime, ears, async {
                    let mut watch = watch!(wx_reqwest, ears);
                    let fetched = wx_reqwest::drive(http, &mut sink, &mut flow, &mut watch).await?;
                    sink.finish().await.map_err(cannot_write)?;
                    Ok(fetched)
                })
            }
        }
    }
}

/// The flow, traced by `ears`.
fn heard<T>(
    flow: impl Flow<Output = Result<T, Error>>,
    ears: &impl Ears,
) -> impl Flow<Output = Result<T, Error>> {
    let flow = Withholding::new(flow);
    Traced::new(flow, |exchanged: &ExchangeSummary| ears.report().exchanged(exchanged))
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
            () = stopped => Err(ears.report().interrupted()),
        }
    })
}

fn bad_proxy(error: ProxyError) -> Problem {
    let problem = Problem::local(out::words(&error), Advice::CheckProxy);
    Problem { class: Class::Usage, ..problem.hint("correct or unset it") }
}

/// What is wrong with a picture's file; the report names it itself.
fn unnamed(error: io::Error) -> Problem {
    error.downcast().map_or_else(Problem::from, |named: FileError| named.into_reason().into())
}

fn no_client(error: &(dyn std::error::Error + 'static)) -> Problem {
    Problem::local(out::words(error), Advice::Report)
}

fn cannot_write(error: io::Error) -> Problem {
    Error::new(Step::Download, SourceError::from(error)).into()
}
