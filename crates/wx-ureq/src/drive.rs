use std::io;
use std::ops::Range;

use bytes::Bytes;
use wx_client::clock::now;
use wx_proto::flow::{Action, Flow, Input, TransportError, TransportErrorKind};

use crate::http::Reply;
use crate::spans::Spans;
use crate::{Http, Watch};

/// The caller's picture, seen from a driver: where bytes come from, or where they go. `()` is
/// neither, for flows that touch no picture.
pub trait Media {
    /// Reads as many bytes of `span` as there are.
    ///
    /// # Errors
    /// The source's own.
    fn load(&mut self, span: Range<u64>) -> io::Result<Bytes> {
        let _ = span;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes `bytes` at offset `at`; offset 0 starts the picture over.
    ///
    /// # Errors
    /// The sink's own.
    fn store(&mut self, at: u64, bytes: Bytes) -> io::Result<()> {
        let _ = (at, bytes);
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Media for () {}

/// Runs any flow to its end: reads, sends, hands over, writes and sleeps as the flow says, and
/// decides nothing.
///
/// A flow that was left in the middle can be driven on: call this again with the same flow and
/// media.
pub fn drive<F: Flow>(
    http: &Http,
    media: &mut impl Media,
    flow: &mut F,
    watch: &mut Watch<'_>,
) -> F::Output {
    let spans = Spans::new();
    let mut flow = spans.follow(flow);
    spans.job(|| run(http, media, &mut flow, watch, &spans))
}

fn run<F: Flow>(
    http: &Http,
    media: &mut impl Media,
    flow: &mut F,
    watch: &mut Watch<'_>,
    spans: &Spans,
) -> F::Output {
    let mut held: Option<Reply> = None;
    loop {
        if watch.cancelled() {
            flow.cancel();
        }
        let action = flow.poll(now());
        watch.report(&flow.progress());
        let input = match action {
            Action::Read(span) => media.load(span).map_or_else(local, Input::Read),
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
                // Another driver had it.
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
            Action::Write(at, bytes) => {
                media.store(at, bytes).map_or_else(local, |()| Input::Written)
            }
            Action::Wait(until) => {
                watch.sleep(until.saturating_sub(now()));
                continue;
            }
            Action::Done(output) => return output,
        };
        if flow.handle(input, now()).is_err() {
            debug_assert!(false, "the loop above answers what was asked");
            flow.cancel();
        }
    }
}

fn local(error: io::Error) -> Input {
    Input::Local(error.into())
}
