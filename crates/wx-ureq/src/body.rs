use std::io::{self, Read};

use wx_client::CancelToken;
use wx_proto::Body;
use wx_proto::bytes::{Buf, Bytes};

use crate::exchange;

/// The most that is written at once: what ureq's own output buffer holds. The limits of an exchange
/// are looked at before each piece, so a chunk does not leave in one.
const PIECE: usize = 128 * 1024;

/// A request's body for ureq: reads the segments where they are. The one copy is ureq's, into its
/// output buffer.
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
