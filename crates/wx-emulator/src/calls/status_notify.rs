//! webwxstatusnotify: the client's notice that it is online, or that a conversation was read.

use serde_json::json;

use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::random;
use crate::model::replies::base_response;

pub(super) const STATUS_NOTIFY: CallSpec = CallSpec {
    name: "webwxstatusnotify",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::BaseRequest,
    handler: Handler::Sync(notify),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest {
        check: check_names,
        ..PageRequest::script(
            &["lang?", "pass_ticket?"],
            PageBody::Json(&["BaseRequest", "Code", "FromUserName", "ToUserName", "ClientMsgId"]),
        )
    },
};

/// The code of a conversation that was read.
const READ: u64 = 1;

fn notify(call: &ReceivedCall<'_>) -> Outcome {
    if let Some(body) = &call.json
        && body["Code"] == READ
        && let Some(whom) = body["ToUserName"].as_str()
        && call.state.user_names().any(|name| name == whom)
    {
        call.state.messages().read.push(whom.to_owned());
    }
    let msg_id = random::msg_id().to_string();
    Ok(Reply::json(json!({ "BaseResponse": base_response(0), "MsgID": msg_id })))
}

fn check_names(call: &ReceivedCall<'_>) {
    let Some(body) = call.posted_json().filter(|body| body["Code"] == READ) else { return };
    if body["FromUserName"] != call.state.account.user_name.as_str() {
        call.violation("FromUserName is not this account's");
    }
    if !call.state.user_names().any(|name| body["ToUserName"] == *name) {
        call.violation("ToUserName is not a contact of this account");
    }
    if !body["ClientMsgId"].is_u64() {
        call.violation("ClientMsgId is not a number");
    }
}
