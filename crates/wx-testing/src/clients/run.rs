//! Runs a client through all steps.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde_json::{Value, json};
use wx_emulator::Emulator;

use super::STEPS;
use super::assets::Assets;
use super::driver::{Directories, drive};
use super::judge::{FRIEND, Judge, MEMBER, ROOM};
use super::roster::Client;
use crate::TestBed;

/// The maximum number of requests for messages in a run.
const MAX_POLLS: usize = 150;

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// The server has stored the expected data.
    Passed,
    /// The client does not support the step.
    Unsupported(String),
    /// The step failed, for this reason.
    Failed(String),
}

/// The result of a client.
#[derive(Clone, Debug)]
pub struct Run {
    /// The results by step. Steps that were not reached are missing.
    pub outcomes: BTreeMap<&'static str, StepOutcome>,
    /// The violations, each with its number of occurrences.
    pub violations: Vec<(String, usize)>,
    /// The requests that the proxy has refused, such as requests without TLS.
    pub refused: Vec<String>,
    /// The number of requests for messages.
    pub polls: usize,
    /// Why the driver did not end normally, if so.
    pub driver_error: Option<String>,
}

impl Run {
    /// Returns the result of a step.
    pub fn outcome(&self, step: &str) -> StepOutcome {
        let unreached = || StepOutcome::Failed("never reached".to_owned());
        self.outcomes.get(step).cloned().unwrap_or_else(unreached)
    }

    /// Returns all differences between the results and the known faults of the client.
    pub fn differences(&self, client: &Client) -> Vec<String> {
        let mut differences = Vec::new();
        for step in STEPS {
            let known = client.faults.iter().any(|fault| fault.step == step);
            match self.outcome(step) {
                StepOutcome::Failed(why) if !known => differences.push(format!("{step}: {why}")),
                StepOutcome::Passed if known => {
                    differences.push(format!("{step}: succeeds, but is listed as failing"))
                }
                _ => {}
            }
        }
        differences.extend(self.driver_error.clone());
        let violations = self.violations.iter().filter(|_| client.is_official);
        differences.extend(
            violations.map(|(what, _)| format!("the official page has a violation: {what}")),
        );
        differences.extend(self.refused.iter().map(|what| format!("refused by the proxy: {what}")));
        if self.polls > MAX_POLLS {
            differences
                .push(format!("{} requests for messages: the client is in a loop", self.polls));
        }
        differences
    }
}

/// Runs a client. `drivers` is `crates/wx-testing/clients`, `installed` is the directory of its
/// packages, and `scratch` is a directory for files, which clients may share.
///
/// # Errors
///
/// Returns an error if the bed cannot be started or if a file cannot be written.
pub fn run(client: &Client, drivers: &Path, installed: &Path, scratch: &Path) -> io::Result<Run> {
    let builder = Emulator::builder()
        .profile(client.profile)
        .contact(FRIEND, "")
        .room(ROOM, [MEMBER, "Carol"]);
    let bed = TestBed::start(builder)?;
    let emulator = bed.emulator();
    // An emulator starts logged in, which must not be mistaken for a login by the client.
    emulator.log_out();

    let assets = Assets::new();
    // Each client has its own directories, so that no other client finds a file that is still being
    // written.
    let (files, home) = (scratch.join(format!("{}.files", client.name)), scratch.join(client.name));
    std::fs::create_dir(&files)?;
    std::fs::create_dir(&home)?;
    assets.write(&files)?;

    let mut judge = Judge::new(emulator, &assets, client.profile);
    let mut outcomes = BTreeMap::new();
    let directories = Directories { drivers, installed, files: &files, scratch: &home };
    let driven = drive(client, &bed, directories, |line| answer(&mut judge, &mut outcomes, line));
    let polls = ["synccheck", "webwxsync"].map(|call| emulator.requests_to(call)).iter().sum();
    Ok(Run {
        outcomes,
        violations: emulator.violation_counts(),
        refused: bed.refused(),
        polls,
        driver_error: driven.err().map(|error| error.to_string()),
    })
}

fn answer(
    judge: &mut Judge<'_>,
    outcomes: &mut BTreeMap<&'static str, StepOutcome>,
    line: &Value,
) -> Value {
    if let Some(what) = line["ask"].as_str() {
        return judge.request(what);
    }
    let Some(step) = STEPS.into_iter().find(|step| line["step"] == **step) else {
        return json!({});
    };
    let outcome = if let Some(why) = line["lacks"].as_str() {
        StepOutcome::Unsupported(why.to_owned())
    } else if let Some(why) = line["error"].as_str() {
        StepOutcome::Failed(why.to_owned())
    } else {
        judge.step(step, &line["saw"]).map_or_else(StepOutcome::Failed, |()| StepOutcome::Passed)
    };
    let verdict = match &outcome {
        StepOutcome::Failed(why) => json!({ "ok": false, "why": why }),
        _ => json!({ "ok": true }),
    };
    outcomes.insert(step, outcome);
    verdict
}
