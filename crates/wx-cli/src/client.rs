//! The two clients behind one interface.

use std::io;
use std::path::Path;

use tokio::runtime::{Builder, Runtime};
use wx_client::outbox::{OutboxFlow, OutboxJob};
use wx_client::{FileError, RunOptions, seed};
// `show` is called with the first. The other is run alone because `Client::messages` keeps back a
// batch in which every message was skipped, and that has to be reported and saved.
use wx_proto::flow::{LoginState, NextMessages};
use wx_proto::{
    Contact, Error, Fetched, ImageVariant, Items, MediaKind, Message, MsgId, Policy, Recipient,
    Sent, Session, Site, Skipped, Uploaded,
};

use crate::args::Transport;
use crate::files::Input;
use crate::problem::{Class, Problem};
use crate::withhold;

/// The client of one login, as chosen by `--transport`.
pub(crate) enum Client {
    Ureq(wx_ureq::Client),
    Reqwest(wx_reqwest::Client, Runtime),
}

/// How to log in.
pub(crate) enum Login {
    QrCode(Site),
    Push(Box<Session>),
}

impl Login {
    /// Returns the site of the login.
    pub(crate) fn site(&self) -> &Site {
        match self {
            Self::QrCode(site) => site,
            Self::Push(session) => session.site(),
        }
    }
}

