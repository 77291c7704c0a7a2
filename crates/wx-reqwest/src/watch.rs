use std::fmt;

use wx_proto::flow::Progress;

/// What a caller wants to hear of a job. To stop it, drop its future.
///
/// ```
/// use wx_reqwest::Watch;
///
/// let watch = Watch::new().progress(|now| println!("{} of {} bytes", now.done, now.total));
/// ```
#[derive(Default)]
#[must_use]
pub struct Watch<'a> {
    progress: Option<Callback<'a>>,
}

type Callback<'a> = Box<dyn FnMut(&Progress) + Send + 'a>;

impl<'a> Watch<'a> {
    /// Hears nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `callback` after each step of the job, before the next one is acted on: when
    /// [`Progress::in_doubt`] is set, the message is about to leave.
    pub fn progress(mut self, callback: impl FnMut(&Progress) + Send + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    pub(crate) fn report(&mut self, progress: &Progress) {
        if let Some(callback) = &mut self.progress {
            callback(progress);
        }
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
