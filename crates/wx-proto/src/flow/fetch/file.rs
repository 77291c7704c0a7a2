//! The content of a file: any bytes, of the length that the message says
//! ([P76](crate::protocol#p76), [P77](crate::protocol#p77)).

use bytes::{Bytes, BytesMut};

use super::TEXT_LIMIT;
use crate::endpoint::download::DownloadHead;
use crate::model::reply_error::ReplyError;
use crate::wire::{repair, reply};

/// The bytes of one reply. Their length decides whether they are the file. A web page or a refusal
/// in its place is recognised only if the length differs.
pub(super) struct FileContent {
    /// The length of the file, if the message states it.
    len: Option<u64>,
    /// The length that the reply announces, if any.
    announced: Option<u64>,
    /// The number of bytes so far.
    got: u64,
    /// Whether the length differs from the expected one. Nothing more is written in that case.
    differs: bool,
    beginning: Beginning,
}

/// The beginning of the bytes, for as long as they may be a page or JSON.
enum Beginning {
    Blank,
    Text(BytesMut),
    Other,
}

impl FileContent {
    pub(super) fn new(len: Option<u64>, head: DownloadHead, cap: u64) -> Result<Self, ReplyError> {
        let len = len.filter(|len| *len > 0);
        match (len, head.len.filter(|_| !head.gzip)) {
            (Some(len), _) if len > cap => Err(ReplyError::TooLarge { limit: cap }),
            // Without the length of the file, the end of the body has to be known.
            (None, _) if !head.is_bounded => Err(ReplyError::NoLength),
            (Some(len), Some(announced)) if len != announced && announced > TEXT_LIMIT => {
                Err(ReplyError::Truncated { expected: Some(len), got: announced })
            }
            (len, announced) => Ok(Self {
                len,
                announced,
                got: 0,
                differs: len.is_some() && announced.is_some() && len != announced,
                beginning: Beginning::Blank,
            }),
        }
    }

    pub(super) fn len(&self) -> Option<u64> {
        self.len
    }

    /// Handles the next bytes. Returns those to write.
    pub(super) fn offer(&mut self, piece: Bytes) -> Result<Bytes, ReplyError> {
        self.got += piece.len() as u64;
        self.differs |= self.len.is_some_and(|len| self.got > len);
        self.beginning.add(&piece);
        match &self.beginning {
            _ if !self.differs => Ok(piece),
            Beginning::Text(text) if (text.len() as u64) < TEXT_LIMIT => Ok(Bytes::new()),
            Beginning::Blank if self.got < TEXT_LIMIT => Ok(Bytes::new()),
            _ => Err(self.error()),
        }
    }

    /// Checks the length of all bytes.
    pub(super) fn complete(&self) -> Result<(), ReplyError> {
        match self.len {
            _ if self.got == 0 => Err(ReplyError::Empty),
            Some(len) if len != self.got => Err(self.error()),
            _ => Ok(()),
        }
    }

    /// Returns the error of a reply that is not the file.
    fn error(&self) -> ReplyError {
        let got = self.announced.unwrap_or(self.got);
        let differs = ReplyError::Truncated { expected: self.len, got };
        let Beginning::Text(text) = &self.beginning else { return differs };
        match ReplyError::from_page(text) {
            Some(ReplyError::Json) => reply::json_error(text),
            page => page.unwrap_or(differs),
        }
    }
}

impl Beginning {
    /// Adds a piece. Each byte is examined once, however small the pieces are.
    fn add(&mut self, piece: &[u8]) {
        if let Self::Blank = self {
            let start = repair::trimmed(piece);
            if !start.is_empty() {
                *self = match ReplyError::from_page(start) {
                    Some(_) => Self::Text(BytesMut::new()),
                    None => Self::Other,
                };
            }
        }
        if let Self::Text(text) = self {
            let room = (TEXT_LIMIT as usize).saturating_sub(text.len());
            text.extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }
}
