use std::time::Duration;

use super::{Action, Flow, Input};

/// Observes a flow while its driver runs it. `()` observes nothing.
pub trait Observer<F: Flow + ?Sized> {
    /// Called with the flow and each action, before the driver performs the action.
    fn on_action(&mut self, flow: &F, action: &Action<F::Output>, now: Duration) {
        let _ = (flow, action, now);
    }

    /// Called with each input before the flow handles it.
    fn on_input(&mut self, input: &Input, now: Duration) {
        let _ = (input, now);
    }
}

impl<F: Flow + ?Sized> Observer<F> for () {}

impl<F: Flow + ?Sized, O: Observer<F> + ?Sized> Observer<F> for &mut O {
    fn on_action(&mut self, flow: &F, action: &Action<F::Output>, now: Duration) {
        (**self).on_action(flow, action, now);
    }

    fn on_input(&mut self, input: &Input, now: Duration) {
        (**self).on_input(input, now);
    }
}

/// Calls both observers, in order.
impl<F: Flow + ?Sized, A: Observer<F>, B: Observer<F>> Observer<F> for (A, B) {
    fn on_action(&mut self, flow: &F, action: &Action<F::Output>, now: Duration) {
        self.0.on_action(flow, action, now);
        self.1.on_action(flow, action, now);
    }

    fn on_input(&mut self, input: &Input, now: Duration) {
        self.0.on_input(input, now);
        self.1.on_input(input, now);
    }
}
