//! The calls of web WeChat. Each call is one file with its row and its handler, and an entry in
//! [`CALLS`].

mod admission;
mod app_msg;
mod avatar;
mod check_upload;
mod contacts;
mod cookies;
mod forward;
mod get_media;
mod get_msg_img;
mod init;
mod logout;
mod outside_image;
mod page;
mod recordings;
mod revoke;
mod send;
mod sign_in;
mod status_notify;
mod sync;
mod sync_check;
mod sync_key;
mod telemetry;
mod unknown;
mod upload_media;
mod upload_parallel;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
};

use crate::exchange::call_spec::{CallSpec, Handler, Outcome};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::text::shown;

pub(crate) const CALLS: &[CallSpec] = &[
    page::PAGE,
    sign_in::JSLOGIN,
    sign_in::QRCODE,
    sign_in::LOGIN,
    sign_in::NEW_LOGIN_PAGE,
    sign_in::PUSH_LOGIN_URL,
    logout::LOGOUT,
    init::INIT,
    sync::SYNC,
    sync_check::SYNC_CHECK,
    status_notify::STATUS_NOTIFY,
    contacts::GET_CONTACT,
    contacts::BATCH_GET_CONTACT,
    upload_media::UPLOAD_MEDIA,
    upload_parallel::UPLOAD_PARALLEL,
    check_upload::CHECK_UPLOAD,
    send::SEND_IMAGE,
    send::SEND_FILE,
    send::SEND_EMOTICON,
    send::SEND_TEXT,
    send::SEND_VIDEO,
    revoke::REVOKE,
    get_msg_img::GET_MSG_IMG,
    get_media::GET_MEDIA,
    recordings::GET_VIDEO,
    recordings::GET_VOICE,
    avatar::GET_ICON,
    avatar::GET_HEAD_IMG,
    outside_image::OUTSIDE_IMAGE,
    telemetry::STAT_REPORT,
    telemetry::OP_LOG,
    telemetry::REPORT_FOR_WEB,
];

/// Returns the row of a call, or the row for unknown calls.
pub(crate) fn find(name: &str) -> &'static CallSpec {
    CALLS.iter().find(|spec| spec.name == name).unwrap_or(&unknown::UNKNOWN)
}

/// Returns the names of all calls. The page itself is not a call with a name.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    CALLS.iter().map(|spec| spec.name).filter(|name| !name.is_empty())
}

/// Returns the name of a call as it is shown in violations. Unknown names are not shown, because
/// the path could end with a part of a secret.
pub(crate) fn shown_name(name: &str) -> &str {
    match name {
        "" => "/",
        name if names().any(|known| known == name) => name,
        name if name.starts_with("webwx") => shown(name, "a path"),
        _ => "a path",
    }
}

/// Admits a call, handles it, and returns the reply.
pub(crate) async fn reply_to(spec: &CallSpec, call: &ReceivedCall<'_>) -> Reply {
    let is_preflight = call.method == "OPTIONS";
    if !spec.methods.contains(&call.method.as_str()) {
        return match is_preflight {
            true => allow_origin(call, Reply::text("")),
            false => unknown::reply_to(call),
        };
    }
    let reply = handle(spec, call).await.unwrap_or_else(|ret| spec.refuse(ret, call.state));
    let is_upload = call.method == "POST" && spec.host == HostRole::File;
    if is_preflight || is_upload { allow_origin(call, reply) } else { reply }
}

async fn handle(spec: &CallSpec, call: &ReceivedCall<'_>) -> Outcome {
    admission::admit(&spec.login, call)?;
    match spec.handler {
        Handler::Sync(handler) => handler(call),
        Handler::Async(handler) => handler(call).await,
    }
}

/// Adds the headers that let the page read the reply from another origin. A preflight is granted
/// everything that it requests.
fn allow_origin(call: &ReceivedCall<'_>, mut reply: Reply) -> Reply {
    if let Some(origin) = call.header("origin") {
        reply = reply
            .header(ACCESS_CONTROL_ALLOW_ORIGIN, origin)
            .header(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    if call.method == "OPTIONS" {
        reply = reply.header(ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS");
        if let Some(headers) = call.header("access-control-request-headers") {
            reply = reply.header(ACCESS_CONTROL_ALLOW_HEADERS, headers);
        }
    }
    reply
}

/// Returns the reply of a rate-limited server: a refusal with the MediaId of somebody else's image.
pub(crate) fn foreign_media_id(call: &ReceivedCall<'_>) -> Reply {
    upload_media::foreign(call)
}

/// Returns a reply with Ret 0 and no MediaId.
pub(crate) fn no_media_id(spec: &CallSpec, call: &ReceivedCall<'_>) -> Reply {
    match &call.form {
        Some(form) if spec.name == upload_media::UPLOAD_MEDIA.name => {
            upload_media::without_media_id(form)
        }
        _ => spec.reply_with_ret(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_one_row() {
        for (index, spec) in CALLS.iter().enumerate() {
            assert!(!spec.methods.is_empty(), "{}", spec.name);
            let first = CALLS.iter().position(|other| other.name == spec.name);
            assert_eq!(first, Some(index), "{}", spec.name);
        }
    }
}
