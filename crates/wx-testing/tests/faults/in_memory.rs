//! Provokes the full product of jobs, places and faults in virtual time. What was delivered is
//! counted by a [server](server::Server) that shares no code with the core.

mod cell;
mod conduct;
mod form;
mod reply;
mod sample;
mod server;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::faults::{FAULTS, Fault};
use crate::jobs::{FETCHES, Job, Place, SENDS};
use crate::rules::Repeats;
use cell::Cell;
use sample::Sample;

/// Returns all faults at all places of a job, and whether the server has acted on the request.
fn cases(job: Job) -> Vec<(Place, &'static Fault, bool)> {
    let mut cases = Vec::new();
    for place in job.places() {
        for fault in &FAULTS {
            cases.extend(fault.acted.iter().map(|acted| (*place, fault, *acted)));
        }
    }
    cases
}

/// Returns the servers that may differ in how the job ends.
fn servers(job: Job, place: Place, acted: bool) -> &'static [Repeats] {
    match (place.is_chunk() && acted, job) {
        // No chunk is received twice.
        (false, _) => &[Repeats::Replaced],
        // Its replies do not say how many bytes the server has.
        (true, Job::FileParallel) => &[Repeats::Replaced, Repeats::Appended],
        (true, _) => &[Repeats::Replaced, Repeats::Appended, Repeats::AppendedWithId],
    }
}

/// Runs all cells of a job. Returns their number, and those that differ from the rules.
fn run(job: Job) -> (usize, Vec<String>) {
    let sample = Sample::new(job);
    let (mut cells, mut wrong) = (0, Vec::new());
    for (place, fault, acted) in cases(job) {
        for &repeats in servers(job, place, acted) {
            let Some(ends) = fault.ends_with((job, place, acted), repeats) else { continue };
            for always in [false, true] {
                let cell = Cell { job, place, fault, acted, repeats, always };
                cells += 1;
                let end = catch_unwind(AssertUnwindSafe(|| cell.run(&sample)));
                let end = end.unwrap_or_else(|_| Err("the flow broke its contract".to_owned()));
                if end != Ok(ends.of(always)) {
                    wrong.push(format!("{cell}: {end:?} instead of {:?}", ends.of(always)));
                }
            }
        }
    }
    (cells, wrong)
}

fn run_all(jobs: &[Job]) -> usize {
    let results: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = jobs.iter().map(|job| scope.spawn(|| run(*job))).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    let wrong: Vec<_> = results.iter().flat_map(|(_, wrong)| wrong).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} cells:\n{}", wrong.len(), wrong.join("\n"));
    results.iter().map(|(cells, _)| cells).sum()
}

#[test]
fn every_send_with_every_fault_everywhere_in_virtual_time() {
    let cells = run_all(&SENDS);
    assert!(cells > 5000, "only {cells} cells");
}

#[test]
fn every_fetch_with_every_fault_in_virtual_time() {
    let cells = run_all(&FETCHES);
    assert!(cells > 200, "only {cells} cells");
}

/// Each place of a job is a request that the job makes, and the only ones that it makes.
#[test]
fn the_places_of_a_job_are_its_requests() {
    for job in SENDS.into_iter().chain(FETCHES) {
        let sample = Sample::new(job);
        for side_calls in [false, true] {
            let made = sample.requests(side_calls);
            let is_due = |place: &&Place| side_calls || !place.is_side_call();
            let expected: Vec<_> = job.places().iter().filter(is_due).copied().collect();
            assert_eq!(made, expected, "{job:?}");
        }
    }
}
