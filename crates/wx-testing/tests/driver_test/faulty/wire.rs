//! The framing of replies, and a connection that obeys the limits of its request.

use std::io::{self, BufRead, BufReader, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wx_proto::Limits;
use wx_proto::bytes::Bytes;
use wx_proto::http::header::CONTENT_LENGTH;
use wx_proto::http::response::Parts;

/// A reply whose head has been read.
pub(super) struct Reply {
    pub(super) reader: BufReader<Line>,
    pub(super) left: Left,
}

pub(super) enum Left {
    Bytes(u64),
    /// The remaining bytes of the current chunk, followed by further chunks.
    Chunk(u64),
    Unknown,
    Inflated(Vec<u8>),
}

impl Left {
    pub(super) fn announced(head: &Parts, passes_on_chunks: bool) -> Self {
        let len = head.headers.get(CONTENT_LENGTH).and_then(|len| len.to_str().ok()?.parse().ok());
        match len {
            _ if [204, 304].contains(&head.status.as_u16()) => Self::Bytes(0),
            Some(len) => Self::Bytes(len),
            None if head.headers.contains_key("transfer-encoding") && !passes_on_chunks => {
                Self::Chunk(0)
            }
            None => Self::Unknown,
        }
    }
}

impl Reply {
    /// Returns the next piece of the body. It is empty at the end.
    pub(super) fn next(&mut self, ignores_truncation: bool) -> io::Result<Bytes> {
        if let Left::Inflated(plain) = &mut self.left {
            return Ok(std::mem::take(plain).into());
        }
        match self.read_piece() {
            Err(error) if ignores_truncation && error.kind() == io::ErrorKind::UnexpectedEof => {
                self.left = Left::Unknown;
                Ok(Bytes::new())
            }
            piece => piece,
        }
    }

    fn read_piece(&mut self) -> io::Result<Bytes> {
        if let Left::Chunk(0) = self.left {
            let mut lines = (&mut self.reader).take(16 * 1024);
            let line = read_line(&mut lines)?;
            let size = u64::from_str_radix(line.split(';').next().unwrap_or_default(), 16);
            self.left = Left::Chunk(size.map_err(|_| invalid())?);
            if let Left::Chunk(0) = self.left {
                while !read_line(&mut lines)?.is_empty() {}
                self.left = Left::Bytes(0);
            }
        }
        let max = match self.left {
            Left::Bytes(0) => return Ok(Bytes::new()),
            Left::Bytes(left) | Left::Chunk(left) => left.min(8192),
            Left::Unknown | Left::Inflated(_) => 8192,
        };
        let mut piece = vec![0; max as usize];
        let len = self.reader.read(&mut piece)?;
        self.reader.get_mut().body_bytes += len as u64;
        piece.truncate(len);
        match &mut self.left {
            Left::Unknown | Left::Inflated(_) => {}
            Left::Bytes(_) | Left::Chunk(_) if len == 0 => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Left::Bytes(left) => *left -= len as u64,
            Left::Chunk(left) => {
                *left -= len as u64;
                if *left == 0 {
                    read_line(&mut (&mut self.reader).take(2))?;
                }
            }
        }
        Ok(piece.into())
    }

    /// Returns the connection, if it can be reused.
    pub(super) fn into_connection(self) -> Option<BufReader<Line>> {
        matches!(self.left, Left::Bytes(0)).then_some(self.reader)
    }
}

pub(super) fn read_line(reader: &mut io::Take<impl BufRead>) -> io::Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\n") {
        Some(line) => Ok(String::from_utf8_lossy(line.trim_ascii()).into_owned()),
        None if reader.limit() == 0 => Err(invalid()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// A connection that obeys the limits of its current request.
pub(super) struct Line {
    pub(super) stream: TcpStream,
    limits: Limits,
    began: Instant,
    pub(super) body_bytes: u64,
    counts_all: bool,
}

impl Line {
    pub(super) fn new(stream: TcpStream, limits: Limits, counts_all: bool) -> Self {
        Self { stream, limits, began: Instant::now(), body_bytes: 0, counts_all }
    }

    pub(super) fn begin(&mut self, limits: Limits) {
        (self.limits, self.began, self.body_bytes) = (limits, Instant::now(), 0);
    }

    pub(super) fn patience(&self) -> io::Result<Duration> {
        let left = self.limits.give_up_after(self.body_bytes).saturating_sub(self.began.elapsed());
        match left.min(self.limits.stall) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            patience => Ok(patience),
        }
    }
}

impl Read for Line {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.patience()?))?;
        let len = self.stream.read(room)?;
        if self.counts_all {
            self.body_bytes += len as u64 * 1024;
        }
        Ok(len)
    }
}

pub(super) fn invalid() -> io::Error {
    io::ErrorKind::InvalidData.into()
}
