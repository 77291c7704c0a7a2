//! The differences between two requests.

use crate::sent::{Pairs, Sent};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    pub(crate) what: String,
    pub(crate) browser: String,
    pub(crate) here: String,
}

impl Difference {
    pub(crate) fn new(
        what: impl Into<String>,
        browser: impl Into<String>,
        here: impl Into<String>,
    ) -> Self {
        Difference { what: what.into(), browser: browser.into(), here: here.into() }
    }

    /// Formats the difference as a line of the table.
    pub(crate) fn shown(&self) -> String {
        let quoted = |text: &str| match text {
            ABSENT | "…" => text.to_owned(),
            text if text.contains(['{', '=', '*', '"', '_', '-']) && !text.contains('`') => {
                format!("`{text}`")
            }
            text => text.to_owned(),
        };
        match (self.browser.as_str(), self.here.as_str()) {
            ("…", here) => format!("{}: {here}", self.what),
            (browser, here) => format!("{}: {}, here {}", self.what, quoted(browser), quoted(here)),
        }
    }
}

const ABSENT: &str = "not sent";

pub(crate) fn differences(browser: &Sent, here: &Sent) -> Vec<Difference> {
    let mut found = Vec::new();
    if browser.line != here.line {
        found.push(Difference::new("method, host, path", &browser.line, &here.line));
    }
    found.extend(of_pairs("query", &browser.query, &here.query));
    found.extend(of_headers(&browser.headers, &here.headers));
    found.extend(of_pairs("cookie", &browser.cookies, &here.cookies));
    found.extend(of_pairs("body", &browser.body, &here.body));
    found
}

/// Names are case-insensitive, but their spelling and their order identify the HTTP client.
fn of_headers(browser: &Pairs, here: &Pairs) -> Vec<Difference> {
    let lower = |pairs: &Pairs| -> Pairs {
        pairs.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect()
    };
    let mut found = of_pairs("header", &lower(browser), &lower(here));
    for difference in &mut found {
        if difference.what.starts_with("order") {
            *difference =
                Difference::new("order of the headers", "the browser's", "the HTTP client's");
        }
    }
    let spelled = |pairs: &Pairs, name: &str| pairs.iter().any(|(n, _)| n == name);
    let is_known = |name: &str| here.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if browser.iter().any(|(name, _)| is_known(name) && !spelled(here, name)) {
        found.push(Difference::new(
            "spelling of the headers' names",
            "`Content-Type`",
            "`content-type`",
        ));
    }
    found
}

fn of_pairs(kind: &str, browser: &Pairs, here: &Pairs) -> Vec<Difference> {
    let (browser, here) = (numbered(browser), numbered(here));
    let get = |pairs: &Pairs, name: &str| {
        pairs.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone())
    };
    let mut found = Vec::new();
    for (name, value) in &browser {
        match get(&here, name) {
            None => found.push(Difference::new(format!("{kind} {name}"), value, ABSENT)),
            Some(other) if other != *value => {
                found.push(Difference::new(format!("{kind} {name}"), value, other));
            }
            Some(_) => {}
        }
    }
    for (name, value) in here.iter().filter(|(name, _)| get(&browser, name).is_none()) {
        found.push(Difference::new(format!("{kind} {name}"), ABSENT, value));
    }
    let common = |of: &Pairs, other: &Pairs| {
        let names =
            of.iter().map(|(name, _)| name.as_str()).filter(|name| get(other, name).is_some());
        names.collect::<Vec<_>>().join(", ")
    };
    let orders = (common(&browser, &here), common(&here, &browser));
    if orders.0 != orders.1 {
        found.push(Difference::new(format!("order, {kind}"), orders.0, orders.1));
    }
    found
}

/// Each occurrence of a repeated name is compared separately.
fn numbered(pairs: &Pairs) -> Pairs {
    let mut numbered: Pairs = Vec::new();
    for (name, value) in pairs {
        let twice = numbered.iter().any(|(known, _)| known == name);
        numbered.push((if twice { format!("{name} (2)") } else { name.clone() }, value.clone()));
    }
    numbered
}
