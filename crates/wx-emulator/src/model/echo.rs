//! Inserts secrets of the login into the ordinary fields of a reply.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The encoding of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    Plain,
    Percent,
    PercentTwice,
    Html,
    Json,
    Base64,
}

const SPELLINGS: [(&str, Spelling); 6] = [
    ("plain", Spelling::Plain),
    ("percent", Spelling::Percent),
    ("percent-twice", Spelling::PercentTwice),
    ("html", Spelling::Html),
    ("json", Spelling::Json),
    ("base64", Spelling::Base64),
];

/// Fields to which all secrets are appended.
const TEXTS: [&str; 5] = ["NickName", "RemarkName", "DisplayName", "Content", "FileName"];
/// Fields to which one secret is appended, a different one each time.
const NAMES: [&str; 3] = ["UserName", "FromUserName", "MediaId"];
/// Numeric fields, whose value is replaced by the uin. The last digits of an id are kept, so that
/// ids stay distinct.
const NUMBERS: [&str; 5] = ["MsgId", "NewMsgId", "MsgID", "LocalID", "CreateTime"];

/// The number of digits that are kept.
const KEPT_DIGITS: usize = 10;

impl FromStr for Spelling {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, &'static str> {
        let found = SPELLINGS.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, spelling)| *spelling)
            .ok_or("echo accepts plain, percent, percent-twice, html, json or base64")
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            SPELLINGS.iter().find(|(_, spelling)| spelling == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl Spelling {
    pub(crate) fn encode(self, secret: &str) -> String {
        let percent = |text: &str| each_mark(text, |mark| format!("%{:02X}", u32::from(mark)));
        match self {
            Self::Plain => secret.to_owned(),
            Self::Percent => percent(secret),
            Self::PercentTwice => percent(&percent(secret)),
            Self::Html => each_mark(secret, |mark| format!("&#{};", u32::from(mark))),
            Self::Json => each_mark(secret, |mark| format!("\\u{:04x}", u32::from(mark))),
            Self::Base64 => STANDARD.encode(secret),
        }
    }
}

/// Replaces each character of the text that is neither a letter nor a digit.
fn each_mark(text: &str, with: impl Fn(char) -> String) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { with(c) }).collect()
}

/// Inserts secrets into the fields of a reply.
pub(crate) struct Echo<'a> {
    /// The encoded secrets.
    secrets: Vec<String>,
    /// The index of the secret for the next name.
    next: usize,
    uin: u64,
    /// Replaces the skey of the reply.
    skey: &'a str,
}

impl<'a> Echo<'a> {
    pub(crate) fn new(secrets: Vec<String>, uin: u64, skey: &'a str) -> Self {
        Echo { secrets, next: 0, uin, skey }
    }

    pub(crate) fn put_into(&mut self, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.put_into(value)),
            Value::Object(pairs) => {
                pairs.iter_mut().for_each(|(key, value)| self.put_into_pair(key, value));
            }
            _ => {}
        }
    }

    fn put_into_pair(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::String(text) if TEXTS.contains(&key) => text.push_str(&self.secrets.join(" ")),
            Value::String(text) if NAMES.contains(&key) => {
                text.push_str(&self.secrets[self.next % self.secrets.len()]);
                self.next += 1;
            }
            Value::String(text) if NUMBERS.contains(&key) => {
                let end = text.len().saturating_sub(KEPT_DIGITS);
                *text = format!("{}{}", self.uin, &text[end..]);
            }
            Value::String(skey) if key == "SKey" && !skey.is_empty() => {
                *skey = self.skey.to_owned();
            }
            Value::Number(number) if NUMBERS.contains(&key) => *number = self.uin.into(),
            value => self.put_into(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_are_encoded_as_the_name_says() {
        for (name, spelled) in [
            ("plain", "@a/="),
            ("percent", "%40a%2F%3D"),
            ("percent-twice", "%2540a%252F%253D"),
            ("html", "&#64;a&#47;&#61;"),
            ("json", "\\u0040a\\u002f\\u003d"),
            ("base64", "QGEvPQ=="),
        ] {
            assert_eq!(name.parse::<Spelling>().unwrap().encode("@a/="), spelled);
        }
    }

    #[test]
    fn each_field_gets_its_share() {
        let contact = |name: &str, nick: &str| json!({ "UserName": name, "NickName": nick });
        let list = [contact("@a", "A"), contact("@b", "B")];
        let mut reply = json!({ "SKey": "k", "List": list, "MsgId": "1", "CreateTime": 2 });
        let secrets = vec!["x".to_owned(), "y".to_owned()];
        Echo::new(secrets, 7, "new").put_into(&mut reply);
        let list = [contact("@ax", "Ax y"), contact("@by", "Bx y")];
        let echoed = json!({ "SKey": "new", "List": list, "MsgId": "71", "CreateTime": 7 });
        assert_eq!(reply, echoed);
    }
}
