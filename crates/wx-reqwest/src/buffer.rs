use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

/// Memory that is read into again once nobody holds what was read before.
#[derive(Default)]
pub(crate) struct Buffer(Bytes);

/// Room to read into.
pub(crate) struct Space {
    memory: BytesMut,
    at: usize,
    len: usize,
}

/// The room begins where a page does: as the kernel's pages do, from which it is filled. A few
/// bytes further on, some CPUs copy at a third of the speed.
const PAGE: usize = 4096;

impl Buffer {
    /// Room for `len` bytes, not all zero.
    pub(crate) fn space(&mut self, len: usize) -> Space {
        let memory = match std::mem::take(&mut self.0).try_into_mut() {
            Ok(memory) if memory.len() >= len + PAGE => memory,
            // The last span of a picture is a byte longer than the others.
            _ => BytesMut::zeroed((len + 1).next_multiple_of(PAGE) + PAGE),
        };
        Space { at: memory.as_ptr().align_offset(PAGE).min(PAGE), memory, len }
    }

    /// Reads until there are `len` bytes or no more.
    pub(crate) fn read(
        &mut self,
        from: &mut (impl Read + ?Sized),
        len: usize,
    ) -> io::Result<Bytes> {
        let mut space = self.space(len);
        let mut filled = 0;
        while filled < len {
            match from.read(&mut space.as_mut()[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.filled(space, filled))
    }

    /// The first `len` bytes of that room, now that they have been read.
    pub(crate) fn filled(&mut self, space: Space, len: usize) -> Bytes {
        self.0 = space.memory.freeze();
        self.0.slice(space.at..space.at + len)
    }
}

impl Space {
    pub(crate) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.at..self.at + self.len]
    }
}

#[cfg(test)]
mod tests {
    use std::io::repeat;

    use super::*;

    #[test]
    fn what_is_held_is_not_read_over_and_what_is_free_is_used_again() {
        let mut buffer = Buffer::default();
        let one = buffer.read(&mut repeat(1), 3 * PAGE).unwrap();
        let two = buffer.read(&mut repeat(2), 3 * PAGE).unwrap();
        assert!(one.iter().all(|byte| *byte == 1) && two.iter().all(|byte| *byte == 2));
        let place = two.as_ptr();
        assert_eq!(place.align_offset(PAGE), 0);
        drop((one, two));
        let shorter = buffer.read(&mut repeat(3), 5).unwrap();
        assert_eq!((shorter.as_ptr(), &shorter[..]), (place, &[3; 5][..]));
        drop(shorter);
        let longer = buffer.read(&mut repeat(4).take(9), 3 * PAGE + 1).unwrap();
        assert_eq!(
            (longer.as_ptr(), &longer[..]),
            (place, &[4; 9][..]),
            "the last span is a byte longer"
        );
        assert_eq!(buffer.read(&mut repeat(5), 4 * PAGE).unwrap(), [5; 4 * PAGE][..]);
    }
}
