//! `GET webwxgetmsgimg`: the picture of a message (`docs/protocol.md` §3, P16–P22).

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};

use super::{Endpoint, cgi};
use crate::outgoing::{Accept, Draft};
use crate::wire::inflate;
use crate::wire::query::Target;
use crate::wire::reply::{self, ReplyError};
use crate::{Format, MsgId, Outgoing, Policy, Role, Seed, Session, Unready};

/// Which of a message's pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageSize {
    /// The original, as the sender's phone left it. No `type` in the query.
    #[default]
    Original,
    /// The thumbnail: `type=slave`. Also the cover of a video.
    Thumbnail,
    /// An emoticon (MsgType 47): `type=big`.
    Emoticon,
}

/// Asks for a message's picture.
#[derive(Clone, Debug)]
pub struct GetMsgImg {
    id: MsgId,
    size: ImageSize,
    at_ms: u64,
}

/// What the head of a good answer says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageHead {
    /// Raw bytes to come.
    pub(crate) len: u64,
    pub(crate) gzip: bool,
}

impl GetMsgImg {
    /// Asks for `size` of the message `id`.
    #[must_use]
    pub fn new(id: MsgId, size: ImageSize, seed: Seed) -> Self {
        Self { id, size, at_ms: seed.unix_ms }
    }
}

impl Endpoint for GetMsgImg {
    const NAME: &'static str = "webwxgetmsgimg";
    type Context = Session;
    type Reply = (Format, Bytes);

    fn request(&self, session: &Session) -> Result<Outgoing, Unready> {
        session.check_login()?;
        let target = Target::with_stray_ampersand(cgi!("webwxgetmsgimg"))
            .pair("MsgID", self.id.as_str())
            .pair("skey", session.skey().expose())
            .app_pair(session.site());
        let target = match self.size {
            ImageSize::Original => target,
            ImageSize::Thumbnail => target.pair("type", "slave"),
            ImageSize::Emoticon => target.pair("type", "big"),
        };
        Draft {
            endpoint: Self::NAME,
            method: Method::GET,
            role: Role::Base,
            accept: Accept::Image,
            cookies: session.cookies_at(self.at_ms),
            target,
            site: session.site(),
        }
        .bare()
    }

    /// The picture's bytes, unchanged, and what they are by their first bytes; the answer's Content-Type lies (P19). The
    /// whole picture is in memory here; [`FetchImage`](crate::flow::FetchImage) streams.
    fn read(&self, answer: &Response<Bytes>) -> Result<(Format, Bytes), ReplyError> {
        let cap = Policy::default().max_fetch;
        let head = head(answer.status(), answer.headers(), cap)?;
        let raw = answer.body();
        let got = raw.len() as u64;
        if got != head.len {
            return Err(ReplyError::Cut { expected: Some(head.len), got });
        }
        let bytes = if head.gzip {
            inflate::all(raw.clone(), cap).map_err(|error| ReplyError::inflating(error, cap, got))?.into()
        } else {
            raw.clone()
        };
        match format(&bytes) {
            Err(ReplyError::Json) => Err(reply::verdict(&bytes)),
            format => Ok((format?, bytes)),
        }
    }
}

/// The gate for a picture's head: status, a length, an encoding that can be read, and the cap (P20, P21).
pub(crate) fn head(status: StatusCode, headers: &HeaderMap, cap: u64) -> Result<ImageHead, ReplyError> {
    reply::status(status, headers)?;
    // Nothing here asks for a range, so a part is not what was asked for.
    if status == StatusCode::PARTIAL_CONTENT {
        return Err(ReplyError::Status(206));
    }
    let gzip = reply::gzipped(headers)?;
    let len = reply::content_length(headers).ok_or(ReplyError::NoLength)?;
    match len {
        0 => Err(ReplyError::Empty),
        len if len > cap => Err(ReplyError::TooLarge { limit: cap }),
        len => Ok(ImageHead { len, gzip }),
    }
}

/// What a picture's first bytes say it is; a page or JSON in its place is an error of its own.
pub(crate) fn format(first: &[u8]) -> Result<Format, ReplyError> {
    if first.is_empty() {
        return Err(ReplyError::Empty);
    }
    Format::of(first).ok_or_else(|| ReplyError::of_page(first).unwrap_or(ReplyError::NotAPicture))
}

#[cfg(test)]
mod tests;
