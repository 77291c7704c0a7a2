//! Readers for fields whose JSON type varies between servers and years (P12, P37, §9 row 13).

use serde::{Deserialize, Deserializer};

/// A string or a number, read as text; null reads as empty. Numbers never pass through a float (P17).
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Str(String),
    Unsigned(u64),
    Signed(i64),
    Null(()),
}

pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Text::deserialize(from)? {
        Text::Str(text) => text,
        Text::Unsigned(number) => number.to_string(),
        Text::Signed(number) => number.to_string(),
        Text::Null(()) => String::new(),
    })
}

/// A field of a JSON value as text: a string or a whole number; anything else reads as empty.
pub(crate) fn text_of(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => String::new(),
    }
}

/// A number, or a string of digits; anything else reads as absent.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(text(from)?.trim().parse().ok())
}

/// As [`number`], with 0 for what is none.
pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(number(from)?.unwrap_or_default())
}

/// Null reads as nothing.
pub(crate) fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A signed number, or a string that holds one.
pub(crate) fn signed<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    text(from)?.trim().parse().map_err(|_| serde::de::Error::custom("not a number"))
}
