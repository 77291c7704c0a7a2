//! The driver for all transports.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use wx_proto::flow::{Action, Flow, Input, Observer, TransportError, TransportErrorKind};

use crate::cancel_token::CancelToken;
use crate::checkpoint::CheckpointStore;
use crate::clock::now;
use crate::input;
use crate::media_io::MediaIo;
use crate::run_options::{RunOptions, SplitOptions, SyncCallback};
use crate::session_cell::SessionCell;
use crate::spans::Spans;
use crate::transport::Transport;

/// Drives a flow to its end with the session in a cell, and calls `observer` with each action and
/// input. The flow makes every decision; the driver performs the I/O.
///
/// Cancel safe: if the future is dropped, the flow loses at most one try. To continue, call this
/// again with the same flow and media.
pub async fn drive<H: Transport, F: Flow>(
    http: &H,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    options: &mut RunOptions<'_>,
    observer: &mut impl Observer<F>,
) -> F::Output {
    let spans = Spans::new();
    let SplitOptions { observer: callbacks, synced, store, token } = options.split();
    let mut observer = (spans.observer(), (callbacks, observer));
    let driver = Driver { http, media, synced, store, token, spans: &spans, reply: None };
    spans.job(driver.run(session, flow, &mut observer)).await
}

struct Driver<'a, H: Transport, M> {
    http: &'a H,
    media: &'a mut M,
    synced: SyncCallback<'a>,
    store: Option<&'a CheckpointStore>,
    token: &'a CancelToken,
    spans: &'a Spans,
    /// The reply that is being received.
    reply: Option<H::Reply>,
}

impl<H: Transport, M: MediaIo> Driver<'_, H, M> {
    async fn run<F: Flow>(
        mut self,
        session: &SessionCell,
        flow: &mut F,
        observer: &mut impl Observer<F>,
    ) -> F::Output {
        // A flow may need further actions after it was cancelled, such as to store its last state.
        let uncancelled = CancelToken::new();
        loop {
            let mut token = self.token;
            if token.is_cancelled() {
                flow.cancel();
                token = &uncancelled;
            }
            let action = self.synced.poll(flow, session, now());
            observer.on_action(flow, &action, now());
            let call = input::call_id(&action);
            let input = match action {
                Action::Done(output) => return output,
                Action::Wait(until) => {
                    H::sleep(until.saturating_sub(now()), token).await;
                    continue;
                }
                // An observer has cancelled the job before the request was sent. It is not in
                // doubt.
                Action::Send(id, _) if token.is_cancelled() => {
                    Input::Failed(id, TransportError::never_connected(TransportErrorKind::Other))
                }
                action => {
                    if let Action::Send(_, request) = &action {
                        self.spans.begin(flow, request);
                    }
                    let input = pin!(self.act(action, token));
                    let Some(input) = unless_cancelled(input, token).await else { continue };
                    input
                }
            };
            observer.on_input(&input, now());
            // This is a bug. Report it to the flow, and cancel the flow if it refuses that too.
            if flow.handle(input, now()).is_err()
                && flow.handle(input::for_refused(call), now()).is_err()
            {
                flow.cancel();
            }
        }
    }

    /// Performs an action and returns its input.
    async fn act<T>(&mut self, action: Action<T>, token: &CancelToken) -> Input {
        match action {
            Action::Read(span) => input::from_read(span.clone(), self.media.read(span).await),
            Action::Send(id, request) => {
                self.reply = None;
                match self.spans.within(self.http.send(request, token)).await {
                    Ok((head, reply)) => {
                        self.reply = Some(reply);
                        Input::Head(id, head)
                    }
                    Err(error) => Input::Failed(id, error),
                }
            }
            Action::Receive(id) => match &mut self.reply {
                Some(reply) => match self.spans.within(H::receive(reply)).await {
                    Ok(Some(piece)) => Input::Body(id, piece),
                    Ok(None) => Input::End(id),
                    Err(error) => Input::Failed(id, error),
                },
                // An earlier driver of this flow had the reply.
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
            Action::Write(at, bytes) => {
                self.media.write(at, bytes).await.map_or_else(local, |()| Input::Written)
            }
            Action::Save(snapshot) => match CheckpointStore::required(self.store) {
                Ok(store) => {
                    H::unblock(store.begin(snapshot)).await.map_or_else(local, |()| Input::Saved)
                }
                Err(error) => local(error),
            },
            Action::Wait(_) | Action::Done(_) => input::for_refused(None),
        }
    }
}

/// Returns the output of `work`, or `None` once `token` is cancelled.
pub async fn unless_cancelled<T>(
    mut work: Pin<&mut impl Future<Output = T>>,
    token: &CancelToken,
) -> Option<T> {
    let mut cancelled = pin!(token.cancelled());
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => cancelled.as_mut().poll(context).map(|()| None),
    })
    .await
}

fn local(error: io::Error) -> Input {
    Input::Local(error.into())
}
