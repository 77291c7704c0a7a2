//! Inflates gzip piece by piece, up to a limit ([P37](crate::protocol#p37)).

use std::io::{self, Write};

use flate2::write::GzDecoder;

/// The maximum number of bytes that are inflated in one step, so that the output of a step stays
/// small even with a high compression ratio.
const STEP: usize = 4096;

/// Why inflating stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// The stream is not gzip.
    Corrupt,
    /// The stream did not end with a trailer with the right checksum.
    Unfinished,
    /// The output exceeds the limit.
    TooLarge,
}

/// A gzip stream in progress.
pub(crate) struct Inflate {
    decoder: GzDecoder<Sink>,
}

struct Sink {
    out: Vec<u8>,
    left: u64,
    full: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => self.left = left,
            None => {
                self.full = true;
                return Err(io::ErrorKind::OutOfMemory.into());
            }
        }
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inflate {
    pub(crate) fn new(cap: u64) -> Self {
        Self { decoder: GzDecoder::new(Sink { out: Vec::new(), left: cap, full: false }) }
    }

    /// Takes up to [`STEP`] bytes from the front of `input` and returns the output, which may be
    /// empty.
    pub(crate) fn step(&mut self, input: &mut bytes::Bytes) -> Result<Vec<u8>, InflateError> {
        let piece = input.split_to(input.len().min(STEP));
        let done = self.decoder.write_all(&piece);
        self.take(done)
    }

    /// Returns the rest of the output. Fails unless the input has ended with the trailer.
    pub(crate) fn finish(&mut self) -> Result<Vec<u8>, InflateError> {
        let done = self.decoder.try_finish();
        self.take(done).map_err(|error| {
            if error == InflateError::Corrupt { InflateError::Unfinished } else { error }
        })
    }

    fn take(&mut self, done: io::Result<()>) -> Result<Vec<u8>, InflateError> {
        let sink = self.decoder.get_mut();
        match done {
            Ok(()) => Ok(std::mem::take(&mut sink.out)),
            Err(_) if sink.full => Err(InflateError::TooLarge),
            Err(_) => Err(InflateError::Corrupt),
        }
    }
}

/// Inflates a whole body.
pub(crate) fn all(mut input: bytes::Bytes, cap: u64) -> Result<Vec<u8>, InflateError> {
    let mut inflate = Inflate::new(cap);
    let mut out = Vec::new();
    while !input.is_empty() {
        out.extend(inflate.step(&mut input)?);
    }
    out.extend(inflate.finish()?);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(content: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn p37_whole_truncated_and_corrupt_streams() {
        let content: Vec<u8> = (0..20_000u32).flat_map(u32::to_le_bytes).collect();
        let packed = gzip(&content);
        assert_eq!(all(packed.clone(), 80_000).unwrap(), content);
        assert_eq!(all(packed.clone(), 79_999), Err(InflateError::TooLarge));
        for cut in 0..packed.len().min(400) {
            assert_eq!(
                all(packed.slice(..cut), 80_000),
                Err(InflateError::Unfinished),
                "cut at {cut}"
            );
        }
        for cut in packed.len() - 20..packed.len() {
            assert_eq!(
                all(packed.slice(..cut), 80_000),
                Err(InflateError::Unfinished),
                "cut at {cut}"
            );
        }
        let mut wrong = packed.to_vec();
        *wrong.last_mut().unwrap() ^= 1;
        assert_eq!(all(wrong.into(), 80_000), Err(InflateError::Unfinished));
        assert_eq!(
            all(Bytes::from_static(b"<html>no gzip at all</html>"), 100),
            Err(InflateError::Corrupt)
        );
    }

    #[test]
    fn a_bomb_stops_at_the_cap() {
        let packed = gzip(&vec![0; 50_000_000]);
        assert!(packed.len() < 60_000);
        assert_eq!(all(packed, 1_000_000), Err(InflateError::TooLarge));
    }
}
