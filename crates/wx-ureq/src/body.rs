use std::io::{self, Read};

use wx_client::CancelToken;
use wx_proto::Body;
use wx_proto::bytes::{Buf, Bytes};

use crate::exchange;

/// The size of the pieces that are written, which is the size of ureq's output buffer. The limits
/// of an exchange are checked before each piece, so that they also apply within a chunk.
const PIECE: usize = 128 * 1024;

/// The body of a request for ureq. It reads directly from the segments, so that the only copy is
/// the one into ureq's output buffer.
pub(crate) struct BodyReader<'a> {
    current: Bytes,
    rest: <Body as IntoIterator>::IntoIter,
    token: &'a CancelToken,
}

impl<'a> BodyReader<'a> {
    pub(crate) fn new(body: Body, token: &'a CancelToken) -> Self {
        Self { current: Bytes::new(), rest: body.into_iter(), token }
    }
}

impl Read for BodyReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.token.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        let room = out.len().min(PIECE);
        let out = &mut out[..room];
        let mut filled = 0;
        while filled < out.len() {
            if self.current.is_empty() {
                match self.rest.next() {
                    Some(next) => self.current = next,
                    None => break,
                }
            }
            let len = self.current.len().min(out.len() - filled);
            self.current.copy_to_slice(&mut out[filled..filled + len]);
            filled += len;
        }
        exchange::sent(filled);
        Ok(filled)
    }
}
