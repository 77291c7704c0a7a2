use crate::model::error::{ChunkNumber, ErrorKind};
use crate::model::ids::LocalId;
use crate::model::step::Step;

/// The progress of a flow. It is cheap enough to be read after every step.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The current step.
    pub step: Step,
    /// The chunk that is being sent, if any.
    pub chunk: Option<ChunkNumber>,
    /// The number of bytes that were hashed, acknowledged by the server, or written, depending on
    /// the step.
    pub done: u64,
    /// The total number of bytes, once it is known.
    pub total: Option<u64>,
    /// The number of the current try of the current request, from 1; `None` while no request is
    /// under way.
    pub attempt: Option<u32>,
    /// The error of the previous try. `None` on the first try and after each successful reply,
    /// including an empty reply to a long poll.
    pub last_error: Option<ErrorKind>,
    /// The id of the message, once it is known.
    pub local_id: Option<LocalId>,
    /// Whether a message is in doubt: it has [left](super#the-contract), and there is no clear
    /// reply. If the job stops now, it stays unknown whether the message was delivered.
    pub in_doubt: bool,
}

impl Progress {
    /// Creates the progress of a step of `total` bytes that has not begun.
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

    /// Adds the state of the current call.
    pub(super) fn with_try(self, attempt: Option<u32>, last_error: Option<&ErrorKind>) -> Self {
        Self { attempt, last_error: last_error.cloned(), ..self }
    }
}
