//! Writes `docs/faults.md` from the rules.

use std::fmt::Write;
use std::path::Path;

use crate::ends::{Ends, LOST, SWALLOWED};
use crate::faults::{FAULTS, Fault};
use crate::jobs::{FETCHES, Job, Place, SEND_PLACES, SENDS};
use crate::rules::emulated;

const INTRO: &str = "# Faults

How a send or a fetch ends when something goes wrong. That depends on the fault, on the request that
it hits, and on what is sent or fetched. `cargo test -p wx-testing --test faults` compares every
cell with what happens; with `UPDATE=1` it writes these tables.

The test provokes the faults in two ways:

- **In virtual time, against the core**: every fault at every request, for everything that can be
  sent or fetched; once and from then on; whether or not the server has acted on the request; and
  with servers that replace a repeated chunk and servers that append it. A small server in the test
  counts what was delivered.
- **On the loopback address, with wx-ureq and wx-reqwest**: in full what is shown for an image and
  the check in the first table, and for an image and a file in the third one. Everything else that
  is sent or fetched meets each fault of these tables once, at alternating requests. The server of
  wx-ureq replaces a repeated chunk, that of wx-reqwest appends it.

An upload has three chunks. The limit of 25 MiB, above which a file is checked or uploaded in
parallel, is lowered for the test. The numbers of tries are the defaults of `Policy`.

Before the dot, the fault happens once. After the dot, it happens at that request and at every later
request of the same call.

- **sent**: the server has exactly one message, and its content is that of the original. For a
  download: the copy has the bytes of the original.
- **not sent**: the server has no message. For a download: neither the copy nor anything else is
  left. An empty reply means that there is no avatar, which is not an error.
- **unknown**: the client cannot know whether the message was sent. The error says so, and the
  command ends with 4. The number is that of the messages on the server, which is never two.

One result depends on the server: if it appends repeated chunks, acts on every chunk and then closes
each reused connection without a reply, the upload ends as not sent, because it is put together
wrongly twice.

";

const SENDS_INTRO: &str = "## What is sent

The chunks and the message are those of an image, and the check is that of a file above 25 MiB.

";

const FETCHES_INTRO: &str = "## What is fetched

Videos and voice messages are requested with `Range: bytes=0-`, so a good reply is a 206 with all
bytes. Everything else is requested without a range.

";

const KINDS_INTRO: &str = "## Everything that can be sent

For all faults on this page, each request ends as the table above says, except where a fault is
named here. The pings and the preflight are only sent with `browser_parity`.

";

const MORE_INTRO: &str = "## Further faults

These are only provoked in virtual time. For a message, the number is 1 if the server has acted on
the request, and 0 otherwise.

";

fn write_row(text: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<_> = cells.into_iter().collect();
    writeln!(text, "| {} |", cells.join(" | ")).unwrap();
}

fn write_head(text: &mut String, first: &str, names: &[&str]) {
    let names = std::iter::once(first).chain(names.iter().copied()).map(str::to_owned);
    write_row(text, names.clone());
    writeln!(text, "|{}", "---|".repeat(names.count())).unwrap();
}

fn shown(ends: Option<Ends>) -> String {
    ends.map_or_else(|| "–".to_owned(), |ends| ends.to_string())
}

/// Returns the ends of all cases of a fault. They only differ for a message that is in doubt.
fn all_ends(fault: &Fault, job: Job, place: Place) -> String {
    let ends = fault.acted.iter().filter_map(|acted| fault.ends(job, place, *acted));
    let mut ends: Vec<_> = ends.collect();
    ends.dedup();
    match ends[..] {
        [] => shown(None),
        [ends] => ends.to_string(),
        [LOST, SWALLOWED] => "sent · unknown (0 or 1)".to_owned(),
        _ => panic!("{}: {ends:?}", fault.name),
    }
}

/// Returns the ends of a fault as the emulator provokes it.
fn emulated_ends(fault: &Fault, job: Job, place: Place) -> Option<Ends> {
    let acts = if job.is_fetch() { fault.acted[0] } else { fault.emulated?.acts };
    fault.ends(job, place, acts)
}

