//! Percent-encoding of queries, and the three encodings of pass_ticket
//! ([§2.5](crate::protocol#s2-5)).
//!
//! No crate fits: `form_urlencoded` encodes all values in one way, with spaces as `+`.

use std::fmt::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::model::secret::Secret;
use crate::model::site::Site;

/// The characters that `encodeURIComponent` keeps.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// The characters to encode in values that the official page inserts into its URL without encoding
/// them ([P13](crate::protocol#p13)): `uuid` in the login poll, `sid` and `skey` in webwxsync,
/// `skey` in webwxgetcontact. These values contain only letters, digits, `@`, `+`, `/`, `=` and
/// `_`, which are kept. All other characters are encoded, so that no value can break the request
/// line or add a pair, and a literal `%` is not taken for an escape.
const RAW: &AsciiSet = &COMPONENT.remove(b'@').remove(b'+').remove(b'/').remove(b'=');

/// Builds a path with a query of percent-encoded values ([P13](crate::protocol#p13)). It has no
/// `Debug`, because it may contain skey and pass_ticket.
pub(crate) struct QueryBuilder {
    text: String,
    separator: char,
}

impl QueryBuilder {
    /// Begins with a path, which may have a query already.
    pub(crate) fn new(path: &str) -> Self {
        let separator = if path.contains('?') { '&' } else { '?' };
        Self { text: path.to_owned(), separator }
    }

    /// Begins the query with a stray `&`, like the official page's image addresses
    /// ([§3.1](crate::protocol#s3-1)).
    pub(crate) fn stray_ampersand(self) -> Self {
        Self { text: self.text + "?", separator: '&' }
    }

    pub(crate) fn pair(self, key: &str, value: impl fmt::Display) -> Self {
        self.encoded(key, &value.to_string(), COMPONENT)
    }

    /// Adds a pair with a value that the official page does not encode: see [`RAW`].
    pub(crate) fn raw_pair(self, key: &str, value: &str) -> Self {
        self.encoded(key, value, RAW)
    }

    /// Adds a pair whose value is percent-encoded already. Each `%` without two hex digits is
    /// encoded, like all other characters that could break the query.
    pub(crate) fn encoded_pair(self, key: &str, value: &str) -> Self {
        let is_escape =
            |rest: &str| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
        let mut pieces = value.split('%');
        let mut encoded = self.pair(key, pieces.next().unwrap_or_default());
        for piece in pieces {
            let percent = if is_escape(piece) { "%" } else { "%25" };
            // Writing to a String cannot fail.
            let _ = write!(encoded.text, "{percent}{}", utf8_percent_encode(piece, COMPONENT));
        }
        encoded
    }

    /// Adds pass_ticket, which is the text `undefined` if it is not known.
    pub(crate) fn ticket_pair(self, ticket: Option<&PassTicket>) -> Self {
        self.pair("pass_ticket", ticket.map_or(UNKNOWN_TICKET, |ticket| ticket.0.expose()))
    }

    /// Encodes a value as [`raw_pair`](Self::raw_pair) does.
    pub(crate) fn raw(value: &str) -> String {
        utf8_percent_encode(value, RAW).to_string()
    }

    fn encoded(mut self, key: &str, value: &str, set: &'static AsciiSet) -> Self {
        // Writing to a String cannot fail.
        let _ = write!(self.text, "{}{key}={}", self.separator, utf8_percent_encode(value, set));
        self.separator = '&';
        self
    }

    /// Adds a pair to a path and query, or to a part of one.
    pub(crate) fn joined(
        text: String,
        separator: char,
        key: &str,
        value: impl fmt::Display,
    ) -> String {
        Self { text, separator }.pair(key, value).text
    }

    /// Adds `mmweb_appid` if the site is the File Transfer Helper
    /// ([§8.8](crate::protocol#s8-8), [P60](crate::protocol#p60)).
    pub(crate) fn app_pair(self, site: &Site) -> Self {
        match site.profile().mmweb_app_id() {
            Some(app_id) => self.pair("mmweb_appid", app_id),
            None => self,
        }
    }

    /// Adds `lang`, and then `pass_ticket` if it is known ([P10](crate::protocol#p10),
    /// [P42](crate::protocol#p42)).
    pub(crate) fn session_pairs(self, lang: &str, ticket: Option<&PassTicket>) -> Self {
        let with_lang = self.pair("lang", lang);
        match ticket {
            Some(ticket) => with_lang.pair("pass_ticket", ticket.0.expose()),
            None => with_lang,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// The pass_ticket as it is in the XML of the login page: percent-encoded once
/// ([P9](crate::protocol#p9)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PassTicket(pub(crate) Secret);

impl PassTicket {
    /// Returns the value for the upload form, which is decoded once.
    fn in_form(&self) -> String {
        percent_decode_str(self.0.expose()).decode_utf8_lossy().into_owned()
    }
}

/// The value that the page sends if it has no ticket.
const UNKNOWN_TICKET: &str = "undefined";

/// Returns the value for the upload form, which is the text `undefined` if there is no ticket
/// ([P10](crate::protocol#p10)).
pub(crate) fn form_ticket(ticket: Option<&PassTicket>) -> String {
    ticket.map_or_else(|| UNKNOWN_TICKET.to_owned(), PassTicket::in_form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p9_p10_pass_ticket_has_three_spellings() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/pass_ticket.json")).unwrap();
        let known = &vector["known"];
        let ticket = PassTicket(known["in_xml"].as_str().unwrap().into());
        assert_eq!(form_ticket(Some(&ticket)), known["in_upload_form"].as_str().unwrap());
        let target = QueryBuilder::new("/x").session_pairs("en", Some(&ticket));
        assert_eq!(
            target.as_str(),
            format!("/x?lang=en&pass_ticket={}", known["in_query"].as_str().unwrap())
        );
        assert_eq!(form_ticket(None), vector["unknown"]["in_upload_form"].as_str().unwrap());
        assert_eq!(QueryBuilder::new("/x").session_pairs("zh_CN", None).as_str(), "/x?lang=zh_CN");
    }

    #[test]
    fn p13_values_are_encoded() {
        let target = QueryBuilder::new("/x").pair("skey", "@crypt_a/b+c=").pair("n", 7);
        assert_eq!(target.as_str(), "/x?skey=%40crypt_a%2Fb%2Bc%3D&n=7");
    }

    #[test]
    fn p13_raw_values_cannot_break_the_query() {
        let target = QueryBuilder::new("/x").raw_pair("sid", "@a/b+c==").raw_pair("skey", "");
        assert_eq!(target.as_str(), "/x?sid=@a/b+c==&skey=");
        let target = QueryBuilder::new("/x").raw_pair("skey", "% &#?\"<>\r\n\0\u{7f}图");
        assert_eq!(target.as_str(), "/x?skey=%25%20%26%23%3F%22%3C%3E%0D%0A%00%7F%E5%9B%BE");
        for byte in 0..=u8::MAX {
            let text = QueryBuilder::new("/x").raw_pair("k", &char::from(byte).to_string()).text;
            let uri: http::Uri = text.parse().unwrap();
            assert_eq!(uri.query(), text.strip_prefix("/x?"), "{byte}");
            let back =
                percent_decode_str(&text["/x?k=".len()..]).decode_utf8().unwrap().into_owned();
            assert_eq!(back, char::from(byte).to_string(), "{byte}");
        }
    }
}
