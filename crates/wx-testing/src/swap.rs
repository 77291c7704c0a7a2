//! Replaces recorded values by current ones, in every encoding that a client uses.

use std::cmp::Reverse;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Pairs of recorded and current text, with the longer encodings first.
#[derive(Debug, Default)]
pub struct Swap(Vec<(String, String)>);

impl Swap {
    /// Replaces a value in each encoding: plain, percent-encoded once, and percent-encoded twice. A
    /// later current value replaces an earlier one.
    pub fn add(&mut self, recorded: &str, current: &str) {
        assert!(!recorded.is_empty(), "an empty text would match everywhere");
        let encode = |text: &str| {
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%5F", "_")
        };
        let (recorded_once, current_once) = (encode(recorded), encode(current));
        let pairs = [
            (encode(&recorded_once), encode(&current_once)),
            (recorded_once, current_once),
            (recorded.to_owned(), current.to_owned()),
        ];
        self.0.retain(|(known, _)| pairs.iter().all(|(recorded, _)| known != recorded));
        self.0.extend(pairs);
        self.0.sort_by_key(|(recorded, _)| Reverse(recorded.len()));
    }

    /// Replaces a pass_ticket, which is already percent-encoded.
    pub fn add_pass_ticket(&mut self, recorded: &str, current: &str) {
        self.add(&decoded(recorded), &decoded(current));
    }

    /// Replaces the recorded values in a text.
    pub fn text(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (recorded, current)| text.replace(recorded, current))
    }
}

/// Percent-decodes a text once.
pub fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}
