//! For transports and sources: page-aligned buffers that are reused.

use std::fmt;
use std::io::{self, Read};

use wx_proto::bytes::{Bytes, BytesMut};

/// A buffer that is reused once all [`Bytes`] in it are dropped.
#[derive(Debug, Default)]
pub struct PageBuffer(Bytes);

/// Page-aligned memory to read into. Created by [`PageBuffer::memory`].
pub struct PageMemory {
    bytes: BytesMut,
    /// The offset of the first page boundary in `bytes`.
    start: usize,
    len: usize,
}

/// The alignment of the memory, which equals the alignment of the kernel's pages that are copied
/// into it. Without it, some CPUs copy at a third of the speed.
const PAGE: usize = 4096;

impl PageBuffer {
    /// Returns memory of `len` bytes, which may have old contents.
    pub fn memory(&mut self, len: usize) -> PageMemory {
        let bytes = match std::mem::take(&mut self.0).try_into_mut() {
            Ok(bytes) if bytes.len() >= len + PAGE => bytes,
            // The last span of media is one byte longer than the others.
            _ => BytesMut::zeroed((len + 1).next_multiple_of(PAGE) + PAGE),
        };
        PageMemory { start: bytes.as_ptr().align_offset(PAGE).min(PAGE), bytes, len }
    }

    /// Reads `len` bytes, or fewer if `from` ends earlier.
    ///
    /// # Errors
    /// The error of `from`.
    pub fn read(&mut self, from: &mut (impl Read + ?Sized), len: usize) -> io::Result<Bytes> {
        let mut memory = self.memory(len);
        let mut filled = 0;
        while filled < len {
            match from.read(&mut memory.bytes_mut()[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.filled(memory, filled))
    }

    /// Returns the first `len` bytes of `memory`.
    pub fn filled(&mut self, memory: PageMemory, len: usize) -> Bytes {
        self.0 = memory.bytes.freeze();
        self.0.slice(memory.start..memory.start + len)
    }
}

impl PageMemory {
    /// Returns the memory, with the requested length.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }
}

impl fmt::Debug for PageMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageMemory({} bytes)", self.len)
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
