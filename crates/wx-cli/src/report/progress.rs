//! Progress of the work: the progress bar, and the lines of `-v`.

use wx_proto::Step;
// `RunOptions::progress` takes a `Progress`.
use wx_proto::flow::Progress;

use super::Report;
use crate::out;

impl Report {
    /// Shows a step of the job.
    pub(crate) fn progress(&self, progress: &Progress) {
        let mut state = self.state();
        let now = &mut state.current;
        let is_new_step = (now.step, now.chunk, now.attempt)
            != (Some(progress.step), progress.chunk, progress.attempt);
        (now.step, now.chunk, now.attempt) =
            (Some(progress.step), progress.chunk, progress.attempt);
        now.local_id.clone_from(&progress.local_id);
        now.in_doubt = progress.in_doubt;
        // A revocation is made only once, and may have been executed without its reply.
        let is_revocation = progress.step == Step::Call && state.is_revocation();
        state.current.in_doubt |= is_revocation;
        if state.closed {
            return;
        }
        if !matches!(progress.step, Step::Prepare | Step::Digest)
            && let Some(note) = state.note.take()
        {
            state.aside(|| out::error(&note));
        }
        let name = state.name();
        let what = describe(progress, is_revocation);
        if let Some(bar) = &state.bar {
            if let Some(total) = progress.total {
                bar.set_length(total);
            }
            bar.set_position(progress.done);
            if is_new_step {
                bar.set_message(out::shown(&format!("{what}: {name}")));
            }
        }
        if self.verbose
            && is_new_step
            && (progress.attempt.is_some() || progress.step == Step::Digest)
        {
            let size = match progress.total {
                None => String::new(),
                Some(total) => format!(" ({} of {total} bytes done)", progress.done),
            };
            let why = match &progress.last_error {
                Some(error) => format!("; the last attempt failed: {}", out::error_chain(error)),
                None => String::new(),
            };
            out::error(&format!("{name}: {what}{size}{why}"));
        }
    }
}

/// Describes a step.
fn describe(progress: &Progress, is_revocation: bool) -> String {
    let what = match (progress.step, progress.chunk) {
        (Step::Upload, Some(chunk)) => {
            format!("uploading chunk {} of {}", chunk.index + 1, chunk.of)
        }
        (Step::Prepare, _) => "preparing".to_owned(),
        (Step::Digest, _) => "reading".to_owned(),
        (Step::Check, _) => "checking the upload".to_owned(),
        (Step::Upload, None) => "uploading".to_owned(),
        (Step::Message, _) => "sending the message".to_owned(),
        (Step::Download, _) => "fetching".to_owned(),
        (Step::Call, _) if is_revocation => "revoking the message".to_owned(),
        (Step::Call, _) => "asking the server".to_owned(),
        (step, _) => step.name().to_owned(),
    };
    match progress.attempt {
        Some(attempt @ 2..) => format!("{what}, attempt {attempt}"),
        _ => what,
    }
}
