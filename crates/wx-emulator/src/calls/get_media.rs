//! webwxgetmedia: a file that was delivered or uploaded.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use crate::exchange::call_spec::{CallSpec, Handler, Login, Outcome, PageRequest, Refusal};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::replies::encry_file_name;
use crate::model::ret::MALFORMED;

pub(super) const GET_MEDIA: CallSpec = CallSpec {
    name: "webwxgetmedia",
    methods: &["GET"],
    host: HostRole::File,
    login: Login::QueryTicket,
    handler: Handler::Sync(get),
    refusal: Refusal::Empty(|_| Reply::bytes(Bytes::new())),
    page: PageRequest::element(&[
        "sender",
        "mediaid",
        "encryfilename",
        "fromuser",
        "pass_ticket",
        "webwx_data_ticket",
        "sid?",
        "mmweb_appid?",
    ]),
};

fn get(call: &ReceivedCall<'_>) -> Outcome {
    let media = call.state.media().media(&call.parameter("mediaid")).ok_or(MALFORMED)?;
    let name = encry_file_name(&media.name);
    Ok(Reply::bytes(media.file.bytes.clone())
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_DISPOSITION, format!("attachment;filename=\"{name}\"")))
}
