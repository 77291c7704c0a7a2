//! `GET webwxgetmsgimg`: the picture of a message (`docs/protocol.md` §3, P16–P22).

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::{Endpoint, cgi};
use crate::outgoing::{Accept, Draft};
use crate::wire::inflate;
use crate::wire::query::Target;
use crate::wire::reply::{self, ReplyError};
use crate::wire::server_text::FirstBytes;
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
    /// Raw bytes to come; `None` if they come in chunks, whose end the HTTP client vouches for.
    pub(crate) len: Option<u64>,
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
        if head.len.is_some_and(|len| got != len) {
            return Err(ReplyError::Cut { expected: head.len, got });
        }
        if got > cap {
            return Err(ReplyError::TooLarge { limit: cap });
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

/// Checks a picture's head: its status, that its end can be recognised, that its encoding is known,
/// and the cap (P20, P21).
pub(crate) fn head(status: StatusCode, headers: &HeaderMap, cap: u64) -> Result<ImageHead, ReplyError> {
    reply::status(status, headers)?;
    // A 204 and a 205 have no body. Nothing here asks for a range, so a part is not what was asked for.
    if let 204..=206 = status.as_u16() {
        return Err(ReplyError::Status(status.as_u16()));
    }
    let gzip = reply::gzipped(headers)?;
    match reply::content_length(headers) {
        Some(0) => Err(ReplyError::Empty),
        Some(len) if len > cap => Err(ReplyError::TooLarge { limit: cap }),
        None if !is_chunked(headers) => Err(ReplyError::NoLength),
        len => Ok(ImageHead { len, gzip }),
    }
}

/// Whether the body comes in chunks, the last of which says that it is the last. A body without a
/// length that just ends with the connection could have been cut off anywhere.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let chunked = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    codings.next().is_some_and(chunked) && codings.next().is_none()
}

/// What a picture's first bytes say it is; a page or JSON in its place is an error of its own.
pub(crate) fn format(first: &[u8]) -> Result<Format, ReplyError> {
    if first.is_empty() {
        return Err(ReplyError::Empty);
    }
    let unknown = || ReplyError::NotAPicture { first: FirstBytes::of(first) };
    Format::of(first).ok_or_else(|| ReplyError::of_page(first).unwrap_or_else(unknown))
}

#[cfg(test)]
mod tests;
