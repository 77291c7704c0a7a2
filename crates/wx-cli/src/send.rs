//! `wx send-image`.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::process::ExitCode;

use wx_proto::UserName;

use crate::args::{Global, SendImage};
use crate::event::Subject;
use crate::files::Input;
use crate::job;
use crate::problem::Problem;
use crate::report::Report;
use crate::session::{self, Use};
use crate::transport::{Client, Ears};

pub(crate) fn run(args: SendImage, global: Global) -> ExitCode {
    let subjects = args.images.iter().flat_map(|image| {
        let file = image.to_string_lossy().into_owned();
        args.to.iter().map(move |to| Subject::Picture { file: file.clone(), to: to.clone() })
    });
    let report = Report::new(&global, subjects.collect());
    job::run(report, move |report| work(&args, &global, report))
}

fn work(args: &SendImage, global: &Global, report: &Report) {
    let Some(session) = session::load(&args.session, Use::Send, report) else { return };
    let mut policy = global.policy();
    policy.max_picture = args.max_size;
    let client = match Client::new(global.transport, session, policy) {
        Ok(client) => client,
        Err(problem) => return report.refuse(&args.session, &problem),
    };
    for (at, image) in args.images.iter().enumerate() {
        let subjects = at * args.to.len()..(at + 1) * args.to.len();
        if send(&client, image, &args.to, subjects, args.max_size, report).is_break() {
            break;
        }
    }
}

/// Uploads one picture and sends it to everybody.
fn send(
    client: &Client,
    image: &Path,
    recipients: &[UserName],
    subjects: Range<usize>,
    limit: u64,
    report: &Report,
) -> ControlFlow<()> {
    if report.stopped() {
        return ControlFlow::Break(());
    }
    report.begin(subjects.clone(), None);
    let Some(first) = recipients.first() else { return ControlFlow::Continue(()) };
    let uploaded = Input::of(image).and_then(|input| client.upload(first, input, limit, report));
    let uploaded = match uploaded {
        Ok(uploaded) => uploaded,
        Err(problem) => return report.problem(subjects, &problem),
    };
    if let Some(start_pos) = uploaded.odd_start_pos {
        let image = image.display();
        report.warn(&format!("{image}: warning: the server counts {start_pos} bytes of {}", uploaded.bytes));
    }
    for (to, subject) in recipients.iter().zip(subjects) {
        if report.stopped() {
            return ControlFlow::Break(());
        }
        report.begin(subject..subject + 1, Some(&uploaded.media_id));
        match client.send_uploaded(to, &uploaded, report) {
            Ok(sent) => report.sent(subject, &sent),
            Err(problem) => {
                let media_id = problem.media_id.clone().or_else(|| Some(uploaded.media_id.as_str().into()));
                report.problem(subject..subject + 1, &Problem { media_id, ..problem })?;
            }
        }
    }
    ControlFlow::Continue(())
}
