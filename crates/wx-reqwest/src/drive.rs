use std::io;
use std::ops::Range;

use bytes::Bytes;
use wx_client::answer;
use wx_client::clock::now;
use wx_client::session_cell::SessionCell;
use wx_proto::flow::{Action, Flow, Input, Observer, TransportError, TransportErrorKind};

use crate::http::Reply;
use crate::spans::Spans;
use crate::{Http, Watch};

/// The caller's picture, seen from a driver: where bytes come from, or where they go. `()` is
/// neither, for flows that touch no picture.
///
/// Both methods must bear that their future is dropped and the same call made again.
pub trait MediaIo {
    /// Reads as many bytes of `span` as there are.
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

/// Runs any flow to its end with the session of a cell: reads, sends, hands over, writes, stores and
/// sleeps as the flow says, and decides nothing.
///
/// Cancel safe: when the future is dropped, the flow has lost one try at the most. Call this again
/// with the same flow and media and it goes on. Needs a tokio runtime.
pub async fn drive<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    watch: &mut Watch<'_>,
) -> F::Output {
    drive_observed(http, session, media, flow, watch, &mut ()).await
}

/// Like [`drive`](drive()), with an observer of the flow.
pub async fn drive_observed<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    watch: &mut Watch<'_>,
    observer: &mut impl Observer<F>,
) -> F::Output {
    let spans = Spans::new();
    let mut observer = (spans.observer(), observer);
    spans.job(run(http, session, media, flow, watch, &mut observer, &spans)).await
}

async fn run<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    watch: &mut Watch<'_>,
    observer: &mut impl Observer<F>,
    spans: &Spans,
) -> F::Output {
    let mut held: Option<Reply> = None;
    loop {
        let action = session.lend(|session| flow.poll(session, now()));
        observer.acted(flow, &action, now());
        watch.report(&flow.progress());
        let call = answer::call(&action);
        let input = match action {
            Action::Read(span) => answer::read(span.clone(), media.load(span).await),
            Action::Send(id, outgoing) => {
                held = None;
                spans.begin(flow, &outgoing);
                match spans.within(http.send(outgoing)).await {
                    Ok((head, reply)) => {
                        held = Some(reply);
                        Input::Head(id, head)
                    }
                    Err(failure) => Input::Failed(id, failure),
                }
            }
            Action::Receive(id) => match &mut held {
                Some(reply) => match spans.within(reply.next()).await {
                    Ok(Some(piece)) => Input::Body(id, piece),
                    Ok(None) => Input::End(id),
                    Err(failure) => Input::Failed(id, failure),
                },
                // Another driver had it.
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
            Action::Write(at, bytes) => {
                media.store(at, bytes).await.map_or_else(local, |()| Input::Written)
            }
            Action::Save(snapshot) => {
                watch.save(snapshot).await.map_or_else(local, |()| Input::Saved)
            }
            Action::Wait(until) => {
                tokio::time::sleep(until.saturating_sub(now())).await;
                continue;
            }
            Action::Done(output) => return output,
        };
        observer.heard(&input, now());
        // A bug of the flow. It is told as one, unless the flow refuses even that.
        if flow.handle(input, now()).is_err() && flow.handle(answer::refused(call), now()).is_err()
        {
            flow.cancel();
        }
    }
}

fn local(error: io::Error) -> Input {
    Input::Local(error.into())
}
