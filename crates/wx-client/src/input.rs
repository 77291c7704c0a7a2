//! Inputs that report a source, flow or driver that breaks the [contract](wx_proto::flow). Such a
//! bug must not look like a cancelled job.

use std::io;
use std::ops::Range;

use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, CallId, Input, TransportError, TransportErrorKind};
use wx_proto::{Advice, SourceError};

/// Returns the input for [`Action::Read`], after a source was read at `span`.
pub(crate) fn from_read(span: Range<u64>, bytes: io::Result<Bytes>) -> Input {
    match bytes {
        Ok(bytes) if bytes.len() as u64 > span.end - span.start => bug(&format!(
            "the source returned {} bytes for a read of {}",
            bytes.len(),
            span.end - span.start
        )),
        Ok(bytes) => Input::Read(bytes),
        Err(error) => Input::Local(error.into()),
    }
}

/// Returns the call of an action, for [`for_refused`].
pub(crate) fn call_id<T>(action: &Action<T>) -> Option<CallId> {
    match action {
        Action::Send(id, _) | Action::Receive(id) => Some(*id),
        _ => None,
    }
}

/// Returns the input to use after the flow has refused another one. `call` is the call of the
/// action, if it has one.
pub(crate) fn for_refused(call: Option<CallId>) -> Input {
    match call {
        Some(id) => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Other)),
        None => bug("the flow refused the input for its own action"),
    }
}

fn bug(what: &str) -> Input {
    let error = SourceError::new(io::ErrorKind::Other, what);
    Input::Local(error.with_advice(Advice::Report))
}
