//! The calls, by wire name.

mod check_upload;
mod contacts;
mod get_msg_img;
mod report;
mod send;
mod sign_in;
mod sync;
mod upload_media;

use serde_json::Value;

use crate::account::{INVALID_SESSION, MALFORMED, NO_SESSION};
use crate::answers;
use crate::hub::{Call, Hub};
use crate::login::State;
use crate::reply::Reply;

/// The wire names that [`answer`] knows.
pub(crate) const NAMES: [&str; 20] = [
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
    "webwxgetmsgimg",
    "reportforweb",
];

/// Does what a request asks for.
pub(crate) async fn answer(call: &Call, hub: &Hub) -> Reply {
    match (call.method.as_str(), call.endpoint.as_str()) {
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
        ("GET", "webwxgetcontact") => contacts::all(call, hub),
        ("POST", "webwxbatchgetcontact") => contacts::some(call, hub),
        ("OPTIONS", "webwxuploadmedia") => upload_media::preflight(call),
        ("POST", "webwxuploadmedia") => upload_media::upload(call, hub).await,
        ("POST", "webwxcheckupload") => check_upload::check(call, hub),
        ("POST", "webwxsendmsgimg") => send::picture(call, hub, 3),
        ("POST", "webwxsendappmsg") => send::file(call, hub),
        ("POST", "webwxsendemoticon") => send::picture(call, hub, 47),
        ("POST", "webwxsendmsg") => send::text(call, hub),
        ("GET", "webwxgetmsgimg") => get_msg_img::get(call, hub),
        ("GET", "reportforweb") => report::ping(),
        _ => {
            hub.violation(&call.endpoint, format!("{} is nothing this server knows", call.method));
            Reply::html("<html><body>Not Found</body></html>\n").status(404)
        }
    }
}

/// A refusal in the shape of the call's answer.
pub(crate) fn refusal(endpoint: &str, ret: i64) -> Reply {
    match endpoint {
        "jslogin" => Reply::text(format!("window.QRLogin.code = {ret}; window.QRLogin.uuid = \"\";")),
        "login" => Reply::text(format!("window.code={ret};")),
        "webwxnewloginpage" => sign_in::refused(ret),
        "synccheck" => sync::check_answer(ret, 0),
        "webwxinit" => Reply::json(sync::empty_init(ret)),
        "webwxsync" => Reply::json(sync::empty_sync(ret)),
        "webwxuploadmedia" => Reply::json(answers::upload_refused(ret)),
        "webwxcheckupload" => Reply::json(check_upload::answer(ret, "", "", "", "")),
        "webwxsendmsgimg" | "webwxsendappmsg" | "webwxsendemoticon" | "webwxsendmsg" => {
            Reply::json(answers::message(ret, "", ""))
        }
        _ => Reply::json(answers::plain(ret)),
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
    match hub.logins().state {
        State::Kicked => Err(INVALID_SESSION),
        State::In if hub.account.knows_cookies(call.header("cookie")) => Ok(()),
        State::In | State::Out => Err(NO_SESSION),
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
