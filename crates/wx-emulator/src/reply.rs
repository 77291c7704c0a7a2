//! An answer as a value: what a call gives back, what a fault changes, and how it goes out.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use serde_json::Value;
use tokio::time::{Sleep, sleep};

use crate::fault::Change;
use crate::hub::Hub;
use crate::{echo, layout};

/// The connection ends here, without an answer or in the middle of one.
#[derive(Debug)]
pub(crate) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

/// An answer that faults can still change.
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    content: Content,
    gzip: bool,
    chunked: bool,
    dropped: bool,
    delay: u64,
    pace: Pace,
}

enum Content {
    Json(Value),
    Bytes(Bytes),
}

#[derive(Default)]
struct Pace {
    padded_to: Option<u64>,
    cut_at: Option<u64>,
    step: Option<usize>,
}

impl Reply {
    /// JSON as `text/plain`, as the real server sends it.
    pub(crate) fn json(value: Value) -> Self {
        Reply::new(Content::Json(value)).header(CONTENT_TYPE, "text/plain")
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Reply::bytes(text.into()).header(CONTENT_TYPE, "text/plain")
    }

    /// A script, as the calls are answered that the page makes by a script element.
    pub(crate) fn script(text: impl Into<String>) -> Self {
        Reply::bytes(text.into()).header(CONTENT_TYPE, "text/javascript")
    }

    pub(crate) fn html(text: impl Into<String>) -> Self {
        Reply::bytes(text.into()).header(CONTENT_TYPE, "text/html; charset=utf-8")
    }

    /// Bytes without a Content-Type.
    pub(crate) fn bytes(bytes: impl Into<Bytes>) -> Self {
        Reply::new(Content::Bytes(bytes.into()))
    }

    fn new(content: Content) -> Self {
        let (status, headers, pace) = (StatusCode::OK, Vec::new(), Pace::default());
        Reply { status, headers, content, gzip: false, chunked: false, dropped: false, delay: 0, pace }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: HeaderName) -> Self {
        self.headers.retain(|(n, _)| *n != name);
        self
    }

    pub(crate) fn status(mut self, code: u16) -> Self {
        self.status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
        self
    }

    pub(crate) fn gzipped(mut self, yes: bool) -> Self {
        self.gzip = yes;
        self
    }

    /// What a fault makes of it.
    pub(crate) fn changed(mut self, change: &Change, hub: &Hub) -> Self {
        match change {
            Change::Drop => self.dropped = true,
            Change::NoMsgId => self.replace("MsgID", Value::from("")),
            Change::StartPos(n) => self.replace("StartPos", Value::from(*n)),
            Change::Delay(ms) => self.delay += ms,
            Change::Trickle(step) => self.pace.step = Some(*step),
            Change::Cut(bytes) => self.pace.cut_at = Some(*bytes),
            Change::Big(bytes) => self.pace.padded_to = Some(*bytes),
            Change::Empty => self.content = Content::Bytes(Bytes::new()),
            Change::Html => {
                let page = Reply::html(PAGE);
                self.headers = page.headers;
                self.content = page.content;
            }
            Change::Gzip => self.gzip = true,
            Change::Chunked => self.chunked = true,
            Change::Close => self.headers.push((CONNECTION, "close".to_owned())),
            Change::Echo(spelling) => {
                if let Content::Json(value) = &mut self.content {
                    echo::put_into(value, *spelling, hub);
                }
            }
            Change::Odd(odd) => {
                if let Content::Json(value) = &self.content {
                    self.content = Content::Bytes(odd.put_into(&layout::text(value)).into());
                }
            }
        }
        self
    }

    fn replace(&mut self, key: &str, value: Value) {
        if let Content::Json(Value::Object(pairs)) = &mut self.content
            && let Some(old) = pairs.get_mut(key)
        {
            *old = value;
        }
    }

    /// The answer on its way out, after its delay.
    pub(crate) async fn send(self) -> Result<Response<Paced>, Dropped> {
        if self.delay > 0 {
            sleep(Duration::from_millis(self.delay)).await;
        }
        if self.dropped {
            return Err(Dropped);
        }
        let mut bytes = match self.content {
            Content::Json(value) => Bytes::from(layout::text(&value)),
            Content::Bytes(bytes) => bytes,
        };
        let mut response = Response::builder().status(self.status);
        if self.gzip {
            bytes = gzip(&bytes);
            response = response.header(CONTENT_ENCODING, "gzip");
        }
        let length = self.pace.padded_to.unwrap_or(bytes.len() as u64);
        if !self.chunked {
            response = response.header(CONTENT_LENGTH, length);
        }
        for (name, value) in self.headers {
            // What is no header value (a redirect to odd text) is left out.
            if let Ok(value) = HeaderValue::try_from(value) {
                response = response.header(name, value);
            }
        }
        let body = Paced {
            bytes,
            left: self.pace.cut_at.map_or(length, |at| at.min(length)),
            missing: self.pace.cut_at.map_or(0, |at| length.saturating_sub(at)),
            cut: self.pace.cut_at.is_some(),
            chunked: self.chunked,
            step: self.pace.step,
            pause: None,
        };
        response.body(body).map_err(|_| Dropped)
    }
}

/// A page of a kind that proxies and captive portals put in the place of an answer.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502</title></head><body>Bad Gateway</body></html>\n";

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to memory cannot fail.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default().into()
}

const BLANKS: &[u8] = &[b' '; 64 * 1024];
const BETWEEN_STEPS: Duration = Duration::from_millis(5);
/// Time for what was written to leave before the connection is cut.
const BEFORE_THE_CUT: Duration = Duration::from_millis(50);

/// A body that can be slow, blown up with blanks, or cut off.
pub(crate) struct Paced {
    bytes: Bytes,
    /// Bytes still to be sent; what `bytes` cannot give is blanks.
    left: u64,
    /// Bytes announced that will never come.
    missing: u64,
    cut: bool,
    /// No length is announced, so that it goes out in chunks.
    chunked: bool,
    step: Option<usize>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
            if self.left == 0 && self.cut {
                return Poll::Ready(Some(Err(Dropped)));
            }
        }
        if self.left == 0 {
            if !self.cut {
                return Poll::Ready(None);
            }
            let mut pause = Box::pin(sleep(BEFORE_THE_CUT));
            let polled = pause.as_mut().poll(cx);
            self.pause = Some(pause);
            return polled.map(|()| Some(Err(Dropped)));
        }
        if self.bytes.is_empty() {
            self.bytes = Bytes::from_static(BLANKS);
        }
        let length =
            (self.bytes.len() as u64).min(self.left).min(self.step.map_or(u64::MAX, |step| step as u64));
        let piece = self.bytes.split_to(length as usize);
        self.left -= length;
        if self.step.is_some() {
            self.pause = Some(Box::pin(sleep(BETWEEN_STEPS)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0 && !self.cut && !self.chunked
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunked { SizeHint::default() } else { SizeHint::with_exact(self.left + self.missing) }
    }
}
