//! Violations: requests that the server accepts, but that the official page would not send. Their
//! texts name fields and headers, and never quote a value that could be a secret.

pub(crate) mod form;
pub(crate) mod names;

mod check;
mod headers;
mod json;
mod parallel_form;
mod query;

use crate::exchange::call_spec::CallSpec;
use crate::exchange::received_call::ReceivedCall;

use self::check::Check;

/// Records how a call differs from the requests of the official page.
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
    parallel_form::check_parallel_form(&check);
}
