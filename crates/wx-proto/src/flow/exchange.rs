//! One try of a request: handed out, and once more if a reused connection was closed; its reply
//! gathered under a cap.

use bytes::{Bytes, BytesMut};
use http::Response;
use http::response::Parts;

use super::{Action, CallId, Input, TransportError, TransportErrorKind, UnexpectedInput};
use crate::endpoint::api_request::ApiRequest;
use crate::model::reply_error::ReplyError;

/// One try of one request.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    id: CallId,
    outgoing: ApiRequest,
    cap: u64,
    /// Whether the request has been handed out under this id.
    handed_out: bool,
    reply: Option<PartialReply>,
}

#[derive(Clone)]
struct PartialReply {
    head: Parts,
    /// The body, as long as it came in one piece.
    piece: Bytes,
    /// The body, once there were more.
    pieces: BytesMut,
}

impl PartialReply {
    fn len(&self) -> usize {
        self.piece.len() + self.pieces.len()
    }

    fn add(&mut self, bytes: Bytes) {
        if self.len() == 0 {
            self.piece = bytes;
        } else {
            self.pieces.extend_from_slice(&std::mem::take(&mut self.piece));
            self.pieces.extend_from_slice(&bytes);
        }
    }

    fn whole(self) -> Response<Bytes> {
        let body = if self.pieces.is_empty() { self.piece } else { self.pieces.freeze() };
        Response::from_parts(self.head, body)
    }
}

impl std::fmt::Debug for PartialReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gathered({}, {} bytes)", self.head.status.as_u16(), self.len())
    }
}

/// How a try ended.
pub(super) enum AttemptResult {
    /// With a whole reply, good or bad.
    Reply(Response<Bytes>),
    /// The network broke off.
    Failed(TransportError),
    /// The reply grew over the cap.
    TooLarge(ReplyError),
}

impl Attempt {
    pub(super) fn new(id: CallId, outgoing: ApiRequest, cap: u64) -> Self {
        Self { id, outgoing, cap, handed_out: false, reply: None }
    }

    pub(super) fn with_cap(self, cap: u64) -> Self {
        Self { cap, ..self }
    }

    pub(super) fn id(&self) -> CallId {
        self.id
    }

    /// The next try of the same request.
    pub(super) fn again(&self) -> Self {
        Self::new(self.id.next(), self.outgoing.clone().with_new_connection(false), self.cap)
    }

    pub(super) fn poll<T>(&mut self) -> Action<T> {
        if self.reply.is_some() {
            return Action::Receive(self.id);
        }
        self.handed_out = true;
        Action::Send(self.id, self.outgoing.clone())
    }

    pub(super) fn is_handed_out(&self) -> bool {
        self.handed_out
    }

    /// Whether the request failed on a reused connection, and this is its repeat on a new one.
    pub(super) fn is_repeat(&self) -> bool {
        self.outgoing.limits().new_connection
    }

    /// Whether the request is due to be handed out, no reply having begun.
    pub(super) fn is_sending(&self) -> bool {
        self.reply.is_none()
    }

    /// `None` while the try goes on: the reply is still coming in, or the request is due once more.
    pub(super) fn handle(
        &mut self,
        input: Input,
    ) -> Result<Option<AttemptResult>, UnexpectedInput> {
        if !self.handed_out {
            return Err(UnexpectedInput);
        }
        match (input, &mut self.reply) {
            (Input::Head(id, head), None)
                if id == self.id && !self.outgoing.limits().admit(&head) =>
            {
                let failure = TransportError::on_the_way(TransportErrorKind::Protocol);
                Ok(Some(AttemptResult::Failed(self.outgoing.failed(failure))))
            }
            (Input::Head(id, head), reply @ None) if id == self.id => {
                *reply = Some(PartialReply { head, piece: Bytes::new(), pieces: BytesMut::new() });
                Ok(None)
            }
            (Input::Body(id, bytes), Some(reply)) if id == self.id => {
                if (reply.len() + bytes.len()) as u64 > self.cap {
                    return Ok(Some(AttemptResult::TooLarge(ReplyError::TooLarge {
                        limit: self.cap,
                    })));
                }
                reply.add(bytes);
                Ok(None)
            }
            (Input::End(id), reply @ Some(_)) if id == self.id => {
                Ok(reply.take().map(|gathered| AttemptResult::Reply(gathered.whole())))
            }
            (Input::Failed(id, failure), None)
                if id == self.id && self.outgoing.is_due_again(failure) =>
            {
                (self.id, self.handed_out) = (self.id.next(), false);
                self.outgoing = self.outgoing.clone().with_new_connection(true);
                Ok(None)
            }
            (Input::Failed(id, failure), reply) if id == self.id => {
                // Once a head has come, something was delivered, whatever the driver thinks.
                let failure = if reply.is_some() {
                    TransportError::on_the_way(failure.kind)
                } else {
                    failure
                };
                Ok(Some(AttemptResult::Failed(self.outgoing.failed(failure))))
            }
            _ => Err(UnexpectedInput),
        }
    }
}
