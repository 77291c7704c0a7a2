//! webwxrevokemsg: revokes a message.

use serde_json::Value;

use crate::exchange::call_spec::{
    CallSpec, Handler, Login, Outcome, PageBody, PageRequest, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::ret::MALFORMED;

pub(super) const REVOKE: CallSpec = CallSpec {
    name: "webwxrevokemsg",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::BaseRequest,
    handler: Handler::Sync(revoke),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest {
        check: check_recipient,
        ..PageRequest::script(
            &["lang?", "pass_ticket?"],
            PageBody::Json(&["BaseRequest", "SvrMsgId", "ToUserName", "ClientMsgId"]),
        )
    },
};

/// Ignores the ClientMsgId, because clients send arbitrary values. Revoking a message again
/// succeeds without an effect.
fn revoke(call: &ReceivedCall<'_>) -> Outcome {
    let body = call.json.as_ref().ok_or(MALFORMED)?;
    let (msg_id, to) = (&body["SvrMsgId"], &body["ToUserName"]);
    if is_to_helper(body) {
        return Err(MALFORMED);
    }
    let msg_id = msg_id.as_str().map(str::to_owned).or(msg_id.as_u64().map(|id| id.to_string()));
    let mut store = call.state.messages();
    let sent = store.messages.iter_mut().find(|sent| Some(&sent.msg_id) == msg_id.as_ref());
    let sent = sent.filter(|sent| *to == *sent.to).ok_or(MALFORMED)?;
    let is_late = sent.accepted_at.elapsed() > call.state.options.revocable_for;
    let newly_revoked = (!sent.revoked).then(|| {
        sent.revoked = true;
        sent.clone()
    });
    drop(store);
    if is_late {
        call.violation("a message that the page no longer offers to revoke");
    }
    if let Some(message) = newly_revoked {
        call.state.report_message(&message);
    }
    Ok(Reply::base_response(0))
}

fn check_recipient(call: &ReceivedCall<'_>) {
    if call.posted_json().is_some_and(is_to_helper) {
        call.violation("a message to filehelper, which the page does not revoke");
    }
}

/// Messages to the File Transfer Helper cannot be revoked, and the page does not offer it.
fn is_to_helper(body: &Value) -> bool {
    body["ToUserName"] == "filehelper"
}
