//! Deserializers for fields whose JSON type varies between servers and years
//! ([P12](crate::protocol#p12), [P37](crate::protocol#p37), [§9](crate::protocol#s9) row 13).
//!
//! No crate fits: the adapters of `serde_with` accept a string or a number, but cannot reject a
//! damaged id.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::repair;

/// The text of a string or a whole number, or null. Numbers are never parsed as floats
/// ([P17](crate::protocol#p17)).
enum Text {
    Str(String),
    Unsigned(u64),
    Signed(i64),
    Null,
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;

        impl Visitor<'_> for Any {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a whole number")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text::Str(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text::Unsigned(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text::Signed(number))
            }

            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text::Null)
            }
        }

        from.deserialize_any(Any)
    }
}

/// Reads a string or a number as text. Null becomes an empty text.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Text::deserialize(from)? {
        Text::Str(text) => text,
        Text::Unsigned(number) => number.to_string(),
        Text::Signed(number) => number.to_string(),
        Text::Null => String::new(),
    })
}

/// Like [`text`], for identifiers. A damaged one is an error, so that it is not taken for another.
pub(crate) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = text(from)?;
    if repair::is_damaged(&text) { Err(D::Error::custom("a damaged id")) } else { Ok(text) }
}

/// Returns a string or a whole number in JSON as text, and `None` for anything else.
pub(crate) fn text_of(json: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

    let json = json.get();
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok().map(|Borrowed(text)| text),
        b'-' | b'0'..=b'9' if !json.contains(['.', 'e', 'E']) => Some(json.into()),
        _ => None,
    }
}

/// Reads a string or a whole number as text. Anything else becomes an empty text.
pub(crate) fn optional_text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let json = <&RawValue>::deserialize(from)?;
    Ok(text_of(json).map(Cow::into_owned).unwrap_or_default())
}

/// Like [`optional_text`], but a damaged text also becomes empty.
pub(crate) fn optional_id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Some(optional_text(from)?).filter(|text| !repair::is_damaged(text)).unwrap_or_default())
}

/// Reads a number or a string of digits. Anything else becomes `None`.
pub(crate) fn optional_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(number_of(<&RawValue>::deserialize(from)?))
}

/// Like [`optional_number`], also for values of a session file, which are already parsed.
pub(crate) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(number_of(&Box::<RawValue>::deserialize(from)?))
}

fn number_of(json: &RawValue) -> Option<u64> {
    text_of(json)?.trim().parse().ok()
}

/// Like [`optional_number`], but anything else becomes 0.
pub(crate) fn optional_count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(optional_number(from)?.unwrap_or_default())
}

/// Reads a value. A value of another type becomes the default.
pub(crate) fn optional<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    let json = <&RawValue>::deserialize(from)?;
    Ok(serde_json::from_str(json.get()).unwrap_or_default())
}

/// Reads a value. Null becomes the default.
pub(crate) fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Reads a signed number, or a string with one.
pub(crate) fn signed<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let number = match Text::deserialize(from)? {
        Text::Str(text) => text.trim().parse().ok(),
        Text::Unsigned(number) => i64::try_from(number).ok(),
        Text::Signed(number) => Some(number),
        Text::Null => None,
    };
    number.ok_or_else(|| D::Error::custom("not a number"))
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde_json::Value;

    use super::*;

    #[test]
    fn p12_p37_texts_whole_numbers_and_null_are_read_and_nothing_else() {
        type Case = (&'static str, Option<&'static str>, Option<u64>, Option<i64>);
        let cases: [Case; 8] = [
            (r#""7""#, Some("7"), Some(7), Some(7)),
            (r#"" -7 ""#, Some(" -7 "), None, Some(-7)),
            (r#""x\u00e9""#, Some("xé"), None, None),
            ("7", Some("7"), Some(7), Some(7)),
            ("-7", Some("-7"), None, Some(-7)),
            ("18446744073709551615", Some("18446744073709551615"), Some(u64::MAX), None),
            ("null", Some(""), None, None),
            (r#""""#, Some(""), None, None),
        ];
        for (json, as_text, as_number, as_signed) in cases {
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(text(value.clone().into_deserializer()).ok().as_deref(), as_text, "{json}");
            assert_eq!(number(value.clone()).ok(), Some(as_number), "{json}");
            assert_eq!(signed(value.into_deserializer()).ok(), as_signed, "{json}");
            let mut from = serde_json::Deserializer::from_str(json);
            assert_eq!(text(&mut from).ok().as_deref(), as_text, "{json}");
        }
        for json in ["1.5", "true", "[]", "{}", "18446744073709551616"] {
            let mut from = serde_json::Deserializer::from_str(json);
            assert!(text(&mut from).is_err(), "{json}");
            let value: Value = serde_json::from_str(json).unwrap();
            assert_eq!(number(value.clone()).unwrap(), None, "{json}");
            assert!(signed(value.into_deserializer()).is_err(), "{json}");
        }
    }
}
