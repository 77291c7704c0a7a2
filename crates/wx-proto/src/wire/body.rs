use std::fmt;

use bytes::Bytes;

/// The body of a request: segments to be written one after the other, of known length.
///
/// It is a description, not a one-shot stream: cloning it is cheap (the segments are shared), so a
/// repeat needs no second copy and no rewinding. A picture's bytes are in here as the caller loaded
/// them, never copied.
#[derive(Clone, Default)]
pub struct Body {
    /// The first `len` of them are there: a form's head, its picture and its tail are the most.
    segments: [Bytes; MOST],
    len: usize,
}

const MOST: usize = 3;

impl Body {
    /// A body without content.
    #[must_use]
    pub const fn empty() -> Self {
        Self { segments: [const { Bytes::new() }; MOST], len: 0 }
    }

    pub(crate) fn from_segments<const N: usize>(segments: [Bytes; N]) -> Self {
        const { assert!(N <= MOST) }
        let mut body = Self::empty();
        for segment in segments.into_iter().filter(|segment| !segment.is_empty()) {
            body.segments[body.len] = segment;
            body.len += 1;
        }
        body
    }

    /// The segments in order; none is empty.
    #[must_use]
    pub fn segments(&self) -> &[Bytes] {
        &self.segments[..self.len]
    }

    /// The length in bytes, which is also the request's Content-Length.
    #[must_use]
    pub fn content_len(&self) -> u64 {
        self.segments().iter().map(|segment| segment.len() as u64).sum()
    }

    /// All segments in one piece: a copy, for tests and small bodies.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.segments().concat()
    }
}

impl IntoIterator for Body {
    type Item = Bytes;
    type IntoIter = std::iter::Take<std::array::IntoIter<Bytes, MOST>>;

    fn into_iter(self) -> Self::IntoIter {
        self.segments.into_iter().take(self.len)
    }
}

/// Shows the length only: the form holds skey and tickets.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.content_len())
    }
}
