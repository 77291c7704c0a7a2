//! webwxgeticon and webwxgetheadimg: the avatars of people and rooms.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::hub::{Call, Hub};
use crate::reply::Reply;

/// Without the cookies, with another skey, or for somebody unknown, the answer is 200 and nothing.
pub(super) fn get(call: &Call, hub: &Hub) -> Reply {
    let user_name = call.query.get("username").unwrap_or_default();
    let skey = call.query.get("skey").unwrap_or_default();
    let admitted = super::admit_cookies(call, hub).is_ok() && hub.account.knows_skey(&skey);
    let room = call.query.get("chatroomid");
    let avatar = hub.avatar(&user_name, room.as_deref()).filter(|_| admitted);
    Reply::bytes(avatar.unwrap_or_default())
        .header(CONTENT_TYPE, "image/jpeg")
        .header(CACHE_CONTROL, "max-age=604800")
}
