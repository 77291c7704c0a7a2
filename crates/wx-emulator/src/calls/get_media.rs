//! webwxgetmedia: a file that arrived, or that was uploaded.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use crate::hub::{Call, Hub};
use crate::picture::Media;
use crate::replies::encry_file_name;
use crate::reply::Reply;

/// Whatever is wrong, the answer is 200 and nothing.
pub(super) fn get(call: &Call, hub: &Hub) -> Reply {
    let Some(Media { picture, name }) = find(call, hub) else { return Reply::bytes(Bytes::new()) };
    let name = encry_file_name(&name);
    Reply::bytes(picture.bytes.clone())
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_DISPOSITION, format!("attachment;filename=\"{name}\""))
}

/// The ticket is the proof, and one place of it is enough, as for an upload: the cookie of that
/// name reaches this host from every page, the login's other cookies from that of web WeChat alone.
fn find(call: &Call, hub: &Hub) -> Option<Media> {
    let ticket = &hub.account.data_ticket;
    let by_query = call.query.get("webwx_data_ticket").as_ref() == Some(ticket);
    let by_cookie = hub.account.knows_cookie(call.header("cookie"), "webwx_data_ticket");
    if !hub.logins().is_in() || !(by_query || by_cookie) {
        return None;
    }
    if !by_query {
        hub.violation(&call.endpoint, "webwx_data_ticket of the query is not the cookie's");
    }
    if !by_cookie {
        hub.violation(&call.endpoint, "no webwx_data_ticket among the cookies");
    }
    hub.gallery().media(&call.query.get("mediaid")?)
}
