//! webwxgeticon and webwxgetheadimg: the avatars of people and rooms.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::exchange::call_spec::{CallSpec, Handler, Login, Outcome, PageRequest, Refusal};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::state::avatars::AvatarQuery;
use crate::state::contact_list::is_room;

pub(super) const GET_ICON: CallSpec = CallSpec {
    name: "webwxgeticon",
    methods: &["GET"],
    host: HostRole::Page,
    login: Login::Skey,
    handler: Handler::Sync(get),
    refusal: Refusal::Empty(|_| Reply::bytes(Bytes::new()).header(CONTENT_TYPE, "text/plain")),
    page: PageRequest {
        // The server writes addresses of avatars without an skey.
        raw: &["skey"],
        may_lack_skey: true,
        check: |call| check(call, false),
        ..PageRequest::element(&["seq", "username", "skey", "chatroomid?", "msgid?"])
    },
};

pub(super) const GET_HEAD_IMG: CallSpec = CallSpec {
    name: "webwxgetheadimg",
    page: PageRequest {
        query: Some(&["seq", "username", "skey"]),
        check: |call| check(call, true),
        ..GET_ICON.page
    },
    ..GET_ICON
};

/// Returns a picture. A reply without one is successful, but empty.
fn get(call: &ReceivedCall<'_>) -> Outcome {
    let (room, msg_id) = (call.query.get("chatroomid"), call.query.get("msgid"));
    let avatar = call.state.avatar(&AvatarQuery {
        user_name: &call.parameter("username"),
        room: room.as_deref(),
        msg_id: msg_id.as_deref(),
    });
    Ok(Reply::bytes(avatar.unwrap_or_default())
        .header(CONTENT_TYPE, "image/jpeg")
        .header(CACHE_CONTROL, "max-age=604800"))
}

/// Checks that the query is a `HeadImgUrl` that the server gives, or one that the page writes if it
/// has none: with `seq=0`, the room of a member, and the message of a stranger.
fn check(call: &ReceivedCall<'_>, of_room: bool) {
    let (user_name, state) = (call.parameter("username"), call.state);
    if is_room(&user_name) != of_room {
        call.violation("a person's and a room's avatar have different calls");
    }
    let seq = call.query.get("seq");
    let is_written = seq.as_deref() == Some("0");
    let is_given = |seq: &str| seq.parse().is_ok_and(|seq| state.knows_seq(&user_name, seq));
    if !is_written && !seq.as_deref().is_none_or(is_given) {
        call.violation("seq is neither that of HeadImgUrl nor 0");
    }
    if is_written && !of_room && call.query.raw("skey") == Some("") {
        call.violation("an empty skey in an address that the page writes");
    }
    let is_known = state.has_head_img_url(&user_name);
    match (call.query.get("chatroomid"), call.query.get("msgid")) {
        (None, None) if is_written && !is_known => {
            call.violation("neither chatroomid nor msgid for a stranger");
        }
        (None, None) => {}
        _ if is_known => call.violation("chatroomid or msgid for a contact"),
        (Some(_), Some(_)) => call.violation("both chatroomid and msgid"),
        (Some(room), None) if !state.is_encry_id_of_room_of(&room, &user_name) => {
            call.violation("chatroomid is not the EncryChatRoomId of a room of theirs");
        }
        (None, Some(msg_id)) if !state.messages().requests(&msg_id, &user_name) => {
            call.violation("msgid is not that of their friend request");
        }
        _ => {}
    }
}
