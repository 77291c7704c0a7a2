//! Downloads with either client.

use std::io;
use std::path::Path;

use wx_client::{RunOptions, seed};
// The clients have no limit for a single attachment.
use wx_proto::flow::Fetch;
use wx_proto::{Attachment, Avatar, Error, Fetched, SourceError, Step};

use super::Client;
use crate::problem::Problem;

/// The destination of a download.
pub(crate) enum Output<'a> {
    /// A new file.
    File(&'a Path),
    Memory(&'a mut Vec<u8>),
    Stdout,
}

/// Runs a request of either client that writes to an [`Output`].
macro_rules! run_into {
    ($this:expr, $target:expr, ($client:ident, $sink:ident) => $request:expr) => {{
        macro_rules! sink {
            ($lib:ident, $stdout:expr) => {
                match $target {
                    Output::File(path) => $lib::Sink::path(path),
                    Output::Memory(bytes) => $lib::Sink::vec(bytes),
                    Output::Stdout => $lib::Sink::writer($stdout),
                }
            };
        }
        let result = match $this {
            Client::Ureq($client) => {
                let mut stdout = io::BufWriter::new(io::stdout());
                let $sink = sink!(wx_ureq, &mut stdout);
                $request.run()
            }
            Client::Reqwest($client, runtime) => {
                let mut stdout = tokio::io::stdout();
                let $sink = sink!(wx_reqwest, &mut stdout);
                runtime.block_on($request.into_future())
            }
        };
        Ok($this.withhold(result)?)
    }};
}

impl Client {
    /// Fetches the media of a message.
    pub(crate) fn fetch(
        &self,
        attachment: &Attachment,
        target: Output<'_>,
        options: RunOptions<'_>,
    ) -> Result<Fetched, Problem> {
        run_into!(self, target, (client, sink) => client.fetch(attachment, sink).options(options))
    }

    /// Fetches an avatar, if there is a picture.
    pub(crate) fn fetch_avatar(
        &self,
        avatar: &Avatar,
        target: Output<'_>,
        options: RunOptions<'_>,
    ) -> Result<Option<Fetched>, Problem> {
        run_into!(self, target, (client, sink) => {
            client.fetch_avatar(avatar, sink).options(options)
        })
    }

    /// Fetches an attachment to a new file, unless it is larger than `limit` or than the
    /// policy allows.
    pub(crate) fn fetch_up_to(
        &self,
        limit: u64,
        attachment: &Attachment,
        path: &Path,
        mut options: RunOptions<'_>,
    ) -> Result<Fetched, Problem> {
        let mut policy = self.policy();
        policy.max_fetch = policy.max_fetch.min(limit);
        policy.max_fetch_file = policy.max_fetch_file.min(limit);
        let mut flow = Fetch::new(&self.session(), attachment.clone(), true, seed()?, policy)?;
        let finished = |kept: io::Result<()>| {
            kept.map_err(|error| Error::new(Step::Download, SourceError::from(error)))
        };
        let fetched = match self {
            Self::Ureq(client) => {
                let mut sink = wx_ureq::Sink::path(path);
                let (http, cell) = (client.http(), client.session_cell());
                let fetched = wx_ureq::drive(http, cell, &mut sink, &mut flow, &mut options);
                fetched.and_then(|fetched| finished(sink.finish()).map(|()| fetched))
            }
            Self::Reqwest(client, runtime) => runtime.block_on(async {
                let mut sink = wx_reqwest::Sink::path(path);
                let (http, cell) = (client.http(), client.session_cell());
                let done = wx_reqwest::drive(http, cell, &mut sink, &mut flow, &mut options);
                let fetched = done.await?;
                finished(sink.finish().await).map(|()| fetched)
            }),
        };
        Ok(self.withhold(fetched)?)
    }
}
