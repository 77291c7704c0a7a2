//! The time limits of a whole exchange. They depend on how many bytes the exchange moves, so ureq
//! has no setting for them.
//!
//! ureq does all I/O of an exchange on the calling thread. Therefore the clock of the exchange is a
//! thread-local, which the connection of [`crate::connect`] reads before it blocks.

use std::cell::Cell;
use std::time::Instant;

use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Timeout};
use wx_client::exchange_clock::ExchangeClock;
use wx_proto::Limits;

thread_local! {
    static CURRENT: Cell<Option<ExchangeClock>> = const { Cell::new(None) };
    /// The time by which the current connection attempt has to be finished.
    static CONNECTED_BY: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The clock of an exchange, while no call of ureq is running.
pub(crate) struct Exchange(ExchangeClock);

impl Exchange {
    pub(crate) fn begin(limits: Limits) -> Self {
        Self(ExchangeClock::start(limits, Instant::now()))
    }

    /// Runs a call of ureq under the limits of this exchange.
    pub(crate) fn within<T>(&mut self, call: impl FnOnce() -> T) -> T {
        self.0.resume(Instant::now());
        let outer = CURRENT.replace(Some(self.0));
        let output = call();
        if let Some(clock) = CURRENT.replace(outer) {
            self.0 = clock;
        }
        self.0.pause(Instant::now());
        output
    }

    /// Counts bytes of the reply's body.
    pub(crate) fn received(&mut self, bytes: usize) {
        self.0.count(bytes as u64);
    }
}

/// Counts bytes of the request's body, before ureq writes them. If they were counted after the
/// write, a slow write with an acceptable rate would be given up.
pub(crate) fn sent(bytes: usize) {
    if let Some(mut clock) = CURRENT.get() {
        clock.count(bytes as u64);
        CURRENT.set(Some(clock));
    }
}

/// Limits the total time of `connect` to `timeout`. Without this, ureq's connector for proxies
/// would restart the timeout with each read.
pub(crate) fn connecting<T>(timeout: NextTimeout, connect: impl FnOnce() -> T) -> T {
    let by = timeout.not_zero().and_then(|after| Instant::now().checked_add(*after));
    let outer = CONNECTED_BY.replace(by);
    let output = connect();
    CONNECTED_BY.set(outer);
    output
}

/// Returns the minimum of `timeout`, the remaining time of the exchange, and the remaining time to
/// connect.
pub(crate) fn limit(timeout: NextTimeout) -> Result<NextTimeout, Error> {
    let now = Instant::now();
    let exchange = CURRENT.get().map(|clock| clock.left(now));
    let connection = CONNECTED_BY.get().map(|by| by.saturating_duration_since(now));
    let Some(left) = exchange.into_iter().chain(connection).min() else { return Ok(timeout) };
    if left.is_zero() {
        return Err(Error::Timeout(Timeout::Global));
    }
    let left = left.into();
    Ok(if left < timeout.after {
        NextTimeout { after: left, reason: Timeout::Global, ..timeout }
    } else {
        timeout
    })
}
