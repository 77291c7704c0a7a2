//! The progress of a job and of its current call.

use super::{Due, Runner};
use crate::flow::Progress;
use crate::flow::job::Job;

impl<J: Job> Runner<J> {
    pub(in crate::flow) fn progress(&self) -> Progress {
        let at = self.job.progress();
        match &self.due {
            Due::Settle | Due::Read(_) => at,
            Due::Call | Due::Write(..) => {
                Progress { in_doubt: self.call.in_doubt(), ..self.call.progress(at) }
            }
            // Keep reporting the tries of a message or a download.
            Due::Done(done) if self.call.retry().is_message() || self.call.retry().streamed => {
                // Until this is saved, only this job knows that the message may have been
                // delivered.
                let is_saving = self.outstanding_save().is_some();
                let in_doubt = is_saving && done.is_err() && self.call.in_doubt();
                Progress { in_doubt, ..self.call.progress(at) }
            }
            Due::Done(_) => at,
        }
    }
}
