//! What the core sees of a fault.

use std::io::Write;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use wx_proto::bytes::Bytes;
use wx_testing::harness::Answer;

use super::server::Reply;
use crate::faults::{KeyValue, Seen};

/// As many as the longest reply is padded to.
static SPACES: LazyLock<String> = LazyLock::new(|| " ".repeat(2 * 1024 * 1024));

type Headers = Vec<(&'static str, String)>;

impl Reply {
    fn bytes(self) -> Bytes {
        match self {
            Self::Json(json) => json.to_string().into(),
            Self::Bytes(bytes) | Self::Recording(bytes) => bytes,
        }
    }

    /// Returns the range of a recording.
    fn range(&self) -> Option<String> {
        let Self::Recording(bytes) = self else { return None };
        Some(format!("bytes 0-{}/{}", bytes.len() - 1, bytes.len()))
    }

    /// Returns the reply as it is.
    pub(super) fn answer(self) -> Answer {
        let range = self.range();
        with_range(with_length(vec![], self.bytes()), range)
    }

    /// Returns what the core sees of this reply.
    pub(super) fn spoiled(self, seen: Seen) -> Answer {
        let range = self.range();
        match seen {
            Seen::Failed(error) => Answer::Fail(error),
            Seen::Status(204) => Answer::Reply(204, vec![], Bytes::new()),
            Seen::Status(code) => {
                Answer::Reply(code, vec![], Bytes::from_static(b"<html>an error</html>"))
            }
            Seen::Ret(code) => wx_testing::harness::ret(code),
            Seen::Body(body) => with_length(vec![], Bytes::from_static(body.as_bytes())),
            Seen::Torn => {
                let bytes = self.bytes();
                Answer::Break(bytes.len() as u64, bytes.slice(..bytes.len() / 2))
            }
            Seen::Half => {
                let bytes = self.bytes();
                with_length(vec![], bytes.slice(..bytes.len() / 2))
            }
            Seen::Pieces => self.answer(),
            Seen::Key(key, value) => {
                let Self::Json(mut json) = self else { panic!("a reply with keys") };
                json[key] = match value {
                    KeyValue::Empty => "".into(),
                    KeyValue::Number(number) => number.into(),
                };
                Self::Json(json).answer()
            }
            Seen::Redirect => {
                let headers = vec![("location", "https://elsewhere.example/".to_owned())];
                Answer::Reply(302, headers, Bytes::new())
            }
            Seen::Part(range) => {
                let bytes = self.bytes();
                let range = range(bytes.len()).map(|range| ("content-range", range));
                let length = ("content-length", bytes.len().to_string());
                Answer::Reply(206, range.into_iter().chain([length]).collect(), bytes)
            }
            Seen::Multipart => {
                let head = format!("--b\r\nContent-Range: {}\r\n\r\n", range.unwrap_or_default());
                let body = [head.as_bytes(), &self.bytes(), b"\r\n--b--\r\n"].concat();
                let kind = "multipart/byteranges; boundary=b".to_owned();
                let length = body.len().to_string();
                let headers = vec![("content-type", kind), ("content-length", length)];
                Answer::Reply(206, headers, body.into())
            }
            altered => with_range(self.altered(altered), range),
        }
    }

    /// Returns the reply with another length or encoding.
    fn altered(self, seen: Seen) -> Answer {
        let bytes = self.bytes();
        match seen {
            Seen::Padded(length) => {
                let spaces = &SPACES.as_bytes()[bytes.len()..length];
                with_length(vec![], [&bytes, spaces].concat().into())
            }
            Seen::Gzip => with_length(encoded("gzip"), gzip(&bytes)),
            Seen::NotGzip => with_length(encoded("gzip"), bytes),
            Seen::OtherEncoding => with_length(encoded("br"), bytes),
            Seen::Chunked => {
                Answer::Reply(200, vec![("transfer-encoding", "chunked".into())], bytes)
            }
            Seen::Unbounded => Answer::Reply(200, vec![], bytes),
            _ => unreachable!("it replaces the reply"),
        }
    }
}

/// Makes the reply with a recording a 206.
fn with_range(answer: Answer, range: Option<String>) -> Answer {
    match (answer, range) {
        (Answer::Reply(200, mut headers, body), Some(range)) => {
            headers.push(("content-range", range));
            Answer::Reply(206, headers, body)
        }
        (answer, _) => answer,
    }
}

fn encoded(encoding: &str) -> Headers {
    vec![("content-encoding", encoding.to_owned())]
}

fn with_length(mut headers: Headers, body: Bytes) -> Answer {
    headers.push(("content-length", body.len().to_string()));
    Answer::Reply(200, headers, body)
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}
