use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use wx_client::checkpoint::CheckpointStore;
use wx_client::clock::now;
use wx_client::session_cell::SessionCell;
use wx_client::spans::Spans;
use wx_client::{CancelToken, RunOptions, answer};
use wx_proto::flow::{Action, Flow, Input, Observer, Snapshot, TransportError, TransportErrorKind};

use crate::Http;
use crate::http::Reply;

/// Reads and writes the caller's picture for a driver. `()` does neither, for flows that transfer
/// no picture.
///
/// Both methods must tolerate that their future is dropped and the same call is made again.
pub trait MediaIo {
    /// Reads the bytes of `span`, or as many of them as exist.
    fn load(&mut self, span: Range<u64>) -> impl Future<Output = io::Result<Bytes>> + Send {
        let _ = span;
        async { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// Writes `bytes` at offset `at`; offset 0 starts the picture over.
    fn store(&mut self, at: u64, bytes: Bytes) -> impl Future<Output = io::Result<()>> + Send {
        let _ = (at, bytes);
        async { Err(io::ErrorKind::Unsupported.into()) }
    }
}

impl MediaIo for () {}

/// Runs a flow to its end with the session of a cell. The flow makes every decision; the driver
/// performs the I/O.
///
/// Cancel safe: if the future is dropped, the flow loses one try at most. Call this again with the
/// same flow and media to continue. Requires a tokio runtime.
pub async fn drive<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    options: &mut RunOptions<'_>,
) -> F::Output {
    drive_observed(http, session, media, flow, options, &mut ()).await
}

/// Like [`drive`](drive()), with an observer of the flow.
pub async fn drive_observed<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    options: &mut RunOptions<'_>,
    observer: &mut impl Observer<F>,
) -> F::Output {
    let spans = Spans::new();
    let (watching, store, token) = options.split();
    let mut observer = (spans.observer(), (watching, observer));
    let driver = Driver { http, media, store, spans: &spans, held: None };
    spans.job_async(driver.run(session, flow, token, &mut observer)).await
}

struct Driver<'a, M> {
    http: &'a Http,
    media: &'a mut M,
    store: Option<&'a CheckpointStore>,
    spans: &'a Spans,
    /// The reply that is being received.
    held: Option<Reply>,
}

impl<M: MediaIo> Driver<'_, M> {
    async fn run<F: Flow>(
        mut self,
        session: &SessionCell,
        flow: &mut F,
        token: &CancelToken,
        observer: &mut impl Observer<F>,
    ) -> F::Output {
        loop {
            let is_cancelled = token.is_cancelled();
            if is_cancelled {
                flow.cancel();
            }
            let action = session.lend(|session| flow.poll(session, now()));
            observer.acted(flow, &action, now());
            let call = answer::call(&action);
            match &action {
                Action::Send(_, request) => self.spans.begin(flow, request),
                Action::Wait(until) => {
                    let time = until.saturating_sub(now());
                    // A cancelled flow that still waits means it.
                    if is_cancelled {
                        tokio::time::sleep(time).await;
                    } else {
                        sleep(time, token).await;
                    }
                    continue;
                }
                _ => {}
            }
            let input = match action {
                Action::Done(output) => return output,
                // Cancelled by an observer: it has not left, so it need not be in doubt.
                Action::Send(id, _) if !is_cancelled && token.is_cancelled() => {
                    Input::Failed(id, TransportError::never_connected(TransportErrorKind::Other))
                }
                // The last state of a cancelled job is stored all the same.
                action if is_cancelled => self.act(action).await,
                action => match unless_cancelled(self.act(action), token).await {
                    Some(input) => input,
                    None => continue,
                },
            };
            observer.heard(&input, now());
            // A bug of the flow. Report it as one, unless the flow refuses even that.
            if flow.handle(input, now()).is_err()
                && flow.handle(answer::refused(call), now()).is_err()
            {
                flow.cancel();
            }
        }
    }

    /// Carries out an action that has an answer.
    async fn act<T>(&mut self, action: Action<T>) -> Input {
        match action {
            Action::Read(span) => answer::read(span.clone(), self.media.load(span).await),
            Action::Send(id, request) => {
                self.held = None;
                match self.spans.within_async(self.http.send(request)).await {
                    Ok((head, reply)) => {
                        self.held = Some(reply);
                        Input::Head(id, head)
                    }
                    Err(failure) => Input::Failed(id, failure),
                }
            }
            Action::Receive(id) => match &mut self.held {
                Some(reply) => match self.spans.within_async(reply.next()).await {
                    Ok(Some(piece)) => Input::Body(id, piece),
                    Ok(None) => Input::End(id),
                    Err(failure) => Input::Failed(id, failure),
                },
                // The driver that held this reply is gone.
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
            Action::Write(at, bytes) => {
                self.media.store(at, bytes).await.map_or_else(local, |()| Input::Written)
            }
            Action::Save(snapshot) => {
                save(self.store, snapshot).await.map_or_else(local, |()| Input::Saved)
            }
            Action::Wait(_) | Action::Done(_) => answer::refused(None),
        }
    }
}

/// Stores a state of the job, on a thread that may block.
async fn save(store: Option<&CheckpointStore>, snapshot: Snapshot) -> io::Result<()> {
    let store = CheckpointStore::required(store)?.begin(snapshot);
    tokio::task::spawn_blocking(store).await?
}

/// Sleeps for `time`, or until `token` is cancelled.
pub(crate) async fn sleep(time: Duration, token: &CancelToken) {
    // A sleep of nothing takes a millisecond.
    if !time.is_zero() {
        unless_cancelled(tokio::time::sleep(time), token).await;
    }
}

/// Drops `work` once `token` is cancelled.
pub(crate) async fn unless_cancelled<T>(
    work: impl Future<Output = T>,
    token: &CancelToken,
) -> Option<T> {
    let (mut work, mut cancelled) = (pin!(work), pin!(token.cancelled()));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => cancelled.as_mut().poll(context).map(|()| None),
    })
    .await
}

fn local(error: io::Error) -> Input {
    Input::Local(error.into())
}
