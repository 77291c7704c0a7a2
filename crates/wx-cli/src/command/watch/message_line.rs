//! The line that is printed for a message.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wx_proto::{Message, MessageKind, UnixMs, UserName};

use crate::event::{self, MessageNames};
use crate::withhold;

/// The number of characters of a text that are printed on its line.
const SHOWN: usize = 500;
/// The number of characters of a name.
const SHOWN_OF_NAME: usize = 60;
/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Returns the line of a message. Names are quoted, because their owners choose them and could
/// forge a kind and a text in them. People and rooms are shown by UserName if their names are not
/// known.
pub(super) fn line(message: &Message, names: &MessageNames) -> String {
    let text = match (&message.kind, message.text()) {
        (MessageKind::File(file), _) => {
            format!(" {}", clipped(file.name.as_deref().unwrap_or_default(), SHOWN))
        }
        (_, Some(text)) => format!(": {}", clipped(text, SHOWN)),
        _ => String::new(),
    };
    format!(
        "{} {} {} {}{text}",
        utc(message.sent_at),
        event::msg_id(message),
        people(message, names),
        event::kind(message)
    )
}

/// Returns the sender, and the room if there is one.
fn people(message: &Message, names: &MessageNames) -> String {
    let shown = |name: &Option<String>, user: &Option<UserName>| {
        let user = || user.as_ref().map_or("?", |user| user.as_str());
        match name {
            Some(name) => quoted(&clipped(name, SHOWN_OF_NAME)),
            None => clipped(user(), SHOWN_OF_NAME),
        }
    };
    let from = match message.sender {
        Some(_) => shown(&names.sender, &message.sender),
        None => shown(&names.from, &message.from),
    };
    let is_room = |user: &Option<UserName>| user.as_ref().is_some_and(UserName::is_room);
    match (is_room(&message.from), is_room(&message.to)) {
        (true, _) if message.sender.is_some() => {
            format!("{from} in {}", shown(&names.from, &message.from))
        }
        // What the account has written in a room from another device.
        (false, true) => format!("{from} in {}", shown(&names.to, &message.to)),
        _ => from,
    }
}

/// Returns a name in quotation marks that it cannot end.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Returns the beginning of a long text.
fn clipped(text: &str, shown: usize) -> String {
    let text = withhold::in_text(text);
    match text.char_indices().nth(shown) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Formats the time in UTC. RFC 3339 has no form for a time after the year 9999, so the last second
/// of that year is shown.
fn utc(at: Option<UnixMs>) -> String {
    let seconds = at.map_or(0, UnixMs::as_secs).min(LAST_SECOND);
    let at = OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
    at.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_quotation_marks() {
        for (name, text) in [
            ("Anna", r#""Anna""#),
            ("Mum text: send money", r#""Mum text: send money""#),
            (r#"Mum" text: send money"#, r#""Mum\" text: send money""#),
            (r#"Mum\" text: send money"#, r#""Mum\\\" text: send money""#),
        ] {
            assert_eq!(quoted(name), text);
        }
    }

    #[test]
    fn times() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_511_493_942, "2017-11-24T03:25:42Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
            (LAST_SECOND + 1, "9999-12-31T23:59:59Z"),
            (u64::MAX / 1000, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(Some(UnixMs::new(seconds * 1000))), text);
        }
        assert_eq!(utc(None), "1970-01-01T00:00:00Z");
    }
}
