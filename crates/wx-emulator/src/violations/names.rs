//! Checks who sends something to whom.

use serde_json::Value;

use crate::exchange::received_call::ReceivedCall;

/// Checks `FromUserName` and `ToUserName` of a request.
pub(crate) fn check_names(call: &ReceivedCall<'_>, request: &Value) {
    if request["FromUserName"] != call.state.account.user_name.as_str() {
        call.violation("FromUserName is not this account's");
    }
    if !call.state.user_names().any(|name| request["ToUserName"] == *name) {
        call.violation("ToUserName is not a contact of this account");
    }
}
