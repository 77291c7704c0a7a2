use crate::model::error::{ChunkNumber, ErrorKind};
use crate::model::ids::LocalId;
use crate::model::step::Step;

/// The progress of a flow, cheap enough to ask for after every step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The current step.
    pub step: Step,
    /// The chunk being sent, while chunks are sent.
    pub chunk: Option<ChunkNumber>,
    /// Bytes done: hashed, acknowledged by the server, or written, depending on the step.
    pub done: u64,
    /// Bytes in all, once they are known.
    pub total: Option<u64>,
    /// The number of the current try of the current request, from 1; `None` while no request is
    /// under way.
    pub attempt: Option<u32>,
    /// Why the try before this one failed; `None` on the first try, and after every good reply. A
    /// long poll that returned nothing new did not fail.
    pub last_error: Option<ErrorKind>,
    /// The id of the message, once it is known. It identifies the message that is in doubt.
    pub local_id: Option<LocalId>,
    /// Whether a message was handed out that has no clear answer. If the job stops now, its fate
    /// stays unknown.
    pub in_doubt: bool,
}

impl Progress {
    /// Creates the progress of a step that begins, of `total` bytes, with no request under way.
    #[must_use]
    pub fn new(step: Step, total: impl Into<Option<u64>>) -> Self {
        Self {
            step,
            chunk: None,
            done: 0,
            total: total.into(),
            attempt: None,
            last_error: None,
            local_id: None,
            in_doubt: false,
        }
    }

    /// Returns this progress at a try.
    pub(super) fn with_try(self, attempt: Option<u32>, last_error: Option<&ErrorKind>) -> Self {
        Self { attempt, last_error: last_error.cloned(), ..self }
    }
}
