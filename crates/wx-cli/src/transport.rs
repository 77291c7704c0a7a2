//! The two clients behind one face.

use std::io;
use std::path::Path;

use tokio::runtime::Runtime;
use wx_client::checkpoint::CheckpointStore;
pub(crate) use wx_client::clock::unix_ms;
use wx_client::outbox::OutboxFlow;
use wx_client::proxy::ProxyError;
pub(crate) use wx_client::seed;
use wx_client::session_cell::SessionCell;
use wx_client::{BuildError, CancelToken, FileError, RunOptions};
use wx_proto::flow::{FetchImage, Flow, Observer, Progress};
use wx_proto::{
    Advice, Error, ErrorKind, Fetched, ImageVariant, Media, MsgId, Policy, Session, Site,
    SourceError, Step, Uploaded,
};

use crate::args::Transport;
use crate::files::Input;
use crate::out;
use crate::problem::{Class, Problem};
use crate::report::Report;
use crate::withhold;

/// Hears of every step of a job.
pub(crate) trait Ears: Sync {
    /// Who tells of it.
    fn report(&self) -> &Report;

    /// What stops it.
    fn token(&self) -> &CancelToken {
        self.report().token()
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
    session: SessionCell,
    policy: Policy,
    wire: Wire,
}

/// One of the two, for a site.
pub(crate) enum Wire {
    Ureq(wx_ureq::Http),
    Reqwest(wx_reqwest::Http, Runtime),
}

/// Options that pass all on to some ears.
fn options<'a>(ears: &'a impl Ears, checkpoint: Option<CheckpointStore>) -> RunOptions<'a> {
    let options = RunOptions::new()
        .progress(|now| ears.progress(now))
        .trace(|exchange| ears.report().exchanged(exchange))
        .on_request(withhold::request)
        .cancel(ears.token());
    match checkpoint {
        Some(store) => options.checkpoint(store),
        None => options,
    }
}

