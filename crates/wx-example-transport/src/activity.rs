use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use smol::Timer;
use smol::future::or;
use wx_proto::Limits;

/// Tracks the activity of an exchange. The connection, the bodies and the waiting future share it.
#[derive(Clone)]
pub(crate) struct Activity(Arc<Mutex<State>>);

struct State {
    limits: Limits,
    /// The start of the exchange, moved forward by each pause.
    began: Instant,
    /// The start of the current pause.
    paused: Instant,
    /// The time at which the last byte moved.
    last_byte: Instant,
    body_bytes: u64,
}

impl Activity {
    pub(crate) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            limits,
            began: now,
            paused: now,
            last_byte: now,
            body_bytes: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that bytes of the connection have moved.
    pub(crate) fn record_activity(&self) {
        self.state().last_byte = Instant::now();
    }

    /// Counts bytes of the request's or the reply's body. Only these extend an exchange.
    pub(crate) fn count(&self, body_bytes: usize) {
        self.state().body_bytes += body_bytes as u64;
    }

    /// Returns the time at which to give up if nothing moves until then.
    fn due(&self) -> Instant {
        let State { limits, began, last_byte, body_bytes, .. } = *self.state();
        let stalled = last_byte + limits.stall;
        let given_up = began.checked_add(limits.give_up_after(body_bytes));
        given_up.map_or(stalled, |given_up| given_up.min(stalled))
    }

    /// Awaits `work`. Returns `None` if a limit of the exchange is exceeded. The time between two
    /// such waits does not count, because the flow may be writing to a slow disk.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        {
            let (mut state, now) = (self.state(), Instant::now());
            let paused = state.paused;
            state.began += now - paused;
            state.last_byte = now;
        }
        let mut work = pin!(work);
        let output = loop {
            let timeout = async {
                Timer::at(self.due()).await;
                None
            };
            let output = or(async { Some(work.as_mut().await) }, timeout).await;
            if output.is_some() || self.due() <= Instant::now() {
                break output;
            }
        };
        self.state().paused = Instant::now();
        output
    }
}
