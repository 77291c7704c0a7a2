//! The calls, by wire name.

mod avatar;
mod check_upload;
mod contacts;
mod get_media;
mod get_msg_img;
mod report;
mod revoke;
mod send;
mod sign_in;
mod sync;
mod upload_media;

use serde_json::Value;

use crate::account::{INVALID_SESSION, MALFORMED, NO_SESSION};
use crate::hub::{Call, Hub};
use crate::login::State;
use crate::replies;
use crate::reply::Reply;

/// The wire names that [`answer`] knows.
pub(crate) const NAMES: [&str; 27] = [
    "jslogin",
    "qrcode",
    "login",
    "webwxnewloginpage",
    "webwxpushloginurl",
    "webwxlogout",
    "webwxinit",
    "webwxsync",
    "synccheck",
    "webwxstatusnotify",
    "webwxgetcontact",
    "webwxbatchgetcontact",
    "webwxuploadmedia",
    "webwxcheckupload",
    "webwxsendmsgimg",
    "webwxsendappmsg",
    "webwxsendemoticon",
    "webwxsendmsg",
    "webwxsendvideomsg",
    "webwxrevokemsg",
    "webwxgetmsgimg",
    "webwxgetmedia",
    "webwxgeticon",
    "webwxgetheadimg",
    "webwxstatreport",
    "webwxoplog",
    "reportforweb",
];

/// Does what a request asks for.
pub(crate) async fn answer(call: &Call, hub: &Hub) -> Reply {
    match (call.method.as_str(), call.endpoint.as_str()) {
        ("GET", "") => sign_in::page(),
        ("GET" | "POST", "jslogin") => sign_in::jslogin(call, hub),
        ("GET", "qrcode") => sign_in::qrcode(hub),
        ("GET", "login") => sign_in::poll(call, hub),
        ("GET", "webwxnewloginpage") => sign_in::new_login_page(call, hub),
        ("GET", "webwxpushloginurl") => sign_in::push_login_url(call, hub),
        ("GET" | "POST", "webwxlogout") => sign_in::logout(call, hub),
        ("POST", "webwxinit") => sync::init(call, hub),
        ("POST", "webwxsync") => sync::sync(call, hub),
        ("GET", "synccheck") => sync::check(call, hub).await,
        ("POST", "webwxstatusnotify") => send::status_notify(call, hub),
        // Some clients post it, with or without a body.
        ("GET" | "POST", "webwxgetcontact") => contacts::all(call, hub),
        ("POST", "webwxbatchgetcontact") => contacts::some(call, hub),
        ("OPTIONS", "webwxuploadmedia") => upload_media::preflight(call),
        ("OPTIONS", _) => upload_media::allow(call, Reply::text("")),
        ("POST", "webwxuploadmedia") => upload_media::upload(call, hub).await,
        ("POST", "webwxcheckupload") => check_upload::check(call, hub),
        ("POST", "webwxsendmsgimg") => send::image(call, hub),
        ("POST", "webwxsendappmsg") => send::file(call, hub),
        ("POST", "webwxsendemoticon") => send::emoticon(call, hub),
        ("POST", "webwxsendvideomsg") => send::video(call, hub),
        ("POST", "webwxsendmsg") => send::text(call, hub),
        ("POST", "webwxrevokemsg") => revoke::revoke(call, hub),
        ("GET", "webwxgetmsgimg") => get_msg_img::get(call, hub),
        ("GET", "webwxgetmedia") => get_media::get(call, hub),
        ("GET", "webwxgeticon" | "webwxgetheadimg") => avatar::get(call, hub),
        ("POST", "webwxstatreport" | "webwxoplog") => report::accept(call, hub),
        ("GET", "reportforweb") => report::ping(),
        _ => unknown(call, hub),
    }
}

/// A call that this server does not know: as the real one, it answers those of web WeChat in JSON.
fn unknown(call: &Call, hub: &Hub) -> Reply {
    hub.violation(&call.endpoint, format!("{} is nothing this server knows", call.method));
    if call.is_api {
        return Reply::json(replies::plain(MALFORMED));
    }
    Reply::html("<html><body>Not Found</body></html>\n").status(404)
}

/// A refusal in the shape of the call's answer.
pub(crate) fn refusal(endpoint: &str, ret: i64) -> Reply {
    match endpoint {
        "jslogin" => {
            Reply::text(format!("window.QRLogin.code = {ret}; window.QRLogin.uuid = \"\";"))
        }
        "login" => Reply::text(format!("window.code={ret};")),
        "webwxnewloginpage" => sign_in::refused(ret),
        "synccheck" => sync::check_answer(ret, 0),
        "webwxinit" => Reply::json(sync::empty_init(ret)),
        "webwxsync" => Reply::json(sync::empty_sync(ret)),
        "webwxuploadmedia" => Reply::json(replies::upload_refused(ret)),
        "webwxcheckupload" => Reply::json(check_upload::answer(ret, "", "", "", "")),
        "webwxsendmsgimg" | "webwxsendappmsg" | "webwxsendemoticon" | "webwxsendmsg"
        | "webwxsendvideomsg" => Reply::json(replies::message(ret, "", "")),
        _ => Reply::json(replies::plain(ret)),
    }
}

/// The JSON body of a call that needs the login, or the Ret it is refused with.
fn admit(call: &Call, hub: &Hub) -> Result<Value, i64> {
    admit_cookies(call, hub)?;
    let body = call.json().ok_or(MALFORMED)?;
    hub.account.check(&body["BaseRequest"])?;
    Ok(body)
}

fn admit_cookies(call: &Call, hub: &Hub) -> Result<(), i64> {
    admit_state(hub)?;
    if hub.account.knows_cookies(call.header("cookie")) { Ok(()) } else { Err(NO_SESSION) }
}

/// Whether there is a login at all.
fn admit_state(hub: &Hub) -> Result<(), i64> {
    match hub.logins().state {
        State::In => Ok(()),
        State::Out => Err(NO_SESSION),
        State::Kicked => Err(INVALID_SESSION),
    }
}

/// The answer of a rate-limited server to an upload.
pub(crate) fn foreign_media_id(call: &Call, hub: &Hub) -> Reply {
    upload_media::foreign(call, hub)
}

/// Ret 0 and no MediaId: in the shape of the call's answer.
pub(crate) fn no_media_id(call: &Call) -> Reply {
    match call.endpoint.as_str() {
        "webwxuploadmedia" => upload_media::without_media_id(call),
        endpoint => refusal(endpoint, 0),
    }
}
