//! Present values in the place of recorded ones, in each spelling that a client had for them.

use std::cmp::Reverse;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Pairs of recorded and present text, the longer spellings first.
#[derive(Default)]
pub(crate) struct Swap(Vec<(String, String)>);

impl Swap {
    /// Swaps a value in every spelling: as it is, percent-encoded once and twice.
    pub(crate) fn add(&mut self, recorded: &str, present: &str) {
        assert!(!recorded.is_empty(), "nothing cannot be found");
        let encode = |text: &str| {
            utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%5F", "_")
        };
        let (recorded_once, present_once) = (encode(recorded), encode(present));
        self.0.push((encode(&recorded_once), encode(&present_once)));
        self.0.push((recorded_once, present_once));
        self.0.push((recorded.to_owned(), present.to_owned()));
        self.0.sort_by_key(|(recorded, _)| Reverse(recorded.len()));
    }

    /// Swaps a pass_ticket, which is already percent-encoded.
    pub(crate) fn add_pass_ticket(&mut self, recorded: &str, present: &str) {
        self.add(&decoded(recorded), &decoded(present));
    }

    pub(crate) fn text(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (recorded, present)| text.replace(recorded, present))
    }
}

/// Decodes once.
pub(crate) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}
