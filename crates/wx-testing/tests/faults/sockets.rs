//! Provokes faults on the loopback address with both clients.
//!
//! The columns of the [first table](SHOWN) and two [fetches](FETCHED) have every fault, once and
//! from then on. The other jobs have every fault once, at alternating places.

mod client;
mod job_run;

use wx_emulator::{Emulator, Repeats};
use wx_proto::Session;

use crate::docs::SHOWN;
use crate::jobs::{Job, Place};
use crate::rules::emulated;
use client::{Blocking, Client};
use job_run::Run;

/// What is fetched with all faults, like everything in the [first table](SHOWN).
const FETCHED: [(Job, Place); 2] =
    [(Job::FetchImage, Place::Download), (Job::FetchFile, Place::Download)];

/// The jobs with each fault at one of their places.
const OTHERS: [Job; 12] = [
    Job::Emoticon,
    Job::Video,
    Job::File,
    Job::FileByCheck,
    Job::FileParallel,
    Job::Text,
    Job::KnownEmoticon,
    Job::Forward,
    Job::FetchThumbnail,
    Job::FetchVideo,
    Job::FetchVoice,
    Job::FetchAvatar,
];

/// Returns all runs: the job, the place, the fault, and whether it happens from then on.
fn runs() -> Vec<Run> {
    let mut runs = Vec::new();
    let mut add = |run: Run| runs.extend(run.expected().map(|_| run));
    for (job, place) in SHOWN.into_iter().chain(FETCHED) {
        for fault in emulated() {
            for always in [false, true] {
                add(Run { job, place, fault, always });
            }
        }
    }
    for (shift, job) in OTHERS.into_iter().enumerate() {
        // The emulator counts preflights among the chunks.
        let places = job.places().iter().filter(|place| !place.is_side_call());
        let places: Vec<_> = places.copied().collect();
        for (at, fault) in emulated().enumerate() {
            let due = |place: &&Place| {
                Run { job, place: **place, fault, always: false }.expected().is_some()
            };
            let mut turn = places.iter().cycle().skip(at + shift).take(places.len());
            let Some(&place) = turn.find(due) else { continue };
            add(Run { job, place, fault, always: (at / places.len()) % 2 == 1 });
        }
    }
    runs
}

/// The number of threads per client.
const THREADS: usize = 2;

/// Makes every [`THREADS`]th run with one client, from `first`. Returns those that differ from the
/// rules.
fn run_some<C: Client>(name: &str, repeats: Repeats, first: usize) -> Vec<String> {
    // The target of redirects, which must not receive a request.
    let elsewhere = Emulator::start().unwrap();
    let session = Session::from_json_allow_loopback(elsewhere.session_json()).unwrap();
    let http = C::http(session.site());
    let mut wrong = Vec::new();
    for run in runs().into_iter().skip(first).step_by(THREADS) {
        let end = run.make::<C>(&http, repeats, &elsewhere.base());
        if end.as_ref().ok() != run.expected().as_ref() {
            wrong.push(format!("{name}, {repeats:?}, {run}: {end:?}"));
        }
    }
    assert_eq!(elsewhere.requests().len(), 0, "a redirect was followed");
    wrong
}

#[test]
fn every_fault_with_every_job_over_sockets() {
    let clients: [fn(usize) -> Vec<String>; 2] = [
        |first| run_some::<wx_ureq::Client>("ureq", Repeats::Replaces, first),
        |first| run_some::<Blocking>("reqwest", Repeats::Appended, first),
    ];
    let wrong: Vec<_> = std::thread::scope(|scope| {
        let threads = clients.iter().flat_map(|client| (0..THREADS).map(move |at| (client, at)));
        let threads: Vec<_> =
            threads.map(|(client, first)| scope.spawn(move || client(first))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} runs:\n{}", wrong.len(), wrong.join("\n"));
}

/// The faults that only fetches have.
const PARTS: &[&str] = &["content-range="];

/// Each job has each of these kinds of faults.
#[test]
fn every_job_has_every_kind_of_fault() {
    let kinds: [&[&str]; 12] = [
        &["drop=before"],
        &["drop=100"],
        &["drop=after"],
        &["close-idle"],
        &["status="],
        &["ret=", "foreign-media-id"],
        &["html", "empty", "cut="],
        &["trickle="],
        &["redirect="],
        &["big="],
        &["gzip", "chunked"],
        PARTS,
    ];
    let runs = runs();
    for job in crate::jobs::SENDS.into_iter().chain(crate::jobs::FETCHES) {
        for kind in kinds.into_iter().filter(|kind| *kind != PARTS || job.is_fetch()) {
            let has = |run: &Run| {
                let action = run.fault.emulated.unwrap().action;
                run.job == job && kind.iter().any(|start| action.starts_with(start))
            };
            assert!(runs.iter().any(has), "{job:?}, {kind:?}");
        }
        for place in job.places().iter().filter(|place| !place.is_side_call()) {
            let has = |run: &Run| run.job == job && run.place == *place;
            assert!(runs.iter().any(has), "{job:?}, {place:?}");
        }
    }
}
