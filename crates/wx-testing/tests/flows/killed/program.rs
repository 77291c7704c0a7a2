//! A program that sends through an outbox. It can be killed before and after each of its effects.

use std::io::{self, Cursor};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wx_client::blocking::{Sink, Source};
use wx_client::media_io::{MediaIo, MediaSource};
use wx_client::outbox::{Outbox, Storage};
use wx_client::{BlockingTransport, BuildError, CancelToken, Client, Outbound, Transport};
use wx_proto::bytes::Bytes;
use wx_proto::flow::TransportError;
use wx_proto::http::Response;
use wx_proto::http::response::Parts;
use wx_proto::{ApiRequest, Error, Media, MediaKind, Policy, Recipient, Sent, Session, Site, Text};

use super::counting_server::CountingServer;

/// What the program sends.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) session: Session,
    pub(super) policy: Policy,
    pub(super) to: Recipient,
    /// The messages, which are sent in this order until one fails.
    pub(super) messages: Vec<Message>,
    pub(super) resend: bool,
}

#[derive(Clone)]
pub(super) enum Message {
    Text(Text),
    Media(&'static str, Bytes, MediaKind),
}

impl Message {
    pub(super) fn content(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.content().as_bytes(),
            Self::Media(_, bytes, _) => bytes,
        }
    }
}

/// What outlives the program: its disk, and the server.
#[derive(Clone, Default)]
pub(super) struct World(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    server: CountingServer,
    disk: Vec<u8>,
    /// The steps of the current run, and the one at which it is killed.
    steps: usize,
    last_step: Option<usize>,
}

/// Unwinds the program.
struct Killed;

impl World {
    /// Runs the program. Returns the results of its messages, or `None` if it was killed at
    /// `last_step`.
    pub(super) fn run(
        &self,
        job: &Job,
        last_step: Option<usize>,
    ) -> Option<Vec<Result<Sent, Error>>> {
        {
            let mut state = self.lock();
            (state.steps, state.last_step) = (0, last_step);
        }
        match catch_unwind(AssertUnwindSafe(|| self.send(job))) {
            Ok(results) => Some(results),
            Err(panic) if panic.is::<Killed>() => None,
            Err(panic) => resume_unwind(panic),
        }
    }

    fn send(&self, job: &Job) -> Vec<Result<Sent, Error>> {
        let outbox = Outbox::with_storage(self.clone()).unwrap();
        let client = Client::builder(job.session.clone()).policy(job.policy.clone());
        let outbox = client.http(&Http(self.clone())).build().unwrap().outbox_on(outbox);
        let mut results = Vec::new();
        for (n, message) in job.messages.iter().enumerate() {
            let send = match message.clone() {
                Message::Text(text) => outbox.send(&job.to, text),
                Message::Media(name, bytes, kind) => {
                    let source = Source::seekable(name, Cursor::new(bytes)).unwrap();
                    outbox.send(&job.to, File { source, world: self.clone() }).kind(kind)
                }
            };
            let send = send.key(n.to_string());
            let sent = if job.resend { send.resend().run() } else { send.run() };
            let failed = sent.is_err();
            results.push(sent);
            if failed {
                break;
            }
        }
        results
    }

    /// Returns what the server has observed.
    pub(super) fn server<T>(&self, look: impl FnOnce(&CountingServer) -> T) -> T {
        look(&self.lock().server)
    }

    /// Changes the disk while no program runs.
    pub(super) fn edit_disk(&self, edit: impl FnOnce(&mut Vec<u8>)) {
        edit(&mut self.lock().disk);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a step. The program is killed here if this is its last one.
    fn step(&self) {
        let is_last = {
            let mut state = self.lock();
            state.steps += 1;
            state.last_step == Some(state.steps)
        };
        if is_last {
            resume_unwind(Box::new(Killed));
        }
    }
}

impl Storage for World {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.step();
        Ok(self.lock().disk.clone())
    }

    /// Nothing, a half, or all of an entry is on the disk of a program that was killed here.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (first, second) = bytes.split_at(bytes.len() / 2);
        for half in [first, second] {
            self.step();
            self.lock().disk.extend(half);
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.step();
        Ok(())
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.step();
        self.lock().disk.truncate(usize::try_from(len).unwrap());
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.step();
        self.lock().disk = bytes.to_vec();
        Ok(())
    }

    fn remove(&mut self) -> io::Result<()> {
        unreachable!("nothing removes the record")
    }
}

struct File {
    source: Source,
    world: World,
}

impl MediaIo for File {
    async fn read(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        self.world.step();
        MediaIo::read(&mut self.source, span).await
    }
}

impl MediaSource for File {
    async fn media(&mut self) -> Result<Media, Error> {
        self.world.step();
        self.source.media()
    }
}

impl From<File> for Outbound<File> {
    fn from(file: File) -> Self {
        Self::Media(file)
    }
}

#[derive(Clone)]
struct Http(World);

struct Reply {
    world: World,
    body: Bytes,
}

impl Transport for Http {
    type Source = File;
    type Sink<'a> = Sink<'a>;
    type Reply = Reply;

    fn for_site(_: &Site) -> Result<Self, BuildError> {
        Ok(Self(World::default()))
    }

    fn is_for_loopback(&self) -> bool {
        false
    }

    /// The program can be killed before the request arrives, and before the reply does.
    async fn send(
        &self,
        request: ApiRequest,
        _: &CancelToken,
    ) -> Result<(Parts, Reply), TransportError> {
        self.0.step();
        let body = self.0.lock().server.answer(&request).into();
        self.0.step();
        let head = Response::new(()).into_parts().0;
        Ok((head, Reply { world: self.0.clone(), body }))
    }

    async fn receive(reply: &mut Reply) -> Result<Option<Bytes>, TransportError> {
        reply.world.step();
        let body = std::mem::take(&mut reply.body);
        Ok((!body.is_empty()).then_some(body))
    }

    async fn sleep(time: Duration, _: &CancelToken) {
        assert!(time.is_zero(), "there is nothing to wait for");
    }

    async fn unblock<T: Send + 'static>(
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        work()
    }
}

impl BlockingTransport for Http {}