/// The places of a send in the first table, each with the job that it is shown for.
pub(crate) const SHOWN: [(Job, Place); 5] = [
    (Job::Image, Place::First),
    (Job::Image, Place::Middle),
    (Job::Image, Place::Last),
    (Job::FileByCheck, Place::Check),
    (Job::Image, Place::Message),
];

fn write_sends(text: &mut String) {
    text.push_str(SENDS_INTRO);
    write_head(text, "Fault", &SHOWN.map(|(_, place)| place.name()));
    for fault in emulated() {
        let cells = SHOWN.map(|(job, place)| emulated_ends(fault, job, place));
        if cells.iter().any(Option::is_some) {
            write_row(text, [fault.name.to_owned()].into_iter().chain(cells.map(shown)));
        }
    }
}

/// Compares a job at a place with the first table.
fn like_shown(job: Job, place: Place) -> String {
    if !job.places().contains(&place) {
        return "–".to_owned();
    }
    if place.is_side_call() {
        let is_borne = |fault: &Fault| {
            let ends = all_ends(fault, job, place);
            ends == shown(None) || ends == crate::ends::BORNE.to_string()
        };
        assert!(FAULTS.iter().all(is_borne), "{job:?}");
        return "every fault: sent · sent".to_owned();
    }
    let (like, _) = SHOWN.into_iter().find(|(_, shown)| *shown == place).unwrap();
    let differing = FAULTS.iter().filter_map(|fault| {
        let [ends, expected] = [job, like].map(|job| all_ends(fault, job, place));
        (ends != expected).then(|| format!("{}: {ends}", fault.name))
    });
    let differing: Vec<_> = differing.collect();
    match &differing[..] {
        [] => "as above".to_owned(),
        some => format!("as above, except {}", some.join("; ")),
    }
}

fn write_kinds(text: &mut String) {
    text.push_str(KINDS_INTRO);
    write_head(text, "What is sent", &SEND_PLACES.map(Place::name));
    for job in SENDS {
        let cells = SEND_PLACES.map(|place| like_shown(job, place));
        write_row(text, [job.name().to_owned()].into_iter().chain(cells));
    }
}

fn write_fetches(text: &mut String) {
    text.push_str(FETCHES_INTRO);
    write_head(text, "Fault", &FETCHES.map(Job::name));
    for fault in emulated() {
        let cells = FETCHES.map(|job| emulated_ends(fault, job, Place::Download));
        if cells.iter().any(Option::is_some) {
            write_row(text, [fault.name.to_owned()].into_iter().chain(cells.map(shown)));
        }
    }
}

fn write_more(text: &mut String) {
    text.push_str(MORE_INTRO);
    let columns = [SHOWN.to_vec(), FETCHES.map(|job| (job, Place::Download)).to_vec()].concat();
    let fetched = |job: &Job| format!("download of {} {}", article(*job), job.name());
    let names: Vec<_> = SHOWN
        .map(|(_, place)| place.name().to_owned())
        .into_iter()
        .chain(FETCHES.iter().map(fetched))
        .collect();
    write_head(text, "Fault", &names.iter().map(String::as_str).collect::<Vec<_>>());
    for fault in FAULTS.iter().filter(|fault| fault.emulated.is_none()) {
        let cells = columns.iter().map(|(job, place)| all_ends(fault, *job, *place));
        write_row(text, std::iter::once(fault.name.to_owned()).chain(cells));
    }
}

fn article(job: Job) -> &'static str {
    if [Job::FetchImage, Job::FetchAvatar].contains(&job) { "an" } else { "a" }
}

fn page() -> String {
    let mut text = INTRO.to_owned();
    write_sends(&mut text);
    text.push('\n');
    write_kinds(&mut text);
    text.push('\n');
    write_fetches(&mut text);
    text.push('\n');
    write_more(&mut text);
    text
}

#[test]
fn the_tables_stand_in_the_docs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/faults.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == page(), "docs/faults.md is out of date");
}
