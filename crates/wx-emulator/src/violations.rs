//! Violations: what the official page would not have sent, although the server accepts it. Their
//! texts name fields and headers, and never quote a value that could be a secret.

pub(crate) mod form;

mod check;
mod headers;
mod json;
mod query;

use crate::exchange::call_spec::CallSpec;
use crate::exchange::received_call::ReceivedCall;

use self::check::Check;

/// Records what the official page would not have sent.
pub(crate) fn check(spec: &CallSpec, call: &ReceivedCall<'_>) {
    let check = Check::new(spec, call);
    if !call.host().serves(spec.host, check.profile) {
        check.violation("not sent to the host that the page sends it to");
    }
    headers::check_headers(&check);
    query::check_query(&check);
    (spec.page.check)(call);
    json::check_json(&check);
    form::check_form(&check);
}
