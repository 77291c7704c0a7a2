//! reportforweb: telemetry, whose answer nobody looks at.

use http::header::CONTENT_TYPE;

use crate::reply::Reply;

pub(super) fn ping() -> Reply {
    Reply::bytes("").header(CONTENT_TYPE, "image/gif")
}
