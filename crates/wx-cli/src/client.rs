//! The two clients behind one interface.

mod fetch;
mod source;

use std::io;

use tokio::runtime::{Builder, Runtime};
use wx_client::outbox::{OutboxFlow, OutboxJob};
use wx_client::{Batch, RunOptions};
// `show` is called with a `LoginState`. `rooms` returns `ListedRooms`.
use wx_proto::flow::{Flow, ListedRooms, LoginState};
use wx_proto::{
    Contact, Error, ErrorKind, InlineContent, Items, Media, MediaId, MediaKind, Policy, Recipient,
    Sent, Session, Site, Skipped, Step, Uploaded, UserName,
};

pub(crate) use self::fetch::Output;
use self::source::{reqwest_source, ureq_source};
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

/// The size up to which a file from a source that can be read only once is kept in memory. A larger
/// one is kept in a temporary file.
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

    /// Returns the policy of the requests.
    pub(crate) fn policy(&self) -> Policy {
        match self {
            Self::Ureq(client) => client.policy(),
            Self::Reqwest(client, _) => client.policy(),
        }
    }

    /// Withholds the current secrets of the session from the output.
    fn withhold<T>(&self, result: T) -> T {
        withhold::session(&self.session());
        result
    }

    /// Checks at the server whether the login is still valid.
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

    /// Lists all rooms, or requests some, with their members.
    pub(crate) fn rooms(
        &self,
        named: Option<Vec<UserName>>,
        options: RunOptions<'_>,
    ) -> Result<ListedRooms, Problem> {
        Ok(self.withhold(run!(self, client => match named {
            None => client.rooms(),
            Some(names) => client.rooms_named(names),
        }.options(options)))?)
    }

    /// Ends the login on the server.
    pub(crate) fn logout(&self, options: RunOptions<'_>) -> Result<(), Problem> {
        Ok(self.withhold(run!(self, client => client.logout().options(options)))?)
    }

    /// Waits for the next batch of messages.
    pub(crate) fn next_batch(&self, options: RunOptions<'_>) -> Result<Batch, Problem> {
        let batch = match self {
            Self::Ureq(client) => client.messages().options(options).next(),
            Self::Reqwest(client, runtime) => {
                let mut messages = client.messages().options(options);
                runtime.block_on(messages.next())
            }
        };
        // The messages end without an error only if they are cancelled.
        let cancelled = || Err(Error::new(Step::Sync, ErrorKind::Cancelled));
        Ok(self.withhold(batch.unwrap_or_else(cancelled))?)
    }

    /// Runs a flow that neither reads nor writes media.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        flow: impl Flow<Output = Result<T, Error>> + Send + 'static,
        options: RunOptions<'_>,
    ) -> Result<T, Problem> {
        Ok(self.withhold(run!(self, client => client.run(flow).options(options)))?)
    }

    /// Uploads media and sends it.
    pub(crate) fn send_image(
        &self,
        to: &Recipient,
        input: Input,
        options: RunOptions<'_>,
    ) -> Result<Sent, Problem> {
        let limit = self.policy().max_upload;
        Ok(match self {
            Self::Ureq(client) => {
                let source = ureq_source(input, limit)?;
                client.send_image(to, source).options(options).run()?
            }
            Self::Reqwest(client, runtime) => runtime.block_on(async {
                let source = reqwest_source(input, limit).await?;
                Ok::<_, Problem>(client.send_image(to, source).options(options).await?)
            })?,
        })
    }

    /// Uploads the file of a message in the outbox.
    ///
    /// Drives the flow directly, because the `Outbox` of the clients needs a source for each
    /// message. Here, one upload serves all recipients, and its file is not read again once the
    /// upload is finished.
    pub(crate) fn upload(
        &self,
        job: &OutboxJob,
        input: Input,
        as_media: MediaOptions<'_>,
        options: RunOptions<'_>,
    ) -> Result<Uploaded, Problem> {
        let (session, policy) = (self.session(), self.policy());
        let limit = policy.max_upload.max(policy.max_file);
        Ok(match self {
            Self::Ureq(client) => {
                let mut source = ureq_source(input, limit)?;
                let media = as_media.applied(source.media()?)?;
                let OutboxFlow { mut flow, checkpoint } = job.upload(&session, media, &policy)?;
                let (http, cell) = (client.http(), client.session_cell());
                let mut options = options.checkpoint(checkpoint);
                wx_ureq::drive(http, cell, &mut source, &mut flow, &mut options)?
            }
            Self::Reqwest(client, runtime) => runtime.block_on(async {
                let mut source = reqwest_source(input, limit).await?;
                let media = as_media.applied(source.media().await?)?;
                let OutboxFlow { mut flow, checkpoint } = job.upload(&session, media, &policy)?;
                let (http, cell) = (client.http(), client.session_cell());
                let mut options = options.checkpoint(checkpoint);
                let done = wx_reqwest::drive(http, cell, &mut source, &mut flow, &mut options);
                done.await.map_err(Problem::from)
            })?,
        })
    }

    /// Sends a message of the outbox. If the message was not accepted, the record decides whether
    /// it may have been delivered.
    pub(crate) fn send(
        &self,
        job: &OutboxJob,
        content: &Content,
        resend: bool,
        options: RunOptions<'_>,
    ) -> Result<Sent, Problem> {
        let judged = |error: Error| Problem::from(job.mark_uncertain(error));
        let (session, policy) = (self.session(), self.policy());
        let flow = match content {
            Content::Inline(content) => job.send_inline(&session, content, &policy, resend),
            Content::Uploaded(uploaded) => job.send(&session, uploaded, &policy, resend),
        };
        let OutboxFlow { flow, checkpoint } = flow.map_err(judged)?;
        // The message was in doubt, and it is too late to send it again.
        let is_old = flow.is_over();
        let options = options.checkpoint(checkpoint);
        let sent = self.withhold(run!(self, client => client.run(flow).options(options)));
        sent.map_err(judged).map_err(|problem| match problem.class {
            Class::Unknown if is_old => Problem { class: Class::InDoubt, ..problem },
            _ => problem,
        })
    }
}

pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The content of a message.
pub(crate) enum Content {
    /// A text, an emoticon by its MD5, or a forwarded message.
    Inline(InlineContent),
    Uploaded(Uploaded),
}

impl Content {
    pub(crate) fn media_id(&self) -> Option<&MediaId> {
        match self {
            Self::Inline(_) => None,
            Self::Uploaded(uploaded) => Some(&uploaded.media_id),
        }
    }
}

/// The options of a file.
#[derive(Clone, Copy)]
pub(crate) struct MediaOptions<'a> {
    /// The name that recipients see, if it differs from the name of the file.
    pub(crate) name: Option<&'a str>,
    pub(crate) kind: Option<MediaKind>,
    /// Whether anything that is not an image is refused.
    pub(crate) images_only: bool,
}

impl MediaOptions<'_> {
    /// Applies the options to media.
    pub(crate) fn applied(self, mut media: Media) -> Result<Media, Error> {
        if self.images_only {
            media = media.require_image()?;
        }
        if let Some(name) = self.name {
            media = media.named(name);
        }
        if let Some(kind) = self.kind {
            media = media.sent_as(kind)?;
        }
        Ok(media)
    }
}
