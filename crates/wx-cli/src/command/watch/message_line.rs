//! The line that is printed for a message.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use wx_proto::{Message, MessageKind, UnixMs};

use crate::event;
use crate::withhold;

/// The number of characters of a text that are printed on its line.
const SHOWN: usize = 500;
/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Returns the line of a message.
pub(super) fn line(message: &Message) -> String {
    let from = message.sender.as_ref().or(message.from.as_ref()).map_or("?", |name| name.as_str());
    let text = match (&message.kind, message.text()) {
        (MessageKind::File(file), _) => {
            format!(" {}", clipped(file.name.as_deref().unwrap_or_default()))
        }
        (_, Some(text)) => format!(": {}", clipped(text)),
        _ => String::new(),
    };
    format!(
        "{} {} {from} {}{text}",
        utc(message.sent_at),
        event::msg_id(message),
        event::kind(message)
    )
}

/// Returns the beginning of a long text.
fn clipped(text: &str) -> String {
    let text = withhold::in_text(text);
    match text.char_indices().nth(SHOWN) {
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
