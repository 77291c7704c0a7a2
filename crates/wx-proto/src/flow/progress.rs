use crate::model::error::{ChunkNumber, ErrorKind};
use crate::model::ids::LocalId;
use crate::model::step::Step;

/// How far a flow is: a snapshot, cheap to ask for after every step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// The chunk being sent, while chunks are sent.
    pub chunk: Option<ChunkNumber>,
    /// Bytes done: digested, acknowledged by the server, or stored, by the step.
    pub done: u64,
    /// Bytes in all; 0 while not known.
    pub total: u64,
    /// The number of the current try of the current request, from 1; 0 when nothing is under way.
    pub attempt: u32,
    /// Why the try before this one failed; `None` on the first try, and after every good answer. A
    /// poll that was answered with nothing new did not fail.
    pub last_error: Option<ErrorKind>,
    /// The id of the message, once it is known: it tells which one is in doubt.
    pub local_id: Option<LocalId>,
    /// Whether a message was handed out that has no clear answer yet: to stop now leaves its fate
    /// unknown.
    pub in_doubt: bool,
}

impl Progress {
    /// Creates the progress of a step at its beginning, of `total` bytes, with nothing under way.
    #[must_use]
    pub fn new(step: Step, total: u64) -> Self {
        Self {
            step,
            chunk: None,
            done: 0,
            total,
            attempt: 0,
            last_error: None,
            local_id: None,
            in_doubt: false,
        }
    }

    /// The same, at a try.
    pub(super) fn with_try(self, attempt: u32, last_error: Option<&ErrorKind>) -> Self {
        Self { attempt, last_error: last_error.cloned(), ..self }
    }
}
