//! webwxgetmsgimg: the image of a message, or its thumbnail.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LAST_MODIFIED};

use crate::exchange::call_spec::{CallSpec, Handler, Login, Outcome, PageRequest, Refusal};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::ret::{INVALID_SESSION, MALFORMED};
use crate::state::server_state::ServerState;

pub(super) const GET_MSG_IMG: CallSpec = CallSpec {
    name: "webwxgetmsgimg",
    methods: &["GET"],
    host: HostRole::Page,
    login: Login::Skey,
    handler: Handler::Sync(get),
    refusal: Refusal::Empty(|state| image(Bytes::new(), state)),
    page: PageRequest {
        fixed: &[("type", &["slave", "big"])],
        check: check_range,
        ..PageRequest::element(&["MsgID", "skey", "mmweb_appid?", "type?"])
    },
};

fn get(call: &ReceivedCall<'_>) -> Outcome {
    // An empty skey is accepted, but a missing one is refused.
    call.query.get("skey").ok_or(INVALID_SESSION)?;
    let file = call.state.messages().media(&call.parameter("msgid")).ok_or(MALFORMED)?;
    let bytes = match call.query.get("type").as_deref() {
        Some("slave") => &file.thumbnail.as_ref().ok_or(MALFORMED)?.bytes,
        _ => &file.bytes,
    };
    Ok(image(bytes.clone(), call.state))
}

/// Returns an image. Its Content-Type is always `image/jpeg`.
fn image(bytes: Bytes, state: &ServerState) -> Reply {
    Reply::bytes(bytes)
        .header(CONTENT_TYPE, "image/jpeg")
        .header(LAST_MODIFIED, httpdate::fmt_http_date(state.now()))
        .header(CACHE_CONTROL, "max-age=604800")
}

fn check_range(call: &ReceivedCall<'_>) {
    if call.header("range").is_some() {
        call.violation("Range for an image");
    }
}
