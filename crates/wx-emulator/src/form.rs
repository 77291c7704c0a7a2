//! The upload form, read by multer; only the raw part heads, which multer does not keep, are cut
//! out by hand.

use bytes::Bytes;
use multer::{Field, Multipart};

use crate::request::Part;

/// A form read whole.
pub(crate) struct Form {
    pub(crate) parts: Vec<Part>,
    /// The content of the part named `filename`.
    pub(crate) file: Option<Bytes>,
}

impl Form {
    /// Reads a body of the given Content-Type; `None` if it is no well-formed form.
    pub(crate) async fn read(content_type: &str, body: &Bytes) -> Option<Form> {
        let boundary = multer::parse_boundary(content_type).ok()?;
        let mut heads = Heads { rest: body, delimiter: format!("--{boundary}\r\n") };
        let mut reader = Multipart::with_reader(&body[..], boundary);
        let mut form = Form { parts: Vec::new(), file: None };
        while let Some(field) = reader.next_field().await.ok()? {
            let mut part = Part {
                head: String::new(),
                name: field.name().unwrap_or_default().to_owned(),
                filename: field.file_name().map(str::to_owned),
                content_type: raw_content_type(&field),
                value: None,
                len: 0,
            };
            let content = field.bytes().await.ok()?;
            part.head = heads.next(content.len())?;
            part.len = content.len() as u64;
            if part.name == "filename" {
                form.file = Some(content);
            } else {
                part.value = Some(String::from_utf8_lossy(&content).into_owned());
            }
            form.parts.push(part);
        }
        Some(form)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|part| part.name == name)?.value.as_deref()
    }

    pub(crate) fn file_part(&self) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == "filename")
    }
}

fn raw_content_type(field: &Field<'_>) -> Option<String> {
    let value = field.headers().get(http::header::CONTENT_TYPE)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Walks the body from head to head; the content lengths that multer found say how far to go.
struct Heads<'a> {
    rest: &'a [u8],
    delimiter: String,
}

impl Heads<'_> {
    fn next(&mut self, content_len: usize) -> Option<String> {
        let start = find(self.rest, self.delimiter.as_bytes())? + self.delimiter.len();
        let from_head = &self.rest[start..];
        let head_len = find(from_head, b"\r\n\r\n")? + 2;
        self.rest = from_head.get(head_len + 2 + content_len..)?;
        Some(String::from_utf8_lossy(&from_head[..head_len]).into_owned())
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
