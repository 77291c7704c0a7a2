//! webwxgeticon and webwxgetheadimg: the avatars of people and rooms.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::exchange::call_spec::{CallSpec, Handler, Login, Outcome, PageRequest, Refusal};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::ret::MALFORMED;

pub(super) const GET_ICON: CallSpec = CallSpec {
    name: "webwxgeticon",
    methods: &["GET"],
    host: HostRole::Page,
    login: Login::Skey,
    handler: Handler::Sync(get),
    refusal: Refusal::Empty(|_| image(Bytes::new())),
    page: PageRequest {
        // The server writes the addresses of avatars without an skey.
        raw: &["skey"],
        may_lack_skey: true,
        ..PageRequest::element(&["seq", "username", "skey", "chatroomid?", "msgid?"])
    },
};

pub(super) const GET_HEAD_IMG: CallSpec = CallSpec { name: "webwxgetheadimg", ..GET_ICON };

fn get(call: &ReceivedCall<'_>) -> Outcome {
    let room = call.query.get("chatroomid");
    let avatar = call.state.avatar(&call.parameter("username"), room.as_deref());
    avatar.map(image).ok_or(MALFORMED)
}

fn image(bytes: Bytes) -> Reply {
    Reply::bytes(bytes).header(CONTENT_TYPE, "image/jpeg").header(CACHE_CONTROL, "max-age=604800")
}
