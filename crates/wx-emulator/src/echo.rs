//! Secrets of the login in the ordinary fields of an answer.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::hub::Hub;

/// How a secret is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    Plain,
    Percent,
    PercentTwice,
    Html,
    Json,
    Base64,
}

const NAMES: [(&str, Spelling); 6] = [
    ("plain", Spelling::Plain),
    ("percent", Spelling::Percent),
    ("percent-twice", Spelling::PercentTwice),
    ("html", Spelling::Html),
    ("json", Spelling::Json),
    ("base64", Spelling::Base64),
];

/// Fields that a secret is appended to.
const TEXTS: [&str; 8] =
    ["NickName", "RemarkName", "DisplayName", "UserName", "FromUserName", "Content", "FileName", "MediaId"];
/// Fields of digits, whose value is replaced by the account's number. An id has digits of its own
/// after that.
const NUMBERS: [&str; 5] = ["MsgId", "NewMsgId", "MsgID", "LocalID", "CreateTime"];

const OWN_DIGITS: usize = 10;

impl FromStr for Spelling {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, &'static str> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, spelling)| *spelling)
            .ok_or("echo takes plain, percent, percent-twice, html, json or base64")
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, spelling)| spelling == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

impl Spelling {
    fn write(self, secret: &str) -> String {
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

/// The text with something else for each character that is no letter and no digit.
fn each_mark(text: &str, with: impl Fn(char) -> String) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_string() } else { with(c) }).collect()
}

/// Puts a secret into each of the fields, one after the other.
pub(crate) fn put_into(answer: &mut Value, spelling: Spelling, hub: &Hub) {
    let logins = hub.logins();
    let secrets = hub.account.secrets().into_iter().chain(logins.secrets());
    let secrets: Vec<_> = secrets.map(|secret| spelling.write(secret)).collect();
    walk(answer, &mut secrets.iter().cycle().map(String::as_str), hub.account.uin);
}

fn walk<'a>(value: &mut Value, secrets: &mut impl Iterator<Item = &'a str>, uin: u64) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| walk(value, secrets, uin)),
        Value::Object(pairs) => {
            for (key, value) in pairs {
                match value {
                    Value::String(text) if TEXTS.contains(&&**key) => {
                        text.push_str(secrets.next().unwrap_or_default());
                    }
                    Value::String(text) if NUMBERS.contains(&&**key) => {
                        let end = text.len().saturating_sub(OWN_DIGITS);
                        *text = format!("{uin}{}", &text[end..]);
                    }
                    Value::Number(number) if NUMBERS.contains(&&**key) => *number = uin.into(),
                    value => walk(value, secrets, uin),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_are_written_as_the_name_says() {
        for (name, spelled) in [
            ("plain", "@a/="),
            ("percent", "%40a%2F%3D"),
            ("percent-twice", "%2540a%252F%253D"),
            ("html", "&#64;a&#47;&#61;"),
            ("json", "\\u0040a\\u002f\\u003d"),
            ("base64", "QGEvPQ=="),
        ] {
            assert_eq!(name.parse::<Spelling>().unwrap().write("@a/="), spelled);
        }
    }

    #[test]
    fn each_field_gets_the_next_one() {
        let mut answer =
            json!({ "SKey": "k", "List": [{ "NickName": "A", "MsgId": "1" }, { "NickName": "B" }] });
        walk(&mut answer, &mut ["x", "y"].into_iter(), 7);
        let echoed =
            json!({ "SKey": "k", "List": [{ "NickName": "Ax", "MsgId": "71" }, { "NickName": "By" }] });
        assert_eq!(answer, echoed);
    }
}
