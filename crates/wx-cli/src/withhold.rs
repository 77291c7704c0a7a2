//! Withholds the secrets of a login from the output and from file names. The server knows all of
//! them and can send any of them back in a name, a text or an id.

mod reading;
mod request;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::{Bound, Range};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;
use serde_json::Value;
use wx_proto::Session;

use self::reading::Reading;
pub(crate) use self::request::request;

/// Replaces a secret in the output.
pub(crate) const WITHHELD: char = '…';
/// The longest prefix of a secret, in characters, that may be printed.
const AGREEING: usize = 7;
/// The shortest prefix of a secret, in bytes, that is searched for. An escape has up to six
/// characters, so three escaped bytes take more than [`AGREEING`] characters.
const LEAST: usize = 3;
/// How many layers of escapes are undone.
const LAYERS: usize = 3;
/// The maximum number of remembered values, including those of earlier sessions during a long
/// `watch`. A single session contains fewer.
const MOST: usize = 8192;
/// An upper bound, in characters, of the prefix that an skey (`@crypt_HEX8_HEX32`) can share with a
/// MediaId.
const SHARED: usize = 24;
/// The number of hexadecimal digits at the end of an skey. A MediaId has more.
const KEY_DIGITS: usize = 32;
/// Cookies that contain a time. The ids and times of messages begin with the same digits.
const TIMES: [&str; 2] = ["wxloadtime", "wxpluginkey"];
/// Keys of events whose values are chosen by this program, and on which other programs rely.
const OWN_WORDS: [&str; 5] = ["event", "step", "advice", "check", "status"];

static SECRETS: Mutex<Secrets> = Mutex::new(Secrets { values: BTreeSet::new(), paths: Vec::new() });

struct Secrets {
    /// Sorted, so that the value with the longest common prefix is a neighbour.
    values: BTreeSet<Vec<u8>>,
    /// Paths that the user gave. A path often contains the account number.
    paths: Vec<String>,
}

/// The secrets of a session file. Has no `Debug`, so that they cannot be printed.
#[derive(Deserialize)]
struct Values {
    uin: u32,
    sid: String,
    skey: String,
    pass_ticket: Option<String>,
    device_id: Option<String>,
    cookies: Vec<Cookie>,
}

#[derive(Deserialize)]
struct Cookie {
    name: String,
    value: String,
}

/// Allows the account number to appear in a path that the user gave.
pub(crate) fn allow_in_path(path: &str) {
    secrets().paths.push(path.to_owned());
}

/// Withholds the secrets of a session from now on. The secrets of earlier sessions stay withheld.
pub(crate) fn session(session: &Session) {
    let Ok(values) = serde_json::from_str::<Values>(session.to_json().expose()) else { return };
    let mut secrets = secrets();
    if secrets.values.len() + values.cookies.len() > MOST {
        secrets.values.clear();
    }
    if let Some((_, key)) = values.skey.rsplit_once('_') {
        secrets.add(key);
    }
    secrets.add(&values.uin.to_string());
    let named = [Some(values.sid), Some(values.skey), values.pass_ticket, values.device_id];
    named.into_iter().flatten().for_each(|value| secrets.add(&value));
    let cookies = values.cookies.iter().filter(|cookie| !TIMES.contains(&&*cookie.name));
    cookies.for_each(|cookie| secrets.add(&cookie.value));
}

/// Withholds a value.
fn value(value: &str) {
    secrets().add(value);
}

/// Returns the text with the secrets replaced.
pub(crate) fn in_text(text: &str) -> Cow<'_, str> {
    secrets().withheld(text)
}