/// Where a fetched picture is written.
pub(crate) enum Target<'a> {
    /// A new file.
    File(&'a Path),
    Memory(&'a mut Vec<u8>),
    Stdout,
}

/// The size up to which a picture that can be read only once is kept in memory. Larger ones are
/// kept in a temporary file.
const SPOOL: u64 = 4 * 1024 * 1024;

/// Runs a request of either client.
macro_rules! run {
    ($this:expr, $client:ident => $request:expr) => {
        match $this {
            Client::Ureq($client) => $request.run(),
            Client::Reqwest($client, runtime) => runtime.block_on($request.into_future()),
        }
    };
}

impl Client {
    pub(crate) fn new(
        transport: Transport,
        session: Session,
        policy: Policy,
    ) -> Result<Self, Problem> {
        withhold::session(&session);
        Ok(match transport {
            Transport::Ureq => {
                Self::Ureq(wx_ureq::Client::builder(session).policy(policy).build()?)
            }
            Transport::Reqwest => {
                let builder = wx_reqwest::Client::builder(session).policy(policy);
                Self::Reqwest(builder.build()?, runtime()?)
            }
        })
    }

    /// Logs in, and calls `show` with each state of the login.
    pub(crate) fn login(
        transport: Transport,
        login: Login,
        policy: Policy,
        options: RunOptions<'_>,
        show: impl FnMut(&LoginState) + Send,
    ) -> Result<Self, Problem> {
        macro_rules! begin {
            ($lib:ident) => {
                match login {
                    Login::QrCode(site) => $lib::Client::login(site),
                    Login::Push(session) => $lib::Client::login_again(*session),
                }
                .policy(policy)
                .options(options)
                .show(show)
            };
        }
        let client = match transport {
            Transport::Ureq => Self::Ureq(begin!(wx_ureq).run()?),
            Transport::Reqwest => {
                let runtime = runtime()?;
                Self::Reqwest(runtime.block_on(begin!(wx_reqwest).into_future())?, runtime)
            }
        };
        client.withhold(());
        Ok(client)
    }

    /// Returns the session as it is now.
    pub(crate) fn session(&self) -> Session {
        match self {
            Self::Ureq(client) => client.session(),
            Self::Reqwest(client, _) => client.session(),
        }
    }

    fn policy(&self) -> Policy {
        match self {
            Self::Ureq(client) => client.policy(),
            Self::Reqwest(client, _) => client.policy(),
        }
    }

    /// Keeps the secrets that the session holds now out of the output.
    fn withhold<T>(&self, result: T) -> T {
        withhold::session(&self.session());
        result
    }

    /// Asks the server whether the login is still valid.
    pub(crate) fn restore(&self, options: RunOptions<'_>) -> Result<(), Problem> {
        Ok(self.withhold(run!(self, client => client.restore().options(options)))?)
    }

    /// Lists the contacts, and counts those that were skipped.
    pub(crate) fn contacts(
        &self,
        options: RunOptions<'_>,
    ) -> Result<(Items<Contact>, Skipped), Problem> {
        let listed = self.withhold(run!(self, client => client.contacts().options(options)))?;
        Ok((listed.contacts, listed.skipped))
    }

    /// Ends the login on the server.
    pub(crate) fn logout(&self, options: RunOptions<'_>) -> Result<(), Problem> {
        Ok(self.withhold(run!(self, client => client.logout().options(options)))?)
    }

    /// Waits for the next batch of messages, and counts those that were skipped.
    pub(crate) fn next_messages(
        &self,
        options: RunOptions<'_>,
    ) -> Result<(Items<Message>, Skipped), Problem> {
        let flow = NextMessages::new(&self.session(), seed()?, self.policy())?;
        let new = self.withhold(run!(self, client => client.run(flow).options(options)))?;
        Ok((new.messages, new.skipped))
    }

    /// Fetches the picture of a message.
    pub(crate) fn fetch(
        &self,
        id: &MsgId,
        variant: ImageVariant,
        target: Target<'_>,
        options: RunOptions<'_>,
    ) -> Result<Fetched, Problem> {
        macro_rules! request {
            ($lib:ident, $client:expr, $stdout:expr) => {{
                let sink = match target {
                    Target::File(path) => $lib::Sink::path(path),
                    Target::Memory(bytes) => $lib::Sink::vec(bytes),
                    Target::Stdout => $lib::Sink::writer($stdout),
                };
                $client.fetch_image(id, variant, sink).options(options)
            }};
        }
        let fetched = match self {
            Self::Ureq(client) => {
                let mut stdout = io::BufWriter::new(io::stdout());
                request!(wx_ureq, client, &mut stdout).run()
            }
            Self::Reqwest(client, runtime) => {
                let mut stdout = tokio::io::stdout();
                runtime.block_on(request!(wx_reqwest, client, &mut stdout).into_future())
            }
        };
        Ok(self.withhold(fetched)?)
    }

    /// Uploads a picture and sends it.
    pub(crate) fn send_image(
        &self,
        to: &Recipient,
        input: Input,
        options: RunOptions<'_>,
    ) -> Result<Sent, Problem> {
        let limit = self.policy().max_upload;
        Ok(match self {
            Self::Ureq(client) => {
                let source = ureq_source(input, None, limit)?;
                client.send_image(to, source).options(options).run()?
            }
            Self::Reqwest(client, runtime) => runtime.block_on(async {
                let source = reqwest_source(input, None, limit).await?;
                Ok::<_, Problem>(client.send_image(to, source).options(options).await?)
            })?,
        })
    }

    /// Uploads the picture of a message that is on record.
    ///
    /// Drives the flow itself, because the `Outbox` of the clients wants a source for each message.
    /// Here one upload serves all recipients, and its file is not read again once it is finished.
    pub(crate) fn upload(
        &self,
        job: &OutboxJob,
        input: Input,
        kind: Option<MediaKind>,
        options: RunOptions<'_>,
    ) -> Result<Uploaded, Problem> {
        let (session, policy) = (self.session(), self.policy());
        Ok(match self {
            Self::Ureq(client) => {
                let mut source = ureq_source(input, kind, policy.max_upload)?;
                let media = source.media(&policy)?;
                let OutboxFlow { mut flow, checkpoint } = job.upload(&session, media, &policy)?;
                let (http, cell) = (client.http(), client.session_cell());
                let mut options = options.checkpoint(checkpoint);
                wx_ureq::drive(http, cell, &mut source, &mut flow, &mut options)?
            }
            Self::Reqwest(client, runtime) => runtime.block_on(async {
                let mut source = reqwest_source(input, kind, policy.max_upload).await?;
                let media = source.media(&policy).await?;
                let OutboxFlow { mut flow, checkpoint } = job.upload(&session, media, &policy)?;
                let (http, cell) = (client.http(), client.session_cell());
                let mut options = options.checkpoint(checkpoint);
                let done = wx_reqwest::drive(http, cell, &mut source, &mut flow, &mut options);
                done.await.map_err(Problem::from)
            })?,
        })
    }

    /// Sends a message that is on record. The record decides whether a message that was not
    /// accepted may have been delivered.
    pub(crate) fn send(
        &self,
        job: &OutboxJob,
        uploaded: &Uploaded,
        resend: bool,
        options: RunOptions<'_>,
    ) -> Result<Sent, Problem> {
        let judged = |error: Error| Problem::from(job.mark_uncertain(error));
        let OutboxFlow { flow, checkpoint } =
            job.send(&self.session(), uploaded, &self.policy(), resend).map_err(judged)?;
        // It was in doubt, and it is too late to send it again.
        let is_old = flow.is_over();
        let options = options.checkpoint(checkpoint);
        let sent = self.withhold(run!(self, client => client.run(flow).options(options)));
        sent.map_err(judged).map_err(|problem| match problem.class {
            Class::Unknown if is_old => Problem { class: Class::InDoubt, ..problem },
            _ => problem,
        })
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn ureq_source(
    input: Input,
    kind: Option<MediaKind>,
    limit: u64,
) -> Result<wx_ureq::Source, Problem> {
    use wx_ureq::Source;
    let source = match input {
        Input::File(path) => Source::path(path).map_err(without_name)?,
        Input::Bytes(name, bytes) => Source::bytes(name, bytes),
        Input::Once(None) => Source::reader("", io::stdin().lock(), SPOOL, limit)?,
        Input::Once(Some(file)) => Source::reader("", file, SPOOL, limit)?,
    };
    Ok(match kind {
        Some(kind) => source.sent_as(kind),
        None => source,
    })
}

async fn reqwest_source(
    input: Input,
    kind: Option<MediaKind>,
    limit: u64,
) -> Result<wx_reqwest::Source, Problem> {
    use tokio::fs::File;
    use wx_reqwest::Source;
    let source = match input {
        Input::File(path) => Source::path(path).await.map_err(without_name)?,
        Input::Bytes(name, bytes) => Source::bytes(name, bytes),
        Input::Once(None) => Source::reader("", tokio::io::stdin(), SPOOL, limit).await?,
        Input::Once(Some(file)) => Source::reader("", File::from_std(file), SPOOL, limit).await?,
    };
    Ok(match kind {
        Some(kind) => source.sent_as(kind),
        None => source,
    })
}

/// Returns what is wrong with the file of a picture. The report names the file itself.
fn without_name(error: io::Error) -> Problem {
    error.downcast().map_or_else(Problem::from, |named: FileError| named.into_reason().into())
}
