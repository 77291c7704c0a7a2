//! For transports and sources: page-aligned buffers that are reused.

use std::fmt;
use std::io::{self, Read};

use wx_proto::bytes::{Bytes, BytesMut};

/// A buffer that is reused once the [`Bytes`] that were read into it before are dropped.
#[derive(Debug, Default)]
pub struct PageBuffer(Bytes);

/// Memory to read into, handed out by [`PageBuffer::space`].
pub struct PageSpace {
    memory: BytesMut,
    at: usize,
    len: usize,
}

/// The memory starts at a page boundary, like the kernel's pages that are copied into it. Otherwise
/// some CPUs copy at a third of the speed.
const PAGE: usize = 4096;

impl PageBuffer {
    /// Returns memory for `len` bytes, which may hold old contents.
    pub fn space(&mut self, len: usize) -> PageSpace {
        let memory = match std::mem::take(&mut self.0).try_into_mut() {
            Ok(memory) if memory.len() >= len + PAGE => memory,
            // The last span of an image is one byte longer than the others.
            _ => BytesMut::zeroed((len + 1).next_multiple_of(PAGE) + PAGE),
        };
        PageSpace { at: memory.as_ptr().align_offset(PAGE).min(PAGE), memory, len }
    }

    /// Reads `len` bytes, or fewer if `from` ends before.
    ///
    /// # Errors
    /// The error of `from`.
    pub fn read(&mut self, from: &mut (impl Read + ?Sized), len: usize) -> io::Result<Bytes> {
        let mut space = self.space(len);
        let mut filled = 0;
        while filled < len {
            match from.read(&mut space.bytes_mut()[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.filled(space, filled))
    }

    /// Returns the first `len` bytes of `space`.
    pub fn filled(&mut self, space: PageSpace, len: usize) -> Bytes {
        self.0 = space.memory.freeze();
        self.0.slice(space.at..space.at + len)
    }
}

impl PageSpace {
    /// Returns the memory, with the requested length.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.at..self.at + self.len]
    }
}

impl fmt::Debug for PageSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageSpace({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use std::io::repeat;

    use super::*;

    #[test]
    fn memory_is_reused_only_once_it_is_free() {
        let mut buffer = PageBuffer::default();
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
