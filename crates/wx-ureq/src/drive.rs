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
    watch: &mut Watch<'_>,
) -> F::Output {
    drive_observed(http, session, media, flow, watch, &mut ())
}

/// Like [`drive`](drive()), with an observer of the flow.
pub fn drive_observed<F: Flow>(
    http: &Http,
    session: &SessionCell,
    media: &mut impl MediaIo,
    flow: &mut F,
    watch: &mut Watch<'_>,
    observer: &mut impl Observer<F>,
) -> F::Output {
    let spans = Spans::new();
    let mut observer = (spans.observer(), observer);
    spans.job(|| run(http, session, media, flow, watch, &mut observer, &spans))
}

fn run<F: Flow>(
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
        if watch.cancelled() {
            flow.cancel();
        }
        let action = session.lend(|session| flow.poll(session, now()));
        observer.acted(flow, &action, now());
        watch.report(&flow.progress());
        let call = answer::call(&action);
        let input = match action {
            Action::Read(span) => answer::read(span.clone(), media.load(span)),
            Action::Send(id, outgoing) => {
                held = None;
                spans.begin(flow, &outgoing);
                match spans.within(|| http.send(outgoing, watch)) {
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
            Action::Save(snapshot) => watch.save(snapshot).map_or_else(local, |()| Input::Saved),
            Action::Wait(until) => {
                watch.sleep(until.saturating_sub(now()));
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
