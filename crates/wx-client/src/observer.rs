//! Observers of flows that are made of closures.
//!
//! For each exchange with the server there is [`Trace`](wx_proto::flow::Trace), for what a login
//! shows [`ToldStates`](crate::ToldStates).

use std::fmt;
use std::time::Duration;

use wx_proto::flow::{Action, Flow, Observer, Progress};

/// Returns an observer that calls `tell` with the progress of a flow before each of its actions.
///
/// ```
/// use std::time::Duration;
///
/// use wx_client::observer;
/// use wx_proto::flow::{Flow, Logout, Observer};
/// # use wx_proto::{IdSource, Policy, Session};
/// # let session = Session::builder("https://wx.qq.com").uin(1).sid("sid").skey("skey");
/// # let mut session = session.user_name("@me").build()?;
/// # let seed = IdSource::process().seed(1, [0; 16]);
/// # let mut flow = Logout::new(&session, seed, Policy::default())?;
///
/// let mut steps = Vec::new();
/// let mut observer = observer::progress(|now| steps.push(now.step.name()));
/// // Drivers such as `drive_observed` of the clients take it beside the flow, and do this:
/// let action = flow.poll(&mut session, Duration::ZERO);
/// observer.acted(&flow, &action, Duration::ZERO);
/// assert_eq!(steps, ["logout"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn progress<T: FnMut(&Progress)>(tell: T) -> ToldProgress<T> {
    ToldProgress(tell)
}

/// An observer that tells progress. Made by [`progress`].
pub struct ToldProgress<T>(T);

impl<F: Flow, T: FnMut(&Progress)> Observer<F> for ToldProgress<T> {
    fn acted(&mut self, flow: &F, _: &Action<F::Output>, _: Duration) {
        (self.0)(&flow.progress());
    }
}

impl<T> fmt::Debug for ToldProgress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToldProgress").finish_non_exhaustive()
    }
}
