//! MD5 digests and their incremental computation.

use std::fmt;
use std::str::FromStr;

use md5::Digest;
use serde::{Deserialize, Serialize};

/// The MD5 digest of a whole file, which the upload forms contain ([P29](crate::protocol#p29)).
///
/// Its text and its JSON are 32 hex digits, which are written in lower case and read in either
/// case.
///
/// ```
/// use wx_proto::Md5;
///
/// let md5 = Md5::digest(b"abc");
/// assert_eq!(md5.to_string(), "900150983cd24fb0d6963f7d28e17f72");
/// assert_eq!("900150983CD24FB0D6963F7D28E17F72".parse(), Ok(md5));
/// assert!("900150983cd24fb0d6963f7d28e17f7".parse::<Md5>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Md5([u8; 16]);

/// The error of parsing a text that is not 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Md5Error;

impl Md5 {
    /// Computes the MD5 of `bytes`.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> Self {
        Self(md5::Md5::digest(bytes).into())
    }

    /// Returns the bytes of the digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl From<[u8; 16]> for Md5 {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Md5 {
    type Err = Md5Error;

    fn from_str(text: &str) -> Result<Self, Md5Error> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(Md5Error);
        }
        let value = |digit: u8| char::from(digit).to_digit(16).ok_or(Md5Error);
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = (value(pair[0])? << 4 | value(pair[1])?) as u8;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Md5 {
    type Error = Md5Error;

    fn try_from(text: String) -> Result<Self, Md5Error> {
        text.parse()
    }
}

impl From<Md5> for String {
    fn from(md5: Md5) -> Self {
        md5.to_string()
    }
}

impl AsRef<[u8]> for Md5 {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Md5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Md5({self})")
    }
}

impl fmt::Display for Md5Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an MD5 is 32 hex digits")
    }
}

impl std::error::Error for Md5Error {}

/// Computes the [`Md5`] of bytes that arrive in parts.
#[derive(Clone, Default)]
pub struct Md5Hasher(md5::Md5);

impl Md5Hasher {
    /// Creates a hasher without any input.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes.
    pub fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes);
    }

    /// Returns the MD5 of all bytes that were added.
    #[must_use]
    pub fn finish(self) -> Md5 {
        Md5(self.0.finalize().into())
    }
}

/// Does not show the bytes.
impl fmt::Debug for Md5Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Md5Hasher").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_either_case_is_read_and_lower_case_is_written() {
        for (bytes, text) in [
            (&b""[..], "d41d8cd98f00b204e9800998ecf8427e"),
            (b"message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ] {
            let md5 = Md5::digest(bytes);
            assert_eq!(md5.to_string(), text);
            assert_eq!(format!("{md5:?}"), format!("Md5({text})"));
            assert_eq!(text.parse(), Ok(md5));
            assert_eq!(text.to_uppercase().parse(), Ok(md5));
            let json = serde_json::to_string(&md5).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Md5>(&json).unwrap(), md5);
        }
    }

    #[test]
    fn nothing_else_is_an_md5() {
        let good = "d41d8cd98f00b204e9800998ecf8427e";
        let bad = [
            String::new(),
            good[1..].to_owned(),
            format!("{good}0"),
            format!(" {}", &good[1..]),
            format!("+{}", &good[1..]),
            good.replace('d', "g"),
            // 32 bytes, but not 32 digits.
            format!("é{}", &good[2..]),
        ];
        for text in bad {
            assert_eq!(text.parse::<Md5>(), Err(Md5Error), "{text:?}");
            let error = serde_json::from_value::<Md5>(text.into()).unwrap_err();
            assert!(error.to_string().contains("MD5"), "{error}");
        }
    }

    #[test]
    fn parts_hash_like_the_whole() {
        let mut hasher = Md5Hasher::new();
        hasher.update("message ");
        hasher.update("digest");
        assert_eq!(hasher.finish(), Md5::digest(b"message digest"));
    }
}
