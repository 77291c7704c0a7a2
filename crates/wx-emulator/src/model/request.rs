//! The requests that a server has received, for inspection by tests.

use std::fmt;

use bytes::Bytes;

/// A received request, whether or not it had an effect.
///
/// `Debug` does not show headers, query or bodies, because they contain credentials.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path and the query from the request line.
    pub target: String,
    /// The last segment of the path, which is the name of the call.
    pub endpoint: String,
    /// The headers in the order and with the spelling of the client.
    pub headers: Vec<(String, String)>,
    /// The body. `None` if it was not received completely, and for uploads, which have `parts`
    /// instead.
    pub body: Option<Bytes>,
    /// The parts of an upload form, in the order sent.
    pub parts: Vec<Part>,
    /// The number of body bytes that were read.
    pub body_len: u64,
}

/// One part of an upload form.
#[derive(Clone)]
#[non_exhaustive]
pub struct Part {
    /// The raw header block, with its line ends, but without the blank line that follows it.
    pub head: String,
    /// The name of the field.
    pub name: String,
    /// The file name, if there is one.
    pub filename: Option<String>,
    /// The Content-Type of the part, if there is one.
    pub content_type: Option<String>,
    /// The value. `None` for the file.
    pub value: Option<String>,
    /// The length of the content in bytes.
    pub len: u64,
}

impl Request {
    /// Returns the first header with this name, compared case-insensitively.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the part with this name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("endpoint", &self.endpoint)
            .field("headers", &self.headers.len())
            .field("parts", &self.parts)
            .field("body_len", &self.body_len)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