/// Returns the JSON value with the secrets replaced. A number that contains a secret becomes null.
pub(crate) fn in_json(value: &Value) -> Value {
    match value {
        Value::String(text) => in_text(text).into_owned().into(),
        Value::Number(number) => match in_text(&number.to_string()) {
            Cow::Borrowed(_) => value.clone(),
            Cow::Owned(_) => Value::Null,
        },
        Value::Array(values) => values.iter().map(in_json).collect(),
        Value::Object(pairs) => {
            let cleaned = |key: &str, value| {
                if OWN_WORDS.contains(&key) { Value::clone(value) } else { in_json(value) }
            };
            pairs.iter().map(|(key, value)| (key.clone(), cleaned(key, value))).collect()
        }
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

fn secrets() -> MutexGuard<'static, Secrets> {
    SECRETS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Secrets {
    /// Adds a value and its unescaped form.
    fn add(&mut self, value: &str) {
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(begin) = value.get(..AGREEING + 1)
            && is_number
            && self.paths.iter().any(|path| path.contains(begin))
        {
            return;
        }
        for reading in readings(value) {
            self.add_bytes(reading.bytes());
        }
    }

    fn add_bytes(&mut self, value: &[u8]) {
        if value.len() > AGREEING {
            self.values.insert(value.to_vec());
        }
    }

    /// Returns the length of the longest prefix of `bytes` that is also a prefix of a secret.
    fn agreeing(&self, bytes: &[u8]) -> usize {
        let up_to = (Bound::Unbounded, Bound::Included(bytes));
        let from = (Bound::Included(bytes), Bound::Unbounded);
        let before = self.values.range::<[u8], _>(up_to).next_back();
        let after = self.values.range::<[u8], _>(from).next();
        let neighbours = before.into_iter().chain(after);
        neighbours.map(|secret| common_prefix(secret, bytes)).max().unwrap_or_default()
    }

    fn withheld<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.values.is_empty() || text.len() <= AGREEING {
            return Cow::Borrowed(text);
        }
        let mut found = Vec::new();
        for reading in readings(text) {
            self.find(reading.bytes(), &mut found, |bytes| reading.place(bytes));
            for (base64, place) in reading.base64() {
                self.find(&base64, &mut found, place);
            }
        }
        without(text, found)
    }

    /// Searches `bytes` for prefixes of secrets. `place` maps a range of `bytes` to the text.
    fn find(
        &self,
        bytes: &[u8],
        found: &mut Vec<Range<usize>>,
        place: impl Fn(Range<usize>) -> Range<usize>,
    ) {
        let mut at = 0;
        while at + LEAST <= bytes.len() {
            let agreeing = self.agreeing(&bytes[at..]);
            if agreeing >= LEAST {
                let span = place(at..at + agreeing);
                let is_other = agreeing < SHARED && is_media_id(&bytes[at..]);
                if span.len() > AGREEING && !is_other {
                    found.push(span);
                    at += agreeing;
                    continue;
                }
            }
            at += 1;
        }
    }
}

/// Returns the text itself, followed by the text with one more layer of escapes undone each time.
fn readings(text: &str) -> impl Iterator<Item = Reading> {
    std::iter::successors(Some(Reading::verbatim(text)), Reading::unescaped).take(LAYERS + 1)
}

/// Returns whether `bytes` start with a MediaId.
fn is_media_id(bytes: &[u8]) -> bool {
    let Some((number, rest)) =
        bytes.strip_prefix(b"@crypt_").and_then(|rest| rest.split_at_checked(8))
    else {
        return false;
    };
    let digits =
        rest.strip_prefix(b"_").into_iter().flatten().take_while(|byte| byte.is_ascii_hexdigit());
    number.iter().all(u8::is_ascii_hexdigit) && digits.count() > KEY_DIGITS
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

/// Replaces each range of the text by [`WITHHELD`].
fn without(text: &str, mut ranges: Vec<Range<usize>>) -> Cow<'_, str> {
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    ranges.sort_by_key(|range| range.start);
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    let is_boundary = |at: &usize| text.is_char_boundary(*at);
    for range in ranges {
        if range.end <= done {
            continue;
        }
        let start = (0..=range.start).rev().find(is_boundary).unwrap_or(0);
        if start > done || shown.is_empty() {
            shown.push_str(&text[done.min(start)..start]);
            shown.push(WITHHELD);
        }
        done = (range.end..text.len()).find(is_boundary).unwrap_or(text.len());
    }
    shown.push_str(&text[done..]);
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SKEY: &str = "@crypt_a936502b_74e29c164b1802c5bfd4b1f9a7db4b5e";
    const SID: &str = "oMrabhVznekD3+a/";
    const TICKET: &str = "abc%2Bdef%2Fghi%3D";

    fn secrets_from(values: &[&str]) -> Secrets {
        let mut secrets = Secrets { values: BTreeSet::new(), paths: Vec::new() };
        values.iter().for_each(|value| secrets.add(value));
        secrets
    }

    fn shown(text: &str) -> String {
        secrets_from(&[SKEY, SID, TICKET, "2272112421"]).withheld(text).into_owned()
    }

    #[test]
    fn each_beginning_of_a_secret_is_left_out_from_eight_characters_on() {
        for secret in [SKEY, SID, TICKET, "2272112421"] {
            for end in 0..=secret.len() {
                let begin = &secret[..end];
                let left = if end > AGREEING { "…" } else { begin };
                assert_eq!(shown(&format!("图{begin}!{begin} x")), format!("图{left}!{left} x"));
            }
        }
    }

    #[test]
    fn however_it_is_written() {
        for (text, left) in [
            ("%40crypt_a936502b_74e29c16!", "…!"),
            ("%2540crypt%255fa9", "…"),
            ("&#64;crypt&#x5F;a93 &amp;c", "… &amp;c"),
            ("&amp;#64;crypt_a9", "…"),
            (r"\u0040crypt\x5fa9 \n", r"… \n"),
            // The secret's special characters are escaped in the session.
            ("abc+def/ghi=", "…"),
            ("abc%252Bdef%252F", "…"),
            // In base64, alone and within other text, in either alphabet, and escaped once more.
            ("b01yYWJoVnpuZWtEMythLw==", "…=="),
            ("c2tleT1AY3J5cHRfYTkzNjUwMmI=", "c2tleT…="),
            ("b01yYWJoVnpuZWtEMythL%77==", "…=="),
            ("the skey=@crypt_a936502b_7 and sid=oMrabhVz.", "the skey=… and sid=…."),
        ] {
            assert_eq!(shown(text), left, "{text}");
        }
    }

    #[test]
    fn many_secrets_that_begin_alike_are_each_found() {
        let alike: Vec<_> =
            (0..1000).map(|number| format!("@crypt_same-beginning-{number:04}")).collect();
        let secrets = secrets_from(&alike.iter().map(String::as_str).collect::<Vec<_>>());
        for secret in &alike {
            assert_eq!(secrets.withheld(&format!("{secret}!")), "…!");
        }
        assert_eq!(secrets.withheld("@crypt_same-beginning-9999"), "…9999");
    }

    #[test]
    fn what_is_not_a_secret_stays() {
        for text in [
            "Anna",
            "@crypt_",
            "100 %",
            "a &amp; b",
            "%4",
            "\\u00",
            "图片".repeat(9).as_str(),
            "1234567890",
        ] {
            assert_eq!(shown(text), text);
        }
        // A MediaId begins like the skey of its login.
        let media_id = format!("@crypt_a936502b_{}", "9f".repeat(320));
        assert_eq!(shown(&media_id), media_id);
        assert_eq!(
            shown(&format!("@crypt_a936502b_74e29c16{}", "9f".repeat(320))).find('…'),
            Some(0)
        );
    }

    #[test]
    fn a_number_stays_where_the_user_named_something_after_it() {
        let mut secrets = secrets_from(&[]);
        secrets.paths.push("/home/me/2272112421.json".to_owned());
        secrets.add("2272112421");
        secrets.add(SID);
        assert_eq!(secrets.withheld("2272112421.json"), "2272112421.json");
        assert_eq!(secrets.withheld(SID), "…");
    }

    #[test]
    fn secrets_of_a_session_stay_when_others_take_their_places() {
        let of_skey = |skey: &str| {
            let builder = Session::builder("https://wx.qq.com").uin(7).user_name("@me");
            builder.sid("sid-of-this-test").skey(skey).build().unwrap()
        };
        session(&of_skey("@crypt_00000001_first-of-this-test"));
        session(&of_skey("@crypt_00000001_other-of-this-test"));
        let event = serde_json::json!({
            "event": "first-of-this-test", "a": ["first-of-this-test"], "b": "other-of-this-test",
            "n": 1,
        });
        let left =
            serde_json::json!({ "event": "first-of-this-test", "a": ["…"], "b": "…", "n": 1 });
        assert_eq!(in_json(&event), left);
        assert_eq!(in_text("sid-of-this-test"), "…");
    }
}
