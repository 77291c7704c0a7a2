use std::fmt;

use bytes::Bytes;

/// The body of a request: a sequence of segments of known total length.
///
/// It is not a stream. A clone is cheap because it shares the segments, so a retry needs no copy
/// and no rewinding. The media in it is the `Bytes` that the caller read, not a copy.
#[derive(Clone, Default)]
pub struct Body {
    /// The segments, of which only the first `len` are used. The longest body has three: the head
    /// of a form, the media, and the tail of the form.
    segments: [Bytes; MOST],
    len: usize,
}

const MOST: usize = 3;

impl Body {
    /// Creates a body without content.
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

    /// Returns the segments in order; none is empty.
    #[must_use]
    pub fn segments(&self) -> &[Bytes] {
        &self.segments[..self.len]
    }

    /// Returns the length in bytes, which is also the Content-Length of the request.
    #[must_use]
    pub fn content_len(&self) -> u64 {
        self.segments().iter().map(|segment| segment.len() as u64).sum()
    }

    /// Copies all segments into one vector, for tests and small bodies.
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

/// Shows only the length, because the form contains skey and tickets.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.content_len())
    }
}
