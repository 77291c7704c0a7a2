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

const SPELLINGS: [(&str, Spelling); 6] = [
    ("plain", Spelling::Plain),
    ("percent", Spelling::Percent),
    ("percent-twice", Spelling::PercentTwice),
    ("html", Spelling::Html),
    ("json", Spelling::Json),
    ("base64", Spelling::Base64),
];

/// Fields that all secrets are appended to.
const TEXTS: [&str; 5] = ["NickName", "RemarkName", "DisplayName", "Content", "FileName"];
/// Fields that one secret is appended to, another one each time.
const NAMES: [&str; 3] = ["UserName", "FromUserName", "MediaId"];
/// Fields of digits, whose value is replaced by the account's number. An id has digits of its own
/// after that.
const NUMBERS: [&str; 5] = ["MsgId", "NewMsgId", "MsgID", "LocalID", "CreateTime"];

const OWN_DIGITS: usize = 10;

impl FromStr for Spelling {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, &'static str> {
        let found = SPELLINGS.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, spelling)| *spelling)
            .ok_or("echo takes plain, percent, percent-twice, html, json or base64")
    }
}

impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = SPELLINGS.iter().find(|(_, spelling)| spelling == self).map_or("", |(name, _)| name);
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

/// Puts secrets into the fields of an answer, and a new skey into the place of the old one.
pub(crate) fn put_into(answer: &mut Value, spelling: Spelling, hub: &Hub) {
    let gives_skey = answer.get("SKey").and_then(Value::as_str).is_some_and(|skey| !skey.is_empty());
    let (logins, account) = (hub.logins(), &hub.account);
    // Those of the login at hand come first, because long names are cut.
    let secrets = logins.secrets().chain(account.secrets(gives_skey));
    let secrets = secrets.map(|secret| spelling.write(secret)).collect();
    Echo { secrets, next: 0, uin: account.uin, skey: &account.next_skey }.walk(answer);
}

struct Echo<'a> {
    secrets: Vec<String>,
    next: usize,
    uin: u64,
    skey: &'a str,
}

impl Echo<'_> {
    fn walk(&mut self, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| self.walk(value)),
            Value::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| self.put(key, value)),
            _ => {}
        }
    }

    fn put(&mut self, key: &str, value: &mut Value) {
        match value {
            Value::String(text) if TEXTS.contains(&key) => text.push_str(&self.secrets.join(" ")),
            Value::String(text) if NAMES.contains(&key) => {
                text.push_str(&self.secrets[self.next % self.secrets.len()]);
                self.next += 1;
            }
            Value::String(text) if NUMBERS.contains(&key) => {
                let end = text.len().saturating_sub(OWN_DIGITS);
                *text = format!("{}{}", self.uin, &text[end..]);
            }
            Value::String(skey) if key == "SKey" && !skey.is_empty() => *skey = self.skey.to_owned(),
            Value::Number(number) if NUMBERS.contains(&key) => *number = self.uin.into(),
            value => self.walk(value),
        }
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
    fn each_field_gets_its_share() {
        let of = |name: &str, nick: &str| json!({ "UserName": name, "NickName": nick });
        let list = [of("@a", "A"), of("@b", "B")];
        let mut answer = json!({ "SKey": "k", "List": list, "MsgId": "1", "CreateTime": 2 });
        let secrets = vec!["x".to_owned(), "y".to_owned()];
        Echo { secrets, next: 0, uin: 7, skey: "new" }.walk(&mut answer);
        let list = [of("@ax", "Ax y"), of("@by", "Bx y")];
        let echoed = json!({ "SKey": "new", "List": list, "MsgId": "71", "CreateTime": 7 });
        assert_eq!(answer, echoed);
    }
}
