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
            Self::Bytes(bytes) => bytes,
        }
    }

    /// Returns the reply as it is.
    pub(super) fn answer(self) -> Answer {
        with_length(vec![], self.bytes())
    }

    /// Returns what the core sees of this reply.
    pub(super) fn spoiled(self, seen: Seen) -> Answer {
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
            Seen::Padded(length) => {
                let bytes = self.bytes();
                let spaces = &SPACES.as_bytes()[bytes.len()..length];
                with_length(vec![], [&bytes, spaces].concat().into())
            }
            Seen::Gzip => with_length(encoded("gzip"), gzip(&self.bytes())),
            Seen::NotGzip => with_length(encoded("gzip"), self.bytes()),
            Seen::OtherEncoding => with_length(encoded("br"), self.bytes()),
            Seen::Chunked => {
                Answer::Reply(200, vec![("transfer-encoding", "chunked".into())], self.bytes())
            }
            Seen::Unbounded => Answer::Reply(200, vec![], self.bytes()),
        }
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
