use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use smol::Timer;
use smol::future::or;
use wx_proto::Limits;

/// What has moved in an exchange, shared by the connection, the bodies, and whoever waits.
#[derive(Clone)]
pub(crate) struct Activity(Arc<Mutex<State>>);

struct State {
    limits: Limits,
    /// When the exchange began, moved forward by the time that nobody waited for it.
    began: Instant,
    paused: Instant,
    /// When a byte moved last.
    moved: Instant,
    body_bytes: u64,
}

impl Activity {
    pub(crate) fn new(limits: Limits) -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            limits,
            began: now,
            paused: now,
            moved: now,
            body_bytes: 0,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that bytes of the connection have moved.
    pub(crate) fn moved(&self) {
        self.state().moved = Instant::now();
    }

    /// Notes bytes of the request's or the reply's body. No others extend an exchange.
    pub(crate) fn count(&self, body_bytes: usize) {
        self.state().body_bytes += body_bytes as u64;
    }

    /// Returns when to give up if nothing moves until then.
    fn due(&self) -> Instant {
        let State { limits, began, moved, body_bytes, .. } = *self.state();
        let stalled = moved + limits.stall;
        let given_up = began.checked_add(limits.give_up_after(body_bytes));
        given_up.map_or(stalled, |given_up| given_up.min(stalled))
    }

    /// Awaits `work` for as long as the limits of the exchange allow. What happens between two such
    /// waits, such as writing to a slow disk, does not count.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        {
            let (mut state, now) = (self.state(), Instant::now());
            let paused = state.paused;
            state.began += now - paused;
            state.moved = now;
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
