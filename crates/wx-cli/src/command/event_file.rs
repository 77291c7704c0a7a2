//! Events that another command has printed with `--json`, and that the user gives to this one.

use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;
use wx_proto::Advice;

use crate::files::{self, is_dash};
use crate::problem::Problem;

/// The most bytes that are read: more than escaping can make of the longest reply of the server.
/// The event of a message holds its text twice, in `content` and in `forward`.
const LIMIT: u64 = 512 * 1024 * 1024;

/// Events of `wx watch --json` and `wx send --json` about what is not a message, or was not sent.
/// A command that does not take them leaves them out.
const OTHERS: [&str; 5] = ["failed", "fetched", "given_up", "login_ends", "skipped"];

/// The events that a command takes.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    /// Their names.
    pub(super) events: &'static [&'static str],
    /// What is wrong with any other line, after its number.
    pub(super) otherwise: &'static str,
    /// What to give.
    pub(super) hint: &'static str,
}

/// A line of the file.
pub(super) struct Event {
    /// Counted from 1.
    line: usize,
    value: Value,
}

/// Reads the events in a file, one per line; `-` is standard input. [`OTHERS`] are left out, so the
/// result can be empty.
pub(super) fn read(path: &Path, expected: Expected) -> Result<Vec<Event>, Problem> {
    let bytes = match is_dash(path) {
        true => files::read_all(io::stdin().lock(), LIMIT)?,
        false => files::read(path, LIMIT)?,
    };
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let events: Result<Vec<_>, Problem> = lines
        .map(|(at, line)| {
            let line_number = at + 1;
            match serde_json::from_slice(line) {
                Ok(value @ Value::Object(_)) => Ok(Event { line: line_number, value }),
                _ => Err(expected.refused(line_number, expected.otherwise)),
            }
        })
        .collect();
    let mut events = events?;
    if events.is_empty() {
        return Err(Problem::local("is empty", Advice::CheckFile).hint(expected.hint));
    }
    events.retain(|event| expected.takes(event.name()) || !OTHERS.contains(&event.name()));
    Ok(events)
}

/// Reads the only event in a file; `-` is standard input.
pub(super) fn read_one<T: DeserializeOwned>(path: &Path, expected: Expected) -> Result<T, Problem> {
    let mut events = read(path, expected)?;
    let refused = |what: &str| Problem::local(what, Advice::CheckFile).hint(expected.hint);
    let Some(event) = events.pop() else {
        return Err(refused(&format!("holds no event {:?}", expected.events.join(" or "))));
    };
    if !events.is_empty() {
        return Err(refused("holds several lines"));
    }
    event.parse(expected)
}

/// Returns the name of the file in messages.
pub(super) fn name(path: &Path) -> &Path {
    if is_dash(path) { Path::new("standard input") } else { path }
}

impl Event {
    /// Returns the name of the event. It is empty if the line has none.
    pub(super) fn name(&self) -> &str {
        self.value["event"].as_str().unwrap_or_default()
    }

    /// Returns the number of the line, counted from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// Reads the event. A line without a name of its event is read too, because the user may have
    /// taken the event apart.
    pub(super) fn parse<T: DeserializeOwned>(self, expected: Expected) -> Result<T, Problem> {
        match self.value["event"].as_str() {
            Some(name) if !expected.takes(name) => {
                // The file may contain anything.
                let name: String = name.chars().take(40).collect();
                let what = format!("{}: it is the event {name:?}", expected.otherwise);
                Err(expected.refused(self.line, &what))
            }
            _ => serde_json::from_value(self.value)
                .map_err(|_| expected.refused(self.line, expected.otherwise)),
        }
    }
}

impl Expected {
    fn takes(self, name: &str) -> bool {
        self.events.contains(&name)
    }

    fn refused(self, line: usize, what: &str) -> Problem {
        Problem::local(format!("line {line} {what}"), Advice::CheckFile).hint(self.hint)
    }
}
