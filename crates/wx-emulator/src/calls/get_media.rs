//! webwxgetmedia: a file that was delivered or uploaded.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use crate::exchange::call_spec::{CallSpec, Handler, Login, Outcome, PageRequest, Refusal};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::profile::Profile;
use crate::model::replies::encry_file_name;
use crate::model::ret::MALFORMED;

pub(super) const GET_MEDIA: CallSpec = CallSpec {
    name: "webwxgetmedia",
    methods: &["GET"],
    host: HostRole::File,
    login: Login::QueryTicket,
    handler: Handler::Sync(get),
    refusal: Refusal::Empty(|_| Reply::bytes(Bytes::new())),
    page: PageRequest {
        check: check_values,
        ..PageRequest::element(&[
            "sender",
            "mediaid",
            "encryfilename",
            "fromuser",
            "pass_ticket",
            "webwx_data_ticket",
            "sid?",
            "mmweb_appid?",
        ])
    },
};

fn get(call: &ReceivedCall<'_>) -> Outcome {
    let media = call.state.media().media(&call.parameter("mediaid")).ok_or(MALFORMED)?;
    let name = encry_file_name(&media.name);
    Ok(Reply::bytes(media.file.bytes.clone())
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_DISPOSITION, format!("attachment;filename=\"{name}\"")))
}

/// Checks that the query has the values of the message that delivered the file, or those of the
/// account's own upload. The server accepts others.
fn check_values(call: &ReceivedCall<'_>) {
    let (state, account) = (call.state, &call.state.account);
    let media_id = call.parameter("mediaid");
    let message = state.messages().incoming_file(&media_id);
    let sender = message.as_ref().map_or(&account.user_name, |file| &file.sender);
    if call.parameter("sender") != *sender {
        call.violation("sender is not the message's");
    }
    let spelled = message.map(|file| file.encry_file_name).filter(|name| !name.is_empty());
    let is_the_name = match (spelled, state.media().media(&media_id)) {
        (Some(spelled), _) => call.query.raw("encryfilename") == Some(&spelled),
        (None, Some(media)) => call.parameter("encryfilename") == media.name,
        (None, None) => true,
    };
    if !is_the_name {
        call.violation("encryfilename is not the message's, as received");
    }
    if call.parameter("fromuser") != account.uin.to_string() {
        call.violation("fromuser is not the uin");
    }
    let sid = call.query.get("sid");
    let is_the_pages = match state.logins().profile {
        Profile::Web => sid.is_none(),
        Profile::FileHelper => sid.as_ref() == Some(&state.credentials().sid),
    };
    if !is_the_pages {
        call.violation("sid is not the page's");
    }
}
