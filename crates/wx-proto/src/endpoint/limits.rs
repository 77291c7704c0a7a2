//! Time limits of a request, and how to send it.

use std::time::Duration;

use http::response::Parts;

use crate::model::policy::Policy;

/// How a driver has to send a request, and for how long. The values come from [`Policy`].
///
/// An exchange begins when the driver takes the request and lasts until its reply is complete. Time
/// that the driver spends on other actions in between, such as writing what it has received, does
/// not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Give up when no byte has moved for this long. The head of a reply may count as one byte.
    pub stall: Duration,
    /// Give up after this time in any case.
    pub total: Option<Duration>,
    /// After this time, give up while the average rate of the exchange is below
    /// [`Limits::min_rate`].
    pub slow_after: Duration,
    /// The minimum rate in bytes per second of both bodies, the request's and the reply's. Nothing
    /// else counts: no heads, no 1xx replies, no chunk sizes, chunk extensions or trailers, no TLS
    /// records.
    pub min_rate: u64,
    /// The largest head of a reply, in bytes: for each header its name, its value and 4 bytes. The
    /// flow refuses a larger one; a driver only has to stop reading somewhere above this.
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

    /// Returns the time after which an exchange has to be given up if it has moved `body_bytes` by
    /// then: the bytes sent of the request's body and received of the reply's. More bytes extend
    /// it, up to [`Limits::total`].
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
            // No rate is below 0.
            Some(Err(_)) | None => Duration::MAX,
        };
        self.slow_after.max(fair).min(self.total.unwrap_or(Duration::MAX))
    }

    /// Whether a reply may have this head.
    pub(crate) fn admit(&self, head: &Parts) -> bool {
        let bytes = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        head.headers.len() <= self.max_headers && bytes.sum::<usize>() <= self.max_head
    }
}
