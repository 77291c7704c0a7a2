//! What is known of a message that may have been delivered.

use std::time::Duration;

use super::ResumeOptions;
use super::clock::Moment;

/// What is known of a message that must not be sent twice unseen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Remembered {
    /// Whether a hand-out other than the outstanding one may have been delivered.
    pub(super) maybe: bool,
    /// When it first left, in Unix milliseconds, if it may have been delivered.
    pub(super) first_ms: Option<u64>,
    /// When the caller asked to hand out again a message that had left too long ago.
    pub(super) resend_ms: Option<u64>,
    /// Whether the time is unknown, or was when it left: then it counts as too old.
    pub(super) is_timeless: bool,
}

impl Remembered {
    /// A message that was saved, taken up again.
    pub(super) fn saved(first_ms: Option<u64>, at: ResumeOptions) -> Self {
        // The clock of a computer that has no battery for it begins in 1970.
        let is_timeless = !at.resend && (at.start_ms() == 0 || first_ms == Some(0));
        let resend_ms = at.resend.then_some(at.start_ms());
        Self { maybe: first_ms.is_some(), first_ms, resend_ms, is_timeless }
    }

    /// Whether a message may have been delivered, so long before `at` that it must not leave again.
    /// A clock that was set back says nothing, so the message counts as late.
    pub(super) fn is_late(&self, at: Duration, Moment { clock, policy, .. }: Moment<'_>) -> bool {
        let within = u64::try_from(policy.resend_within.as_millis()).unwrap_or(u64::MAX);
        let Self { maybe, first_ms, resend_ms, is_timeless } = *self;
        let Some(first) = resend_ms.or(first_ms) else { return false };
        let age = clock.unix_ms(at).checked_sub(first);
        maybe && (is_timeless || age.is_none_or(|age| age > within))
    }
}
