//! A reply that is being received.

use bytes::{Bytes, BytesMut};
use http::Response;
use http::response::Parts;

/// The head of a reply, and the received part of its body.
#[derive(Clone)]
pub(super) struct PartialReply {
    head: Parts,
    /// The body, while it is a single piece.
    piece: Bytes,
    /// The body, once it is more than one piece.
    pieces: BytesMut,
}

impl PartialReply {
    pub(super) fn new(head: Parts) -> Self {
        Self { head, piece: Bytes::new(), pieces: BytesMut::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.piece.len() + self.pieces.len()
    }

    pub(super) fn add(&mut self, bytes: Bytes) {
        if self.len() == 0 {
            self.piece = bytes;
        } else {
            self.pieces.extend_from_slice(&std::mem::take(&mut self.piece));
            self.pieces.extend_from_slice(&bytes);
        }
    }

    pub(super) fn complete(self) -> Response<Bytes> {
        let body = if self.pieces.is_empty() { self.piece } else { self.pieces.freeze() };
        Response::from_parts(self.head, body)
    }
}

/// Does not show headers, because they contain cookies.
impl std::fmt::Debug for PartialReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PartialReply({}, {} bytes)", self.head.status.as_u16(), self.len())
    }
}
