//! The form of an upload, parsed by multer. multer does not keep the raw part headers, so these are
//! extracted from the body here.

use bytes::Bytes;
use multer::{Field, Multipart};
use serde_json::Value;

use super::request::Part;

/// The field of the upload of large files.
pub(crate) const PARALLEL_REQUEST: &str = "UploadMediaParallelRequest";

/// A form whose body was received completely.
pub(crate) struct Form {
    pub(crate) parts: Vec<Part>,
    /// The content of the part named `filename`.
    pub(crate) file: Option<Bytes>,
}

impl Form {
    /// Parses a body of the given Content-Type. Returns `None` if it is not a well-formed form.
    pub(crate) async fn parse(content_type: &str, body: &Bytes) -> Option<Form> {
        let boundary = multer::parse_boundary(content_type).ok()?;
        let mut heads = PartHeads { rest: body, delimiter: format!("--{boundary}\r\n") };
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

    /// Changes the values of the fields.
    pub(crate) fn change_values(&mut self, change: impl Fn(&str) -> String) {
        for value in self.parts.iter_mut().filter_map(|part| part.value.as_mut()) {
            *value = change(value);
        }
    }

    /// Returns the value of a numeric field.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.parse().ok()
    }

    /// Parses the JSON of `uploadmediarequest`, or of `UploadMediaParallelRequest`.
    pub(crate) fn upload_request(&self) -> Option<Value> {
        let text = self.value("uploadmediarequest").or(self.value(PARALLEL_REQUEST));
        serde_json::from_str(text?).ok()
    }

    pub(crate) fn file_part(&self) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == "filename")
    }
}

fn raw_content_type(field: &Field<'_>) -> Option<String> {
    let value = field.headers().get(http::header::CONTENT_TYPE)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Finds the header block of each part. multer reports the length of the content, which gives the
/// position of the next part.
struct PartHeads<'a> {
    rest: &'a [u8],
    delimiter: String,
}

impl PartHeads<'_> {
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
