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

/// The host of the files gets the ticket as a cookie on every page, and the login's other cookies on
/// that of web WeChat alone: so the ticket is the proof, in either place.
fn find(call: &Call, hub: &Hub) -> Option<Media> {
    let ticket = call.query.get("webwx_data_ticket").unwrap_or_default();
    let has_cookie = hub.account.knows_cookie(call.header("cookie"), "webwx_data_ticket");
    if !hub.logins().is_in() || !has_cookie || ticket != hub.account.data_ticket {
        return None;
    }
    hub.gallery().media(&call.query.get("mediaid")?)
}
