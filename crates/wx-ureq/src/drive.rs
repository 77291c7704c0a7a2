use std::io;
use std::ops::Range;
use std::thread;

use bytes::Bytes;
use wx_client::checkpoint::CheckpointStore;
use wx_client::clock::now;
use wx_client::session_cell::SessionCell;
use wx_client::spans::Spans;
use wx_client::{CancelToken, RunOptions, answer};
use wx_proto::flow::{Action, Flow, Input, Observer, TransportError, TransportErrorKind};

use crate::Http;
use crate::http::Reply;

/// Reads and writes the caller's picture for a driver. `()` does neither, for flows that transfer
/// no picture.
pub trait MediaIo {
    /// Reads the bytes of `span`, or as many of them as exist.
    ///
    /// # Errors
    /// The error of the source.
    fn load(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        let _ = span;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes `bytes` at offset `at`; offset 0 starts the picture over.
    ///
    /// # Errors
    /// The error of the sink.
    fn store(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        let _ = (at, bytes);
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl MediaIo for () {}

/// Runs a flow to its end with the session of a cell. The flow makes every decision; the driver
/// performs the I/O.
///
/// A flow that was interrupted can be continued: call this again with the same flow and media.
pub fn drive<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    options: &mut RunOptions<'_>,
) -> F::Output {
    drive_observed(http, session, media, flow, options, &mut ())
}

/// Like [`drive`](drive()), with an observer of the flow.
pub fn drive_observed<F: Flow>(
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
    spans.job(|| run(http, session, media, flow, (store, token), &mut observer, &spans))
}

fn run<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    (store, token): (Option<&CheckpointStore>, &CancelToken),
    observer: &mut impl Observer<F>,
    spans: &Spans,
) -> F::Output {
    let mut held: Option<Reply> = None;
    loop {
        let is_cancelled = token.is_cancelled();
        if is_cancelled {
            flow.cancel();
        }
        let action = session.lend(|session| flow.poll(session, now()));
        observer.acted(flow, &action, now());
        let call = answer::call(&action);
        let input = match action {
            Action::Read(span) => answer::read(span.clone(), media.load(span)),
            // Cancelled by an observer: it has not left, so it need not be in doubt.
            Action::Send(id, _) if !is_cancelled && token.is_cancelled() => {
                Input::Failed(id, TransportError::never_connected(TransportErrorKind::Other))
            }
            Action::Send(id, outgoing) => {
                held = None;
                spans.begin(flow, &outgoing);
                match spans.within(|| http.send(outgoing, token)) {
                    Ok((head, reply)) => {
                        held = Some(reply);
                        Input::Head(id, head)
                    }
                    Err(failure) => Input::Failed(id, failure),
                }
            }
            Action::Receive(id) => match &mut held {
                Some(reply) => match spans.within(|| reply.next()) {
                    Ok(Some(piece)) => Input::Body(id, piece),
                    Ok(None) => Input::End(id),
                    Err(failure) => Input::Failed(id, failure),
                },
                // The driver that held this reply is gone.
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
            Action::Write(at, bytes) => {
                media.store(at, bytes).map_or_else(local, |()| Input::Written)
            }
            Action::Save(snapshot) => CheckpointStore::required(store)
                .and_then(|store| store.save(snapshot))
                .map_or_else(local, |()| Input::Saved),
            Action::Wait(until) => {
                let time = until.saturating_sub(now());
                // A cancelled flow that still waits means it.
                if is_cancelled {
                    thread::sleep(time)
                } else {
                    token.sleep(time)
                }
                continue;
            }
            Action::Done(output) => return output,
        };
        observer.heard(&input, now());
        // A bug of the flow. Report it as one, unless the flow refuses even that.
        if flow.handle(input, now()).is_err() && flow.handle(answer::refused(call), now()).is_err()
        {
            flow.cancel();
        }
    }
}

fn local(error: io::Error) -> Input {
    Input::Local(error.into())
}
