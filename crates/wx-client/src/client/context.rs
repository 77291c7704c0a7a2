use std::sync::Arc;

use wx_proto::Policy;

use crate::cancel_token::CancelToken;
use crate::pacer::{Pacer, Turn};
use crate::session_cell::SessionCell;
use crate::transport::Transport;

/// The state that the clones of a client and all their jobs share.
#[derive(Clone)]
pub(crate) struct Context<H> {
    pub(crate) session: SessionCell,
    pub(crate) policy: Arc<Policy>,
    pub(crate) pacer: Pacer,
    pub(crate) http: H,
}

impl<H: Transport> Context<H> {
    pub(crate) fn policy(&self) -> Policy {
        Policy::clone(&self.policy)
    }

    /// Waits for the turn of an upload, or until the job is cancelled. If the future is dropped,
    /// the turn stays unused.
    pub(crate) async fn turn(&self, token: &CancelToken) -> Turn<'_> {
        let turn = self.pacer.turn();
        H::sleep(turn.wait, token).await;
        turn
    }
}
