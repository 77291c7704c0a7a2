//! What a driver answers when a source, a flow or the driver itself breaks the contract of
//! [flows](wx_proto::flow): such a bug must not look like a job that was cancelled.

use std::io;
use std::ops::Range;

use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, CallId, Input, TransportError, TransportErrorKind};
use wx_proto::{Advice, SourceError};

/// Answers [`Action::Read`] with what a source has read of `span`.
pub fn read(span: Range<u64>, bytes: io::Result<Bytes>) -> Input {
    match bytes {
        Ok(bytes) if bytes.len() as u64 > span.end - span.start => bug(&format!(
            "the source read {} bytes where {} were asked for",
            bytes.len(),
            span.end - span.start
        )),
        Ok(bytes) => Input::Read(bytes),
        Err(error) => Input::Local(error.into()),
    }
}

/// Returns the call of an action, for [`refused`].
pub fn call<T>(action: &Action<T>) -> Option<CallId> {
    match action {
        Action::Send(id, _) | Action::Receive(id) => Some(*id),
        _ => None,
    }
}

/// Answers an action of `call`, or one without a call, whose answer the flow has refused.
pub fn refused(call: Option<CallId>) -> Input {
    match call {
        Some(id) => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Other)),
        None => bug("the flow refused the answer to its own action"),
    }
}

fn bug(what: &str) -> Input {
    let error = SourceError::new(io::ErrorKind::Other, what);
    Input::Local(error.with_advice(Advice::Report))
}