impl Wire {
    pub(crate) fn new(transport: Transport, site: &Site) -> Result<Self, Problem> {
        let failed = |error| match error {
            BuildError::Proxy(error) => bad_proxy(error),
            error => no_client(&error),
        };
        Ok(match transport {
            Transport::Ureq => Self::Ureq(wx_ureq::Http::new(None, site).map_err(failed)?),
            Transport::Reqwest => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                Self::Reqwest(wx_reqwest::Http::new(None, site).map_err(failed)?, runtime)
            }
        })
    }

    /// Runs a flow that touches no picture, with an observer besides.
    pub(crate) fn drive<F: Flow<Output = Result<T, Error>>, T>(
        &self,
        session: &SessionCell,
        mut flow: F,
        checkpoint: Option<CheckpointStore>,
        observer: &mut impl Observer<F>,
        ears: &impl Ears,
    ) -> Result<T, Problem> {
        let (media, flow) = (&mut (), &mut flow);
        match self {
            Self::Ureq(http) => {
                let mut options = options(ears, checkpoint);
                let options = &mut options;
                wx_ureq::drive_observed(http, session, media, flow, options, observer)
                    .map_err(|error| told(error, ears.token().is_cancelled()))
            }
            Self::Reqwest(http, runtime) => until_stopped(runtime, ears, async {
                let mut options = options(ears, checkpoint);
                let options = &mut options;
                let done =
                    wx_reqwest::drive_observed(http, session, media, flow, options, observer);
                done.await.map_err(|error| told(error, ears.token().is_cancelled()))
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
        let wire = Wire::new(transport, session.site())?;
        Ok(Self { session: SessionCell::new(session), policy, wire })
    }

    /// The session as it is now.
    pub(crate) fn session(&self) -> Session {
        self.session.get()
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
        let done = self.wire.drive(&self.session, flow, None, &mut (), ears);
        withhold::session(&self.session());
        done
    }

    /// Runs a flow that is on record and touches no picture.
    pub(crate) fn drive_recorded<T>(
        &self,
        job: OutboxFlow<impl Flow<Output = Result<T, Error>>>,
        ears: &impl Ears,
    ) -> Result<T, Problem> {
        let OutboxFlow { flow, checkpoint } = job;
        self.wire.drive(&self.session, flow, Some(checkpoint), &mut (), ears)
    }

    /// Uploads a picture by the flow that `begin` makes for it, on record if there is a store.
    pub(crate) fn upload<F: Flow<Output = Result<Uploaded, Error>>>(
        &self,
        input: Input,
        ears: &impl Ears,
        begin: impl FnOnce(Media) -> Result<(F, Option<CheckpointStore>), Error>,
    ) -> Result<Uploaded, Problem> {
        let (limit, session) = (self.policy.max_upload, &self.session);
        match &self.wire {
            Wire::Ureq(http) => {
                use wx_ureq::Source;
                let mut source = match input {
                    Input::File(path) => Source::path(&path).map_err(unnamed)?,
                    Input::Bytes(name, bytes) => Source::bytes(name, bytes),
                    Input::Once(None) => Source::reader("", io::stdin().lock(), SPOOL, limit)?,
                    Input::Once(Some(file)) => Source::reader("", file, SPOOL, limit)?,
                };
                let (mut flow, checkpoint) = begin(source.media(&self.policy)?)?;
                let mut options = options(ears, checkpoint);
                let (source, flow) = (&mut source, &mut flow);
                wx_ureq::drive(http, session, source, flow, &mut options)
                    .map_err(|error| told(error, ears.token().is_cancelled()))
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
                let picture = source.media(&self.policy).await?;
                let (mut flow, checkpoint) = begin(picture)?;
                let mut options = options(ears, checkpoint);
                let (source, flow) = (&mut source, &mut flow);
                let done = wx_reqwest::drive(http, session, source, flow, &mut options);
                done.await.map_err(|error| told(error, ears.token().is_cancelled()))
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
        let session = &self.session;
        let mut flow =
            FetchImage::new(&self.session(), msg_id.clone(), size, restartable, seed()?, policy)?;
        match &self.wire {
            Wire::Ureq(http) => {
                use wx_ureq::Sink;
                let mut stdout = io::BufWriter::new(io::stdout());
                let mut sink = match target {
                    Target::File(path) => Sink::path(path),
                    Target::Memory(bytes) => Sink::vec(bytes),
                    Target::Stdout => Sink::writer(&mut stdout),
                };
                let mut options = options(ears, None);
                let (to, flow) = (&mut sink, &mut flow);
                let fetched = wx_ureq::drive(http, session, to, flow, &mut options)
                    .map_err(|error| told(error, ears.token().is_cancelled()))?;
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
                    let mut options = options(ears, None);
                    let (to, flow) = (&mut sink, &mut flow);
                    let fetched = wx_reqwest::drive(http, session, to, flow, &mut options);
                    let fetched =
                        fetched.await.map_err(|error| told(error, ears.token().is_cancelled()))?;
                    sink.finish().await.map_err(cannot_write)?;
                    Ok(fetched)
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
    runtime.block_on(async {
        tokio::select! {
            biased;
            result = call => result,
            () = ears.token().cancelled() => Err(ears.report().interrupted()),
        }
    })
}

/// A job that ends as cancelled though nobody has stopped the command is a bug.
fn told(error: Error, is_stopped: bool) -> Problem {
    if error.kind == ErrorKind::Cancelled && !is_stopped {
        let what = "the job was cancelled, but not by a signal";
        return Problem { step: error.step.name(), ..Problem::local(what, Advice::Report) };
    }
    error.into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stopped_command_is_told_as_interrupted() {
        let class = |is_stopped| {
            let problem = told(Error::new(Step::Upload, ErrorKind::Cancelled), is_stopped);
            (problem.class, problem.advice)
        };
        assert_eq!(class(true), (Class::Stopped, Some(Advice::RetryLater)));
        assert_eq!(class(false), (Class::Failed, Some(Advice::Report)));
    }
}
