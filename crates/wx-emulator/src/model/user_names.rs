//! The UserNames and `EncryChatRoomId`s of a login. The server gives new ones in each login
//! ([§8.4](https://docs.rs/wx-proto/latest/wx_proto/protocol/index.html#s8-4)).

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value;

use super::form::Form;
use super::query::Query;
use super::random;

/// The numbers of hexadecimal digits of a UserName and of an `EncryChatRoomId`.
const DIGITS: [usize; 2] = [64, 32];

/// Translates between the UserNames of the first login, which identify the contacts within the
/// server, and those of a later login. Of the first login, it is empty.
#[derive(Default)]
pub(crate) struct UserNames {
    /// The names of this login, by those of the first one.
    now: HashMap<String, String>,
    /// The names of the first login, by those of this one.
    first: HashMap<String, String>,
}

impl UserNames {
    /// Gives each of these contacts and rooms a new name. An `EncryChatRoomId` is a name, too.
    pub(crate) fn renamed<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Self::default();
        for name in names.into_iter().filter(|name| name_at_start(name) == Some(*name)) {
            let digits = name.trim_start_matches('@').len();
            let at = &name[..name.len() - digits];
            let new = format!("{at}{}", random::hex(digits));
            all.first.insert(new.clone(), name.to_owned());
            all.now.insert(name.to_owned(), new);
        }
        all
    }

    /// Returns the text with the names of this login.
    pub(crate) fn to_current<'a>(&self, text: &'a str) -> Cow<'a, str> {
        replaced(text, |name| self.now.get(name).cloned())
    }

    /// Replaces the names in a reply with those of this login.
    pub(crate) fn in_reply(&self, reply: &mut Value) {
        if !self.now.is_empty() {
            each_text(reply, &mut |_, text| self.to_current(text).into_owned());
        }
    }

    /// Replaces the names in the query of a request with those of the first login.
    pub(crate) fn in_query(&self, query: &mut Query) {
        if !self.now.is_empty() {
            query.change(|value| match value.contains("%40") {
                true => self.to_first(&value.replace("%40", "@")).replace('@', "%40"),
                false => self.to_first(value).into_owned(),
            });
        }
    }

    /// Replaces the names in the fields of a form with those of the first login.
    pub(crate) fn in_form(&self, form: &mut Form) {
        if !self.now.is_empty() {
            form.change_values(|text| self.to_first(text).into_owned());
        }
    }

    /// Replaces the names in a request with those of the first login, except within the text of a
    /// message.
    pub(crate) fn in_request(&self, request: &mut Value) {
        if !self.now.is_empty() {
            each_text(request, &mut |key, text| match key {
                "Content" => text.to_owned(),
                _ => self.to_first(text).into_owned(),
            });
        }
    }

    /// Returns the text with the names of the first login. A name that is not of this login
    /// becomes that of nobody.
    pub(crate) fn to_first<'a>(&self, text: &'a str) -> Cow<'a, str> {
        replaced(text, |name| match self.first.get(name) {
            Some(first) => Some(first.clone()),
            None => self.now.contains_key(name).then(|| name.replace(|it| it != '@', "0")),
        })
    }
}

/// Returns the text with each name replaced for which `new` returns another one.
fn replaced(text: &str, new: impl Fn(&str) -> Option<String>) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let name = name_at_start(&rest[at..]);
        let len = name.map_or(1, str::len);
        match name.and_then(&new) {
            Some(new) => {
                out.push_str(&rest[..at]);
                out.push_str(&new);
            }
            None => out.push_str(&rest[..at + len]),
        }
        rest = &rest[at + len..];
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns the UserName at the start of a text.
fn name_at_start(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("@@").or_else(|| text.strip_prefix('@'))?;
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let count = digits.as_bytes().iter().take_while(|byte| is_digit(byte)).count();
    DIGITS.contains(&count).then(|| &text[..text.len() - digits.len() + count])
}

/// Replaces each text of a JSON value. `change` is also called with the key of the text.
fn each_text(value: &mut Value, change: &mut impl FnMut(&str, &str) -> String) {
    match value {
        Value::Object(pairs) => {
            for (key, value) in pairs {
                match value {
                    Value::String(text) => *text = change(key, text),
                    value => each_text(value, change),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| each_text(value, change)),
        Value::String(text) => *text = change("", text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_translated_there_and_back_wherever_they_occur() {
        let (person, room) = (format!("@{}", random::hex(64)), format!("@@{}", random::hex(64)));
        let encry_id = format!("@{}", random::hex(32));
        let all = [person.as_str(), &room, &encry_id, "filehelper", "@chatroom"];
        let names = UserNames::renamed(all);
        assert_eq!(names.now.len(), 3);
        let new_id = names.to_current(&encry_id);
        assert!(new_id != encry_id && new_id.len() == 33 && names.to_first(&new_id) == encry_id);
        let [new_person, new_room] = [&person, &room].map(|name| names.now[name].clone());
        assert!(new_person != person && new_room.starts_with("@@") && new_room.len() == 66);
        let text =
            |person: &str, room: &str| format!("a@b {person}:<br/>{room},@{room}é@{person}f");
        let (old, new) = (text(&person, &room), text(&new_person, &new_room));
        // With one more digit, it is no name.
        let expected = new.replace(&format!("@{new_person}f"), &format!("@{person}f"));
        assert_eq!(names.to_current(&old), expected);
        assert_eq!(names.to_first(&new_person), person);
        assert_eq!(names.to_first(&person), format!("@{}", "0".repeat(64)));
        let unknown = format!("@{}", random::hex(64));
        assert_eq!(names.to_first(&unknown), unknown);
        let mut request = serde_json::json!({ "Content": new_room, "To": [new_room] });
        names.in_request(&mut request);
        assert_eq!(request, serde_json::json!({ "Content": new_room, "To": [room] }));
    }
}
