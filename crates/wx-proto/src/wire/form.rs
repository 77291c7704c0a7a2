//! The multipart form, as the browser encodes it ([§4.6](crate::protocol#s4-6),
//! [P26](crate::protocol#p26), [P32](crate::protocol#p32)).
//!
//! No crate fits: this form has to match the official page's byte for byte, but such crates choose
//! the boundary, the escapes and the order of the headers themselves.

use std::fmt::{self, Write};

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderValue};

use crate::model::request_error::RequestError;
use crate::wire::body::Body;

/// A form in progress: text fields in their order, then the file part, which completes it.
pub(crate) struct Form {
    boundary: String,
    /// Everything except the file, in one allocation: the head, the tail, and the two headers of
    /// the form.
    text: BytesMut,
}

/// A complete form.
pub(crate) struct Filled {
    pub(crate) body: Body,
    pub(crate) content_type: HeaderValue,
    pub(crate) content_length: HeaderValue,
}

/// Converts each line break to CRLF, like a browser.
pub(crate) fn with_crlf(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find(['\r', '\n']) {
        text.push_str(&rest[..at]);
        text.push_str("\r\n");
        rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
    }
    text + rest
}

impl Form {
    /// Creates a form with room for about `size` bytes of text.
    pub(crate) fn new(boundary: String, size: usize) -> Self {
        Self { boundary, text: BytesMut::with_capacity(size) }
    }

    /// Adds a text field, which has no Content-Type. The value has to come from [`with_crlf`].
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.part(name);
        self.put("\"\r\n\r\n");
        self.put(value);
        self.put("\r\n");
    }

    /// Adds a text field with a number.
    pub(crate) fn number(&mut self, name: &str, value: u32) {
        self.part(name);
        self.display(format_args!("\"\r\n\r\n{value}\r\n"));
    }

    /// Adds the file part and completes the form. The media is not copied.
    pub(crate) fn file(
        mut self,
        name: &str,
        file_name: &str,
        mime: &str,
        content: Bytes,
    ) -> Result<Filled, RequestError> {
        self.part(name);
        self.put("\"; filename=\"");
        for c in file_name.chars() {
            match c {
                '"' => self.put("%22"),
                '\r' => self.put("%0D"),
                '\n' => self.put("%0A"),
                other => self.put(other.encode_utf8(&mut [0; 4])),
            }
        }
        self.put("\"\r\nContent-Type: ");
        self.put(mime);
        self.put("\r\n\r\n");
        let head = self.written();
        let boundary = std::mem::take(&mut self.boundary);
        self.display(format_args!("\r\n--{boundary}--\r\n"));
        let body = Body::from_segments([head, content, self.written()]);
        self.display(format_args!("multipart/form-data; boundary={boundary}"));
        let content_type = self.header()?;
        self.display(body.content_len());
        Ok(Filled { body, content_type, content_length: self.header()? })
    }

    fn part(&mut self, name: &str) {
        self.put("--");
        self.text.put_slice(self.boundary.as_bytes());
        self.put("\r\nContent-Disposition: form-data; name=\"");
        self.put(name);
    }

    fn put(&mut self, text: &str) {
        self.text.put_slice(text.as_bytes());
    }

    fn display(&mut self, what: impl fmt::Display) {
        // Writing to a growing buffer cannot fail.
        let _ = write!(self.text, "{what}");
    }

    /// Takes the text that was written since the last call.
    fn written(&mut self) -> Bytes {
        self.text.split().freeze()
    }

    fn header(&mut self) -> Result<HeaderValue, RequestError> {
        HeaderValue::from_maybe_shared(self.written())
            .map_err(|_| RequestError::InvalidHeader(CONTENT_TYPE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p32_a_name_cannot_break_out_of_its_part() {
        let mut form = Form::new("B".to_owned(), 100);
        form.text("name", &with_crlf("a\nb\rc\r\nd\n"));
        form.number("chunk", 7);
        let name = "x\"\r\nX-Evil: 1\r\n\r\n--B--\\;%'&图.jpg";
        let form = form.file("filename", name, "image/jpeg", Bytes::from_static(b"!")).unwrap();
        assert_eq!(form.content_type, "multipart/form-data; boundary=B");
        assert_eq!(form.content_length, form.body.content_len().to_string());
        let text = String::from_utf8(form.body.to_vec()).unwrap();
        assert_eq!(
            text,
            "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na\r\nb\r\nc\r\nd\r\n\r\n\
             --B\r\nContent-Disposition: form-data; name=\"chunk\"\r\n\r\n7\r\n\
             --B\r\nContent-Disposition: form-data; name=\"filename\"; \
             filename=\"x%22%0D%0AX-Evil: 1%0D%0A%0D%0A--B--\\;%'&图.jpg\"\r\n\
             Content-Type: image/jpeg\r\n\r\n!\r\n--B--\r\n"
        );
        assert!(!text.contains("filename*"));
    }
}
