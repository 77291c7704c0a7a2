use std::time::Duration;

use wx_proto::flow::{Action, Flow, Login, LoginState, Observer};

/// Calls a function with each new [`LoginState`] before the login continues.
#[derive(Debug)]
pub(crate) struct LoginObserver<S: FnMut(&LoginState)> {
    show: S,
    shown: usize,
}

impl<S: FnMut(&LoginState)> LoginObserver<S> {
    pub(crate) fn new(show: S) -> Self {
        Self { show, shown: 0 }
    }
}

impl<S: FnMut(&LoginState)> Observer<Login> for LoginObserver<S> {
    fn on_action(&mut self, login: &Login, _: &Action<<Login as Flow>::Output>, _: Duration) {
        let states = login.shown();
        states.iter().skip(self.shown).for_each(&mut self.show);
        self.shown = states.len();
    }
}
