//! `wx resume`.

use std::process::ExitCode;

use crate::args::{Global, Resume};
use crate::files;
use crate::job_dir::JobDir;
use crate::out;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::worker;

use super::batch::{Batch, close};

pub(crate) fn run(args: Resume, global: Global) -> ExitCode {
    let job = match JobDir::open(&args.dir) {
        Ok(Some(job)) => job,
        // A job that is finished leaves an empty directory.
        Ok(None) => {
            out::note(format!("wx: {}: holds no job: nothing to resume", args.dir.display()));
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            Report::new(&global, Vec::new()).refuse(&args.dir, &problem);
            return ExitCode::FAILURE;
        }
    };
    let plan = job.plan().clone();
    let report = Report::new(&global, plan.subjects(&plan.kinds()));
    let recipients = plan.to.len();
    let all = (0..plan.items.len()).flat_map(move |file| (0..recipients).map(move |to| (file, to)));
    for (subject, (file, to)) in all.clone().enumerate() {
        if job.is_settled(file, to) {
            report.known(subject);
        } else if job.is_in_doubt(file, to) {
            report.in_doubt(subject);
        }
    }
    worker::run(report, move |report| {
        if args.give_up {
            for (subject, (file, to)) in all.clone().enumerate() {
                match job.give_up(file, to) {
                    Ok(true) => {
                        let _ = report.problem(subject..subject + 1, &Problem::given_up());
                    }
                    Ok(false) => {}
                    Err(problem) => return report.refuse(&args.dir, &problem),
                }
            }
        }
        if all.clone().all(|(file, to)| job.is_settled(file, to)) {
            return close(job, report);
        }
        let policy = plan.limited(global.policy());
        let use_for = if plan.has_files() { Use::Send } else { Use::Fetch };
        let path = args.session.place_or(plan.session);
        files::remove_stale_temp_files(&path);
        session::with_client(&path, use_for, policy, &global, report, |client| {
            if let Err(problem) = job.check_login(&client.session()) {
                return report.refuse(&args.dir, &problem);
            }
            Batch { client, job, resend: args.resend, report }.run();
        });
    })
}
