//! Query strings, parsed leniently: stray `&` and `?` are ignored, `+` stays `+`, and names are
//! compared without regard to case.
//!
//! No crate fits: `form_urlencoded` reads `+` as a space and loses the spelling of a value.

use percent_encoding::percent_decode_str;

/// The parameters of a query as they were spelled, in the order sent.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(raw: &str) -> Self {
        let pairs =
            raw.split('&').map(|pair| pair.trim_start_matches('?')).filter(|pair| !pair.is_empty());
        Query(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(n, v)| (n.into(), v.into()))
                .collect(),
        )
    }

    /// Returns the value of `name`, decoded once.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        Some(percent_decode_str(raw).decode_utf8_lossy().into_owned())
    }

    /// Returns the value of `name` as it was spelled.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Changes the values.
    pub(crate) fn change(&mut self, change: impl Fn(&str) -> String) {
        for (_, value) in &mut self.0 {
            *value = change(value);
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}
