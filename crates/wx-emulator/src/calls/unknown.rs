//! Unknown calls.

use crate::exchange::call_spec::{CallSpec, Handler, Login, PageBody, PageRequest, Refusal};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::ret::MALFORMED;

/// The row for all unknown paths. It allows no methods, so its handler is never called.
pub(super) static UNKNOWN: CallSpec = CallSpec {
    name: "",
    methods: &[],
    host: HostRole::Page,
    login: Login::None,
    handler: Handler::Sync(|_| Err(MALFORMED)),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest { query: None, ..PageRequest::script(&[], PageBody::Unchecked) },
};

/// Like the real server, replies in JSON if the path has the prefix of web WeChat's calls.
pub(super) fn reply_to(call: &ReceivedCall<'_>) -> Reply {
    call.violation(format!("{} is not supported by this server", call.method));
    if call.is_api {
        return Reply::base_response(MALFORMED);
    }
    Reply::html("<html><body>Not Found</body></html>\n").status(404)
}
