//! The table of `docs/clients.md`.

use std::fmt::Write;

use super::STEPS;
use super::roster::Client;
use super::run::{Run, StepOutcome};

/// Returns the clients and steps as Markdown, with a footnote for each fault of a client.
pub fn table(runs: &[(&Client, Run)]) -> String {
    let mut out = format!("| client | {} |\n", STEPS.join(" | "));
    let _ = writeln!(out, "|---|{}", ":-:|".repeat(STEPS.len()));
    let (mut faults, mut lacking) = (Vec::new(), Vec::new());
    for (client, run) in runs {
        let _ = write!(out, "| {} ({}) |", client.name, client.version);
        for step in STEPS {
            let cell = match run.outcome(step) {
                StepOutcome::Passed => "+".to_owned(),
                StepOutcome::Unsupported(why) => {
                    lacking.push(format!("{}, {step}: {why}", client.name));
                    "–".to_owned()
                }
                StepOutcome::Failed(why) => match client.faults.iter().find(|f| f.step == step) {
                    Some(fault) => {
                        faults.push(format!("{}, {step}: {}", client.name, fault.evidence));
                        format!("[{}]", faults.len())
                    }
                    None => format!("FAILED: {why}"),
                },
            };
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    }
    out.push('\n');
    for (number, fault) in faults.iter().enumerate() {
        let _ = writeln!(out, "{}. {fault}", number + 1);
    }
    out.push('\n');
    for why in lacking {
        let _ = writeln!(out, "- {why}");
    }
    out
}
