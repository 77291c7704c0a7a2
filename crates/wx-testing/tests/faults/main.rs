//! Provokes each fault of `docs/faults.md` at each place, with both clients, and compares the
//! results with that table. Each fault is run against a server that replaces a repeated chunk and a
//! server that appends it. `UPDATE=1 cargo test -p wx-testing --test faults` writes the table from
//! `matrix.rs`.
#![allow(clippy::unwrap_used)]

mod job;
mod matrix;

use std::fmt::Write;
use std::path::Path;

use job::{Blocking, Client};
use matrix::{PLACES, ROWS};
use wx_emulator::{Emulator, Repeats};

const INTRO: &str = "# Faults

How a send or a fetch ends when something goes wrong.
`cargo test -p wx-testing --test faults` provokes each cell on the loopback address and compares the
result with this table; with `UPDATE=1` it writes the table. Every cell is the same with wx-ureq and
wx-reqwest, and for servers that replace a repeated chunk and those that append it. The picture has
three chunks, and the tries are the defaults of `Policy`.

Before the dot, the fault happens once. After the dot, it happens at that request and at every later
one.

- **sent**: the server has one message, and its picture has the bytes of the file. For a download:
  the copy has the bytes of the picture or the file.
- **not sent**: the server has no message. For a download: neither the copy nor anything else is
  left.
- **unknown**: the client cannot know whether the message was sent. The error says so, and the
  command ends with 4. The number is that of the messages on the server, which is never two.

";

/// Runs all faults at all places with one client and one kind of server. Returns the cells that
/// differ from the table.
fn run<C: Client>(name: &str, repeats: Repeats) -> Vec<String> {
    // The target of redirects, which must not receive a request.
    let elsewhere = Emulator::start().unwrap();
    let mut wrong = Vec::new();
    for row in &ROWS {
        for (place, expected) in PLACES.iter().zip(row.ends) {
            let Some(expected) = expected else { continue };
            for (always, expected) in [(false, expected.once), (true, expected.always)] {
                let fault = row.fault.at(*place, always, &elsewhere.base());
                let end = job::run::<C>(&fault, *place, repeats);
                if end != Ok(expected) {
                    wrong.push(format!(
                        "{name}, {repeats:?}, {fault}: {end:?} instead of {expected:?}"
                    ));
                }
            }
        }
    }
    assert_eq!(elsewhere.requests().len(), 0, "a redirect was followed");
    wrong
}

fn table() -> String {
    let mut text = INTRO.to_owned();
    let names = PLACES.map(|place| place.name());
    writeln!(text, "| Fault | {} |\n|---{}|", names.join(" | "), "|---".repeat(names.len()))
        .unwrap();
    for row in &ROWS {
        let cells = row.ends.map(|ends| ends.map_or("–".to_owned(), |ends| ends.to_string()));
        writeln!(text, "| {} | {} |", row.fault.name, cells.join(" | ")).unwrap();
    }
    text
}

#[test]
fn every_fault_everywhere() {
    let runs: [fn() -> Vec<String>; 4] = [
        || run::<wx_ureq::Client>("ureq", Repeats::Replaces),
        || run::<wx_ureq::Client>("ureq", Repeats::Appended),
        || run::<Blocking>("reqwest", Repeats::Replaces),
        || run::<Blocking>("reqwest", Repeats::Appended),
    ];
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let runs = runs.map(|run| scope.spawn(run));
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_stands_in_the_docs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, table()).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == table(), "docs/faults.md is out of date");
}
