//! `wx send-image`.

use std::process::ExitCode;

use crate::args::{Global, SendImage};
use crate::batch::Batch;
use crate::event::Subject;
use crate::job;
use crate::report::Report;
use crate::saved::{Plan, Saved};
use crate::session::{self, Use};

pub(crate) fn run(args: SendImage, global: Global) -> ExitCode {
    let plan = Plan {
        files: args.images.clone(),
        to: args.to.clone(),
        max_size: args.max_size,
        pace: args.pace.unwrap_or_default(),
    };
    let report = Report::new(&global, subjects(&plan));
    job::run(report, move |report| work(&args, plan, &global, report))
}

/// A subject for each picture and recipient, in the order in which they are sent.
pub(crate) fn subjects(plan: &Plan) -> Vec<Subject> {
    let of = |file: &std::path::PathBuf| {
        let file = file.to_string_lossy().into_owned();
        plan.to.iter().map(move |to| Subject::Picture { file: file.clone(), to: to.clone() })
    };
    plan.files.iter().flat_map(of).collect()
}

fn work(args: &SendImage, plan: Plan, global: &Global, report: &Report) {
    let mut policy = global.policy();
    policy.max_picture = plan.max_size;
    let Some(client) = session::connect(&args.session, Use::Send, policy, global, report) else { return };
    let saved = match &args.resume_dir {
        Some(dir) => match Saved::create(dir, &plan, &client.session()) {
            Ok(saved) => Some(saved),
            Err(problem) => return report.refuse(dir, &problem),
        },
        None => None,
    };
    Batch { client: &client, plan: &plan, saved, resend: false, report }.run();
}
