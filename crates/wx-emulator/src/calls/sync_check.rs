//! synccheck: a long poll that ends when a message arrives.

use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;

use super::sync_key::{self, CLOCK};
use crate::exchange::call_spec::{CallSpec, Handler, Login, Outcome, PageRequest, Refusal};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::ret::{INVALID_SESSION, NO_SESSION, Ret};
use crate::state::logins::State;

pub(super) const SYNC_CHECK: CallSpec = CallSpec {
    name: "synccheck",
    methods: &["GET"],
    host: HostRole::Push,
    login: Login::Identity,
    handler: Handler::Async(|call| Box::pin(check(call))),
    refusal: Refusal::Ret(|ret| reply(ret, NOTHING)),
    page: PageRequest::element(&[
        "r",
        "skey",
        "sid",
        "uin",
        "deviceid",
        "synckey",
        "_?",
        "mmweb_appid?",
    ]),
};

/// Values of `selector` in the reply.
const NOTHING: u32 = 0;
const NEW_MESSAGE: u32 = 2;

async fn check(call: &ReceivedCall<'_>) -> Outcome {
    let key = call.parameter("synckey");
    let val = |name: &str| key.split('|').find_map(|pair| pair.strip_prefix(name)?.parse().ok());
    if call.state.messages().synced && val("1000_") == Some(CLOCK) {
        call.violation("SyncKey instead of SyncCheckKey");
    }
    let incoming_message = call.state.incoming_message.notified();
    let has_new = || sync_key::received(val("2_")) < call.state.messages().incoming.len();
    if has_new() {
        return Ok(reply(0, NEW_MESSAGE));
    }
    let _ = tokio::time::timeout(call.state.options.hold, incoming_message).await;
    let login = call.state.logins().state();
    match login {
        State::In if has_new() => Ok(reply(0, NEW_MESSAGE)),
        State::In => Ok(reply(0, NOTHING)),
        State::Out => Err(NO_SESSION),
        State::EndedByPhone => Err(INVALID_SESSION),
    }
}

fn reply(retcode: Ret, selector: u32) -> Reply {
    Reply::script(format!("window.synccheck={{retcode:\"{retcode}\",selector:\"{selector}\"}}"))
        .header(ACCESS_CONTROL_ALLOW_ORIGIN, "*")
}
