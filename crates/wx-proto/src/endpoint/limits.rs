//! The limits of a request, and its connection settings.

use std::time::Duration;

use http::response::Parts;

use crate::model::policy::Policy;

/// The limits that a driver has to obey when it sends a request, and the request's connection
/// settings. The values are from the [`Policy`].
///
/// An exchange begins when the driver receives the request from the flow, and ends when its reply
/// is complete. Time that the driver spends on other actions in between, such as writing received
/// bytes, does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Give up when no byte has moved for this long. The head of a reply may count as one byte.
    pub stall: Duration,
    /// Give up after this time, even if bytes move.
    pub total: Option<Duration>,
    /// After this time, give up when the average rate of the exchange is below
    /// [`Limits::min_rate`].
    pub slow_after: Duration,
    /// The minimum average rate in bytes per second. Only bytes of the request's and the reply's
    /// body count, not heads, 1xx replies, chunk sizes, chunk extensions, trailers or TLS records.
    pub min_rate: u64,
    /// The maximum size of the head of a reply in bytes: for each header its name, its value and 4
    /// bytes. The flow refuses a larger head. The driver has to stop reading at any larger size.
    pub max_head: usize,
    /// The maximum number of headers of a reply. The flow refuses more.
    pub max_headers: usize,
    /// Use no proxy, because the request goes to a loopback address.
    pub direct: bool,
    /// Use a new connection, because the request failed on a reused one.
    pub new_connection: bool,
}

impl Limits {
    pub(super) fn new(policy: &Policy, stall: Duration) -> Self {
        Self {
            stall,
            total: None,
            slow_after: policy.slow_after,
            min_rate: policy.min_rate,
            max_head: policy.max_head,
            max_headers: policy.max_headers,
            direct: false,
            new_connection: false,
        }
    }

    /// Returns the time after which an exchange has to be given up if it has moved no more than
    /// `body_bytes` until then. This includes the sent bytes of the request's body and the received
    /// bytes of the reply's body. More bytes extend the time, up to [`Limits::total`].
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use wx_proto::{Profile, Session, Site, UnixMs, endpoint::{Endpoint, js_login::JsLogin}};
    /// # let limits = JsLogin::new(UnixMs::EPOCH)
    /// #     .request(&Session::new(Site::new(Profile::Web)))?.limits();
    /// assert_eq!(limits.give_up_after(0), Duration::from_secs(60));
    /// assert_eq!(limits.give_up_after(100 * 1024), Duration::from_secs(100));
    /// # Ok::<(), wx_proto::RequestError>(())
    /// ```
    #[must_use]
    pub fn give_up_after(&self, body_bytes: u64) -> Duration {
        let nanos = u128::from(body_bytes) * 1_000_000_000;
        let fair = match nanos.checked_div(self.min_rate.into()).map(u64::try_from) {
            Some(Ok(nanos)) => Duration::from_nanos(nanos),
            // No rate is below a minimum of 0.
            Some(Err(_)) | None => Duration::MAX,
        };
        self.slow_after.max(fair).min(self.total.unwrap_or(Duration::MAX))
    }

    /// Returns whether the head of a reply is within the limits.
    pub(crate) fn admit(&self, head: &Parts) -> bool {
        let bytes = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        head.headers.len() <= self.max_headers && bytes.sum::<usize>() <= self.max_head
    }
}
