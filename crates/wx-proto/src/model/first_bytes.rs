//! The first bytes of a body, without text that may be secret.

use std::fmt::{self, Write};

/// The longest run of printable ASCII characters that is shown of a server's text. Longer runs may
/// be secrets.
pub(crate) const LONGEST_RUN: usize = 7;
/// Replaces characters that are not shown.
pub(crate) const WITHHELD: char = '…';

/// The first bytes of a body in an unknown format, in hexadecimal: at most 16, and fewer if they
/// are text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstBytes(String);

impl FirstBytes {
    /// Creates the first bytes of a body that begins with `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut run = 0;
        let mut text = String::new();
        for byte in bytes.iter().take(16) {
            run = if byte.is_ascii_graphic() { run + 1 } else { 0 };
            if run > LONGEST_RUN {
                text.push(WITHHELD);
                break;
            }
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{byte:02x}", if text.is_empty() { "" } else { " " });
        }
        Self(text)
    }
}

impl fmt::Display for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_show_a_format_and_no_text() {
        assert_eq!(FirstBytes::new(b"\xff\xd8\xffx").to_string(), "ff d8 ff 78");
        let jxl = FirstBytes::new(b"\0\0\0\x0cJXL \r\n\x87\n...........").to_string();
        assert_eq!(jxl, "00 00 00 0c 4a 58 4c 20 0d 0a 87 0a 2e 2e 2e 2e");
        assert_eq!(FirstBytes::new(b"@crypt_a936502b").to_string(), "40 63 72 79 70 74 5f…");
        assert_eq!(FirstBytes::new(b"").to_string(), "");
    }
}
