//! The multipart form as the browser writes it (§4.6, P26, P32).

use bytes::{BufMut, Bytes, BytesMut};

use crate::body::Body;

/// Writes the text fields in the order they are given, then the file part, which ends the form.
pub(crate) struct Form {
    boundary: String,
    head: BytesMut,
}

impl Form {
    pub(crate) fn new(boundary: &str) -> Self {
        Self { boundary: boundary.to_owned(), head: BytesMut::with_capacity(2048) }
    }

    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// A plain part: one header, no Content-Type. Line breaks in the value become CRLF, as in the browser.
    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        self.part(name);
        self.put("\"\r\n\r\n");
        let mut rest = value;
        while let Some(at) = rest.find(['\r', '\n']) {
            self.put(&rest[..at]);
            self.put("\r\n");
            rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
        }
        self.put(rest);
        self.put("\r\n");
        self
    }

    /// The file part. The picture's bytes are not copied: the body holds the same `Bytes`.
    pub(crate) fn file(mut self, name: &str, file_name: &str, mime: &str, content: Bytes) -> Body {
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
        let tail = Bytes::from(format!("\r\n--{}--\r\n", self.boundary));
        Body::of([self.head.freeze(), content, tail])
    }

    fn part(&mut self, name: &str) {
        self.put("--");
        self.head.put_slice(self.boundary.as_bytes());
        self.put("\r\nContent-Disposition: form-data; name=\"");
        self.put(name);
    }

    fn put(&mut self, text: &str) {
        self.head.put_slice(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p32_a_name_cannot_break_out_of_its_part() {
        let body = Form::new("B").text("name", "a\nb\rc\r\nd\n").file(
            "filename",
            "x\"\r\nX-Evil: 1\r\n\r\n--B--\\;%'&图.jpg",
            "image/jpeg",
            Bytes::from_static(b"!"),
        );
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert_eq!(
            text,
            "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\na\r\nb\r\nc\r\nd\r\n\r\n\
             --B\r\nContent-Disposition: form-data; name=\"filename\"; \
             filename=\"x%22%0D%0AX-Evil: 1%0D%0A%0D%0A--B--\\;%'&图.jpg\"\r\n\
             Content-Type: image/jpeg\r\n\r\n!\r\n--B--\r\n"
        );
        assert!(!text.contains("filename*"));
    }
}
