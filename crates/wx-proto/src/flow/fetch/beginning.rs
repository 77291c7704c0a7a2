//! The first bytes of an image, held back until they identify its format.

use bytes::{Bytes, BytesMut};

use crate::model::image_format::SHORT;

/// Buffers the first pieces. The time is linear, however small the pieces are.
pub(super) struct Beginning {
    held: BytesMut,
    /// The number of bytes at which they are examined again.
    next_check: usize,
}

impl Beginning {
    pub(super) fn new() -> Self {
        Self { held: BytesMut::new(), next_check: SHORT }
    }

    /// Adds a piece, which may be the last one. Returns all bytes so far once `is_open` returns
    /// false for them. If the first piece suffices, it is not copied.
    pub(super) fn add(
        &mut self,
        piece: Bytes,
        last: bool,
        is_open: impl FnOnce(&[u8]) -> bool,
    ) -> Option<Bytes> {
        let first = self.held.is_empty();
        if !first {
            self.held.extend_from_slice(&piece);
        }
        let seen = if first { &piece[..] } else { &self.held[..] };
        if !last && (seen.len() < self.next_check || is_open(seen)) {
            if seen.len() >= self.next_check {
                // Not at each piece: with small ones, that would take quadratic time.
                self.next_check = seen.len() + seen.len() / 4;
            }
            if first {
                self.held.extend_from_slice(&piece);
            }
            return None;
        }
        Some(if first { piece } else { self.held.split().freeze() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many bytes are examined until `decided` of them are there, in pieces of this
    /// size.
    fn examined(decided: usize, piece: usize) -> usize {
        let (mut beginning, mut examined_bytes, mut came) = (Beginning::new(), 0, 0);
        loop {
            came += piece;
            let decided_bytes = beginning.add(vec![b'x'; piece].into(), false, |seen| {
                examined_bytes += seen.len();
                seen.len() < decided
            });
            if let Some(decided_bytes) = decided_bytes {
                assert_eq!(decided_bytes.len(), came);
                return examined_bytes;
            }
        }
    }

    #[test]
    fn tiny_pieces_are_examined_in_linear_time() {
        for decided in [100, 1000, 10_000, 66 * 1024, 1_000_000] {
            for piece in [1, 2, 7, 100] {
                let examined_bytes = examined(decided, piece);
                assert!(
                    examined_bytes <= 7 * (decided + piece),
                    "{decided} in pieces of {piece}: {examined_bytes}"
                );
            }
        }
    }

    #[test]
    fn pieces_are_held_until_they_decide_and_a_first_one_that_does_is_not_copied() {
        let piece = Bytes::from(vec![7; SHORT]);
        let given = Beginning::new().add(piece.clone(), false, |_| false).unwrap();
        assert_eq!(given.as_ptr(), piece.as_ptr());
        let mut beginning = Beginning::new();
        assert_eq!(beginning.add(piece.slice(1..), false, |_| panic!("too short to decide")), None);
        assert_eq!(beginning.add(piece.slice(..1), false, |seen| seen.len() == SHORT), None);
        assert_eq!(
            beginning.add(Bytes::new(), true, |_| panic!("the body has ended")).unwrap(),
            piece
        );
    }
}
