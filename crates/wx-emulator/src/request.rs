//! What came in, kept for tests to look at.

use std::fmt;

use bytes::Bytes;

use crate::form::Form;

/// A request as it came, whether or not anything came of it.
///
/// `Debug` shows neither headers nor query nor bodies: they hold credentials.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: String,
    /// Path and query as they stood in the request line.
    pub target: String,
    /// The last segment of the path: the wire name of the call.
    pub endpoint: String,
    /// Names as spelled, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The whole body, if it was read whole; `None` for uploads, which have `parts`.
    pub body: Option<Bytes>,
    /// The parts of an upload form, in the order sent.
    pub parts: Vec<Part>,
    /// How many bytes of the body were read.
    pub body_len: u64,
}

/// One part of an upload form.
#[derive(Clone)]
#[non_exhaustive]
pub struct Part {
    /// The raw header block, with its line ends but without the blank line.
    pub head: String,
    /// The field's name.
    pub name: String,
    /// The file name, if it has one.
    pub filename: Option<String>,
    /// The part's own Content-Type, if it has one.
    pub content_type: Option<String>,
    /// The value, unless this is the file.
    pub value: Option<String>,
    /// The length of the content in bytes.
    pub len: u64,
}

impl Request {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The part with this name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    pub(crate) fn set_form(&mut self, form: &Form) {
        self.parts.clone_from(&form.parts);
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
