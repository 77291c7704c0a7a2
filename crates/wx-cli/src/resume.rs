//! `wx resume`.

use std::process::ExitCode;

use crate::args::{Global, Resume};
use crate::batch::Batch;
use crate::job_dir::JobDir;
use crate::report::Report;
use crate::send::subjects;
use crate::session::{self, Use};

pub(crate) fn run(args: Resume, global: Global) -> ExitCode {
    let job = match JobDir::open(&args.dir) {
        Ok(job) => job,
        Err(problem) => {
            Report::new(&global, Vec::new()).refuse(&args.dir, &problem);
            return ExitCode::FAILURE;
        }
    };
    let plan = job.plan().clone();
    let report = Report::new(&global, subjects(&plan));
    for file in 0..plan.files.len() {
        for to in (0..plan.to.len()).filter(|to| job.is_sent(file, *to)) {
            report.known(file * plan.to.len() + to);
        }
    }
    crate::job::run(report, move |report| {
        let mut policy = global.policy();
        (policy.max_picture, policy.as_file) = (plan.max_size, plan.as_file);
        let path = args.session.place();
        let Some(client) = session::connect(&path, Use::Send, policy, &global, report) else {
            return;
        };
        if let Err(problem) = job.check_login(client.session()) {
            return report.refuse(&args.dir, &problem);
        }
        Batch { client: &client, job, resend: args.resend, report }.run();
    })
}
