use std::io;
use std::ops::Range;
use std::time::Instant;

use bytes::Bytes;
use smol::Timer;
use wx_proto::Session;
use wx_proto::flow::{Action, Flow, Input, Snapshot, TransportError, TransportErrorKind};

use crate::http::{Reply, send};

/// Reads and writes the media of a flow, and stores its states.
pub trait MediaIo {
    /// Reads the bytes of `span`, or as many of them as exist.
    ///
    /// # Errors
    /// Returns the error of the source.
    fn read(&mut self, span: Range<u64>) -> io::Result<Bytes>;

    /// Writes `bytes` at offset `at`. Offset 0 starts over: previous contents are discarded.
    ///
    /// # Errors
    /// Returns the error of the sink.
    fn write(&mut self, at: u64, bytes: Bytes) -> io::Result<()>;

    /// Stores the state of a checkpointed job.
    ///
    /// # Errors
    /// Returns the error of the store.
    fn save(&mut self, snapshot: &Snapshot) -> io::Result<()>;
}

/// Drives a flow to its end. The flow makes every decision; the driver performs the I/O.
///
/// Cancel safe: if the future is dropped, the connection is closed, and the flow loses at most one
/// try. To continue, call this again with the same flow.
pub async fn drive<F: Flow>(
    session: &mut Session,
    flow: &mut F,
    media: &mut impl MediaIo,
) -> F::Output {
    // This is enough for tests. `Instant` may leave out the time that the computer sleeps, but
    // flows need it: see `wx_client::clock::now` for a complete clock.
    let start = Instant::now();
    let mut current: Option<Reply> = None;
    loop {
        let input = match flow.poll(session, start.elapsed()) {
            Action::Done(output) => return output,
            Action::Wait(until) => {
                Timer::after(until.saturating_sub(start.elapsed())).await;
                continue;
            }
            Action::Read(span) => media.read(span).map_or_else(local, Input::Read),
            Action::Write(at, bytes) => {
                media.write(at, bytes).map_or_else(local, |()| Input::Written)
            }
            Action::Save(snapshot) => media.save(&snapshot).map_or_else(local, |()| Input::Saved),
            Action::Send(id, request) => {
                // Close the connection of the previous reply.
                current = None;
                match send(request).await {
                    Ok((head, reply)) => {
                        current = Some(reply);
                        Input::Head(id, head)
                    }
                    Err(error) => Input::Failed(id, error),
                }
            }
            Action::Receive(id) => match &mut current {
                Some(reply) => match reply.next().await {
                    Ok(Some(bytes)) => Input::Body(id, bytes),
                    Ok(None) => Input::End(id),
                    Err(error) => Input::Failed(id, error),
                },
                // An earlier driver of this flow had the reply.
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
        };
        if flow.handle(input, start.elapsed()).is_err() {
            // This is a bug of the driver or of the flow. End the job.
            flow.cancel();
        }
    }
}

fn local(error: io::Error) -> Input {
    Input::Local(error.into())
}
