//! Whether a message may have been delivered, and since when.

use std::time::Duration;

use super::ResumeOptions;
use super::clock::Moment;

use crate::model::unix_ms::UnixMs;

/// The known facts about the delivery of a message.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Remembered {
    /// Whether a try other than the current one may have been delivered.
    pub(super) maybe: bool,
    /// When it first left, if it may have been delivered.
    pub(super) first_left: Option<UnixMs>,
    /// When the caller asked to send the message again although it had left too long ago.
    pub(super) resend_at: Option<UnixMs>,
    /// Whether the current time is unknown, or was unknown when the message left. It then counts as
    /// too old.
    pub(super) is_age_unknown: bool,
}

impl Remembered {
    /// Restores the state of a saved message.
    pub(super) fn saved(first_left: Option<UnixMs>, at: ResumeOptions) -> Self {
        // Without a battery, the clock of a computer starts in 1970.
        let is_age_unknown =
            !at.resend && (at.start() == UnixMs::EPOCH || first_left == Some(UnixMs::EPOCH));
        let resend_at = at.resend.then_some(at.start());
        Self { maybe: first_left.is_some(), first_left, resend_at, is_age_unknown }
    }

    /// Returns whether the message may have been delivered so long before `at` that it must not
    /// leave again. If the clock was set back, the message counts as late, because its age is
    /// unknown.
    pub(super) fn is_late(&self, at: Duration, Moment { clock, policy, .. }: Moment<'_>) -> bool {
        let Self { maybe, first_left, resend_at, is_age_unknown } = *self;
        let Some(first) = resend_at.or(first_left) else { return false };
        let age = clock.time(at).checked_duration_since(first);
        maybe && (is_age_unknown || age.is_none_or(|age| age > policy.resend_within))
    }
}
