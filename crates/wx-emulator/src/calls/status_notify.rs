//! webwxstatusnotify: the client's notice that it is online.

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
    page: PageRequest::script(
        &["lang?", "pass_ticket?"],
        PageBody::Json(&["BaseRequest", "Code", "FromUserName", "ToUserName", "ClientMsgId"]),
    ),
};

fn notify(_: &ReceivedCall<'_>) -> Outcome {
    let msg_id = random::msg_id().to_string();
    Ok(Reply::json(json!({ "BaseResponse": base_response(0), "MsgID": msg_id })))
}
