use wx_proto::flow::{Delivery, TransportErrorKind};
use wx_proto::{Advice, ErrorKind, RequestError};

use super::host::advice;
use super::item::HealthItem;
use super::status::HealthStatus;

/// Whether the server still accepts the login. The question changes nothing, neither on the server
/// nor in the position of the messages.
///
/// For web WeChat it is webwxbatchgetcontact for the account's own contact, which the server
/// answers at once. The File Transfer Helper has no contacts, so it is synccheck there, which does
/// not move the position; only webwxsync does. The server refuses a synccheck at once if the login
/// is over, but holds it for about 25 s if nothing is new ([§8.5](wx_proto::protocol#s8-5)). It is
/// abandoned after five seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptanceHealth {
    /// The server accepts the login.
    Accepted,
    /// The server has not refused the login in time, although its host replies fast enough: it
    /// holds the synccheck.
    Held,
    /// The server has not refused the login in time, but its host replies slowly, so it may only
    /// be late.
    Unanswered,
    /// The server refuses the login, or its reply says neither.
    Problem(ErrorKind),
    /// The server was not asked, because its page could not be requested.
    NoHost,
    /// The server was not asked, because there is no complete login.
    NoLogin,
    /// The server was not asked, because a synccheck needs a position in the messages, which the
    /// session does not have yet.
    NoPosition,
}

impl AcceptanceHealth {
    /// Judges the outcome of a synccheck. If `is_fast`, the host has replied to another request
    /// in much less time than the synccheck has had.
    pub(super) fn from_long_poll(outcome: Result<(), ErrorKind>, is_fast: bool) -> Self {
        match outcome {
            Err(ErrorKind::Network { error, .. })
                if error.kind == TransportErrorKind::Stalled
                    && error.delivery == Delivery::Unknown =>
            {
                if is_fast {
                    Self::Held
                } else {
                    Self::Unanswered
                }
            }
            outcome => Self::from_reply(outcome),
        }
    }

    /// Judges the outcome of a call that the server answers at once.
    pub(super) fn from_reply(outcome: Result<(), ErrorKind>) -> Self {
        match outcome {
            Ok(()) => Self::Accepted,
            Err(ErrorKind::Request(RequestError::NoSyncKey)) => Self::NoPosition,
            Err(kind) => Self::Problem(kind),
        }
    }

    /// Returns the result of the check.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        match self {
            Self::Accepted | Self::Held => HealthStatus::Ok,
            Self::Unanswered => HealthStatus::Warning,
            // The login itself is accepted.
            Self::Problem(kind) if advice(kind) == Advice::Wait => HealthStatus::Warning,
            Self::Problem(_) => HealthStatus::Failed,
            Self::NoHost | Self::NoLogin | Self::NoPosition => HealthStatus::Skipped,
        }
    }

    pub(super) fn item(&self) -> HealthItem {
        let item = |message: String| HealthItem::new("acceptance", self.status(), message);
        match self {
            Self::Accepted => item("the server accepts the login".to_owned()),
            Self::Held => {
                item("the server has not refused the login, and waits for news".to_owned())
            }
            Self::Unanswered => {
                item("the server has not refused the login, but its host replies slowly".to_owned())
                    .advise_in_words(Advice::RetryLater, "check again later")
            }
            Self::Problem(kind) => item(kind.to_string()).advise(advice(kind)),
            Self::NoHost => item("not asked, because the page could not be requested".to_owned()),
            Self::NoLogin => item("not asked, because there is no complete login".to_owned()),
            Self::NoPosition => {
                item("not asked, because nothing has been received in this login yet".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wx_proto::flow::TransportError;

    use super::*;

    #[test]
    fn p56_a_slow_host_does_not_show_that_it_holds_a_synccheck() {
        let error = TransportError::on_the_way(TransportErrorKind::Stalled);
        let outcome = || Err(ErrorKind::Network { error, tries: 1 });
        let held = AcceptanceHealth::from_long_poll(outcome(), true);
        assert_eq!((held.status(), &held), (HealthStatus::Ok, &AcceptanceHealth::Held));
        let late = AcceptanceHealth::from_long_poll(outcome(), false);
        assert_eq!((late.status(), &late), (HealthStatus::Warning, &AcceptanceHealth::Unanswered));
        assert!(late.item().next.is_some());
    }
}
