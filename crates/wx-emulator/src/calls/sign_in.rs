//! The login: from the QR code to the cookies.

use http::header::CONTENT_TYPE;
use serde_json::json;

use super::cookies;
use crate::exchange::call_spec::{
    AppIdHeader, CallSpec, Handler, Login, Outcome, PageBody, PageRequest, ProfileSource, Refusal,
};
use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;
use crate::model::hosts::HostRole;
use crate::model::profile::Profile;
use crate::model::ret::{MALFORMED, Ret};
use crate::state::logins::{Page, PollResult};

/// The start of a JPEG in base64. It is used as the avatar of the user who has scanned a code.
const AVATAR: &str = "/9j/4AAQSkZJRg==";

pub(super) const JSLOGIN: CallSpec = CallSpec {
    name: "jslogin",
    methods: &["GET", "POST"],
    host: HostRole::Login,
    login: Login::None,
    handler: Handler::Sync(jslogin),
    refusal: Refusal::Ret(|ret| {
        Reply::text(format!("window.QRLogin.code = {ret}; window.QRLogin.uuid = \"\";"))
    }),
    page: PageRequest {
        profile: ProfileSource::AppId,
        fixed: &[("fun", &["new"])],
        ..PageRequest::before_login(Some(&["appid", "redirect_uri", "fun", "lang", "_?"]))
    },
};

/// The image of a QR code. Its path ends with the uuid.
pub(super) const QRCODE: CallSpec = CallSpec {
    name: "qrcode",
    methods: &["GET"],
    host: HostRole::QrCode,
    login: Login::None,
    handler: Handler::Sync(qrcode),
    refusal: Refusal::Ret(Reply::base_response),
    page: PageRequest::before_login(None),
};

pub(super) const LOGIN: CallSpec = CallSpec {
    name: "login",
    methods: &["GET"],
    host: HostRole::Login,
    login: Login::None,
    handler: Handler::Sync(poll),
    refusal: Refusal::Ret(|ret| Reply::text(format!("window.code={ret};"))),
    page: PageRequest {
        profile: ProfileSource::AppId,
        raw: &["uuid"],
        ..PageRequest::before_login(Some(&["loginicon", "uuid", "tip", "r", "_?", "appid?"]))
    },
};

/// Exchanges the ticket of a confirmed login for the XML and the cookies of the login.
pub(super) const NEW_LOGIN_PAGE: CallSpec = CallSpec {
    name: "webwxnewloginpage",
    methods: &["GET"],
    host: HostRole::Page,
    login: Login::None,
    handler: Handler::Sync(new_login_page),
    refusal: Refusal::Ret(|ret| {
        Reply::text(format!("<error><ret>{ret}</ret><message>refused</message></error>"))
    }),
    page: PageRequest {
        app_id: AppIdHeader::Required,
        profile: ProfileSource::Ticket,
        fixed: &[("fun", &["new"])],
        raw: &["uuid"],
        ..PageRequest::before_login(Some(&[
            "ticket", "uuid", "lang", "scan", "fun", "version", "lang?", "mod?",
        ]))
    },
};

/// Asks the phone to confirm a login without a QR code.
pub(super) const PUSH_LOGIN_URL: CallSpec = CallSpec {
    name: "webwxpushloginurl",
    methods: &["GET"],
    host: HostRole::Page,
    login: Login::LongLivedCookies,
    handler: Handler::Sync(push_login_url),
    refusal: Refusal::Ret(|ret| push_reply(ret, "no login", "")),
    page: PageRequest::script(&["uin"], PageBody::Unchecked),
};

fn jslogin(call: &ReceivedCall<'_>) -> Outcome {
    let profile = match call.parameter("appid").as_str() {
        "wx_webfilehelper" => Profile::FileHelper,
        _ => Profile::Web,
    };
    let origin = call.host().landing_origin(&call.parameter("redirect_uri"), profile);
    let page = Page { profile, origin: origin.unwrap_or_else(|| call.state.base.clone()) };
    let uuid = call.state.logins().begin(page);
    let script = format!("window.QRLogin.code = 200; window.QRLogin.uuid = \"{uuid}\";");
    Ok(Reply::script(script))
}

/// Replies with an image that is not a QR code, because no phone reads it.
fn qrcode(call: &ReceivedCall<'_>) -> Outcome {
    let store = call.state.media();
    let image = store.media(&store.foreign_id()).map(|media| media.file.bytes.clone());
    Ok(Reply::bytes(image.unwrap_or_default()).header(CONTENT_TYPE, "image/jpeg"))
}

fn poll(call: &ReceivedCall<'_>) -> Outcome {
    let uuid = call.parameter("uuid");
    let result = call.state.logins().poll(&uuid);
    Ok(Reply::script(match result {
        PollResult::Nothing => "window.code=408;".to_owned(),
        PollResult::Scanned => {
            let avatar =
                call.state.options.avatar_len.map_or(AVATAR.to_owned(), |len| "A".repeat(len));
            format!("window.code=201;window.userAvatar = 'data:img/jpg;base64,{avatar}';")
        }
        PollResult::Confirmed { ticket, origin } => format!(
            "window.code=200;\nwindow.redirect_uri=\"{}/cgi-bin/mmwebwx-bin/webwxnewloginpage\
             ?ticket={ticket}&uuid={uuid}&lang=zh_CN&scan=1511493940\";",
            call.state.options.redirect_to.as_ref().unwrap_or(&origin)
        ),
        PollResult::Code(code) => format!("window.code={code};"),
    }))
}

/// With `fun=new` or `version=v2` the status is 200. Otherwise it is 301, without a Location.
fn new_login_page(call: &ReceivedCall<'_>) -> Outcome {
    let page = call.state.logins().page_of(&call.parameter("ticket")).ok_or(MALFORMED)?;
    if call.state.options.redirecturl && call.query.get("scan").is_some() {
        let ticket = call.state.logins().ticket(page.clone());
        let origin = page.origin;
        let url =
            format!("{origin}/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket={ticket}&amp;uuid=");
        return Ok(Reply::text(format!(
            "<error><ret>0</ret><message></message><redirecturl>{url}</redirecturl></error>"
        )));
    }
    call.state.logins().finish(page.profile);
    call.state.messages().synced = false;
    let credentials = call.state.renew_credentials();
    let xml = format!(
        "<error><ret>0</ret><message></message><skey>{}</skey><wxsid>{}</wxsid><wxuin>{}</wxuin>\
         <pass_ticket>{}</pass_ticket><isgrayscale>1</isgrayscale></error>",
        credentials.skey, credentials.sid, call.state.account.uin, credentials.pass_ticket
    );
    let is_ok = call.parameter("fun") == "new" || call.parameter("version") == "v2";
    let status = if is_ok { 200 } else { 301 };
    let reply = Reply::bytes(xml).header(CONTENT_TYPE, "text/plain;charset=utf-8").status(status);
    Ok(cookies::set_all(reply, call))
}

fn push_login_url(call: &ReceivedCall<'_>) -> Outcome {
    let profile = call.state.logins().profile;
    let origin = call.host().page_origin(profile);
    let uuid = call.state.logins().begin(Page { profile, origin });
    Ok(push_reply(0, "all ok", &uuid))
}

fn push_reply(ret: Ret, msg: &str, uuid: &str) -> Reply {
    Reply::text(json!({ "ret": ret.to_string(), "msg": msg, "uuid": uuid }).to_string())
}
