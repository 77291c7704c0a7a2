use std::time::Duration;

use wx_proto::flow::{Action, Flow, Login, LoginState, Observer};

/// An observer of a login that tells each new [`LoginState`] before the login goes on.
#[derive(Debug)]
pub struct ToldStates<T: FnMut(&LoginState)> {
    tell: T,
    told: usize,
}

impl<T: FnMut(&LoginState)> ToldStates<T> {
    /// Tells the states to `tell`.
    pub fn new(tell: T) -> Self {
        Self { tell, told: 0 }
    }
}

impl<T: FnMut(&LoginState)> Observer<Login> for ToldStates<T> {
    fn on_action(&mut self, login: &Login, _: &Action<<Login as Flow>::Output>, _: Duration) {
        let shown = login.shown();
        shown.iter().skip(self.told).for_each(&mut self.tell);
        self.told = shown.len();
    }
}
