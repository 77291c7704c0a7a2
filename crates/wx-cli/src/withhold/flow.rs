//! A flow whose requests tell what a login is made of before there is a session.

use std::time::Duration;

use wx_proto::Outgoing;
use wx_proto::flow::{Action, Flow, Input, Misuse, Progress, Snapshot};

/// A flow of whose requests the login's code and ticket are withheld.
pub(crate) struct Withholding<F>(F);

impl<F: Flow> Withholding<F> {
    pub(crate) fn new(flow: F) -> Self {
        Self(flow)
    }
}

impl<F: Flow> Flow for Withholding<F> {
    type Output = F::Output;

    fn poll(&mut self, now: Duration) -> Action<F::Output> {
        let action = self.0.poll(now);
        if let Action::Send(_, request) = &action {
            withhold(request);
        }
        action
    }

    fn handle(&mut self, input: Input, now: Duration) -> Result<(), Misuse> {
        self.0.handle(input, now)
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }

    fn snapshot(&self) -> Option<Snapshot> {
        self.0.snapshot()
    }

    fn cancel(&mut self) {
        self.0.cancel();
    }
}

fn withhold(request: &Outgoing) {
    let query = request.http().uri().query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    for (_, value) in pairs.filter(|(name, _)| matches!(*name, "uuid" | "ticket")) {
        super::value(value);
    }
}
