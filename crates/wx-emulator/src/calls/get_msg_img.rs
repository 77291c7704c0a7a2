//! webwxgetmsgimg: a message's picture or its thumbnail.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LAST_MODIFIED};

use crate::hub::{Call, Hub};
use crate::reply::Reply;

/// Whatever is wrong, the server answers 200 and nothing; whatever the picture, it says
/// `image/jpeg`.
pub(super) fn get(call: &Call, hub: &Hub) -> Reply {
    let bytes = find(call, hub).unwrap_or_default();
    Reply::bytes(bytes)
        .header(CONTENT_TYPE, "image/jpeg")
        .header(LAST_MODIFIED, httpdate::fmt_http_date(hub.now()))
        .header(CACHE_CONTROL, "max-age=604800")
}

fn find(call: &Call, hub: &Hub) -> Option<Bytes> {
    super::admit_cookies(call, hub).ok()?;
    let skey = call.query.get("skey")?;
    if !hub.account.knows_skey(&skey) {
        return None;
    }
    let picture = hub.mailbox().picture(&call.query.get("msgid")?)?;
    match call.query.get("type").as_deref() {
        Some("slave") => Some(picture.thumbnail.as_ref()?.bytes.clone()),
        _ => Some(picture.bytes.clone()),
    }
}
