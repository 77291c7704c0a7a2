//! reportforweb, webwxstatreport and webwxoplog: calls that have no effect on this server.

use http::header::CONTENT_TYPE;

use crate::exchange::call_spec::{
    BaseRequestKind, CallSpec, Handler, Login, PageBody, PageHeaders, PageRequest, Refusal,
};
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;

/// Telemetry of the page.
pub(super) const STAT_REPORT: CallSpec = CallSpec {
    name: "webwxstatreport",
    methods: &["POST"],
    host: HostRole::Page,
    login: Login::Sid,
    handler: Handler::Sync(|_| Ok(Reply::base_response(0))),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest {
        fixed: &[("fun", &["new"])],
        base_request: BaseRequestKind::NoSkey,
        ..PageRequest::script(
            &["fun", "lang?", "pass_ticket?"],
            PageBody::Json(&["BaseRequest", "Count", "List"]),
        )
    },
};

/// webwxoplog, which sets the remark of a contact or pins it.
pub(super) const OP_LOG: CallSpec = CallSpec {
    name: "webwxoplog",
    page: PageRequest::script(&["lang?", "pass_ticket?"], PageBody::Unchecked),
    ..STAT_REPORT
};

/// A ping, which the page sends by loading an image.
pub(super) const REPORT_FOR_WEB: CallSpec = CallSpec {
    name: "reportforweb",
    methods: &["GET"],
    host: HostRole::Telemetry,
    login: Login::None,
    handler: Handler::Sync(|_| Ok(Reply::bytes("").header(CONTENT_TYPE, "image/gif"))),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest {
        headers: PageHeaders::Telemetry,
        ..PageRequest::element(&["rid", "rkey", "rvalue"])
    },
};
