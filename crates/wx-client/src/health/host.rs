use std::time::Duration;

use wx_proto::flow::TransportErrorKind;
use wx_proto::{Advice, Error, ErrorChain, ErrorKind, Origin, ReplyError, Step};

use super::item::HealthItem;
use super::status::HealthStatus;
use crate::build_error::BuildError;

/// Whether the host of the page replies: its name is resolved, a new connection is made, through
/// the proxy if there is one, the certificate is checked, and the page is requested without
/// cookies.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HostHealth {
    /// The host.
    pub host: Origin,
    /// The time until the reply was complete, or the reason why there is none.
    pub result: Result<Duration, HostProblem>,
}

/// Why the host of the page does not reply.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum HostProblem {
    /// There is no HTTP client.
    Setup(BuildError),
    /// There was no reply in time, or it is not the page.
    Request {
        /// The reason.
        kind: ErrorKind,
        /// The time until then.
        took: Duration,
    },
}

impl HostProblem {
    /// Returns the name of the step that failed: `setup`, `resolve`, `connect`, `proxy`,
    /// `certificate`, `tls` or `reply`.
    #[must_use]
    pub fn step(&self) -> &'static str {
        let Self::Request { kind, .. } = self else { return "setup" };
        match kind {
            ErrorKind::Network { error, .. } => match error.kind {
                TransportErrorKind::Resolve
                | TransportErrorKind::Connect
                | TransportErrorKind::Proxy(_)
                | TransportErrorKind::Certificate(_)
                | TransportErrorKind::Tls => error.kind.name(),
                _ => "reply",
            },
            ErrorKind::Reply(_) => "reply",
            _ => "setup",
        }
    }
}

impl HostHealth {
    /// Returns whether the host has replied with the page.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        self.result.is_ok()
    }

    /// Returns the time until the host itself has replied: with the page, or with an error of its
    /// own, behind which it may still serve a login. A redirect or another page can be of somebody
    /// else.
    pub(super) fn replied_in(&self) -> Option<Duration> {
        match &self.result {
            Ok(took) => Some(*took),
            Err(HostProblem::Request { kind: ErrorKind::Reply(ReplyError::Status(_)), took }) => {
                Some(*took)
            }
            Err(_) => None,
        }
    }

    /// Returns the line for this check, after the certificates were checked.
    pub(super) fn item(&self, certificates: HealthStatus) -> HealthItem {
        let item = |status, message: String| HealthItem::new("host", status, message);
        let host = self.host.host();
        let problem = match &self.result {
            Ok(took) => {
                return item(HealthStatus::Ok, format!("{host} replied in {}", millis(*took)));
            }
            Err(problem) => problem,
        };
        let step = problem.step();
        match problem {
            // The proxy has an item.
            HostProblem::Setup(BuildError::Proxy(_)) => {
                item(HealthStatus::Skipped, format!("{host} was not tried, because of the proxy"))
            }
            HostProblem::Setup(BuildError::Client) if certificates == HealthStatus::Failed => {
                let why = "because no certificate is trusted";
                item(HealthStatus::Skipped, format!("{host} was not tried, {why}"))
            }
            HostProblem::Setup(error) => {
                item(HealthStatus::Failed, format!("{host}: step {step}: {error}"))
                    .advise(Advice::Report)
            }
            HostProblem::Request { kind, took } => {
                let (why, took) = (ErrorChain(kind), millis(*took));
                item(HealthStatus::Failed, format!("{host}: step {step}: {why} ({took})"))
                    .advise(advice(kind))
            }
        }
    }
}

/// Returns what to do about the error of a request that changes nothing.
pub(super) fn advice(kind: &ErrorKind) -> Advice {
    Error::new(Step::Sync, kind.clone()).advice()
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
