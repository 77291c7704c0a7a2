//! From the QR code to the cookies, and out again.

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, LOCATION, SET_COOKIE};
use serde_json::json;

use crate::account::MALFORMED;
use crate::emulator::Profile;
use crate::hub::{Call, Hub};
use crate::login::{Page, State, Step};
use crate::reply::Reply;

/// The smallest thing that is a picture: what `qrcode` and the avatar show.
const AVATAR: &str = "/9j/4AAQSkZJRg==";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The page itself. Some clients open it before anything else.
pub(super) fn page() -> Reply {
    Reply::html(
        "<!DOCTYPE html>\n<html><head><title>wx-emulator</title></head><body></body></html>\n",
    )
}

pub(super) fn jslogin(call: &Call, hub: &Hub) -> Reply {
    let profile = match call.query.get("appid").as_deref() {
        Some("wx_webfilehelper") => Profile::FileHelper,
        _ => Profile::Web,
    };
    let redirect_uri = call.query.get("redirect_uri").unwrap_or_default();
    let origin = call.host().landing_origin(&redirect_uri, profile);
    let page = Page { profile, origin: origin.unwrap_or_else(|| hub.base.clone()) };
    let uuid = hub.logins().begin(page);
    Reply::script(format!("window.QRLogin.code = 200; window.QRLogin.uuid = \"{uuid}\";"))
}

/// Not a code that a phone could read: no phone is needed here.
pub(super) fn qrcode(hub: &Hub) -> Reply {
    let gallery = hub.gallery();
    let picture = gallery.media(&gallery.foreign()).map(|media| media.picture.bytes.clone());
    Reply::bytes(picture.unwrap_or_default()).header(CONTENT_TYPE, "image/jpeg")
}

pub(super) fn poll(call: &Call, hub: &Hub) -> Reply {
    let uuid = call.query.get("uuid").unwrap_or_default();
    let step = hub.logins().poll(&uuid);
    Reply::script(match step {
        Step::Nothing => "window.code=408;".to_owned(),
        Step::Scanned => {
            let avatar = hub.options.avatar_len.map_or(AVATAR.to_owned(), |len| "A".repeat(len));
            format!("window.code=201;window.userAvatar = 'data:img/jpg;base64,{avatar}';")
        }
        Step::Confirmed { ticket, origin } => format!(
            "window.code=200;\nwindow.redirect_uri=\"{}/cgi-bin/mmwebwx-bin/webwxnewloginpage\
             ?ticket={ticket}&uuid={uuid}&lang=zh_CN&scan=1511493940\";",
            hub.options.redirect_to.as_ref().unwrap_or(&origin)
        ),
        Step::Code(code) => format!("window.code={code};"),
    })
}

/// XML and cookies: with `fun=new` or `version=v2` in a 200, with neither in a 301 that leads
/// nowhere.
pub(super) fn new_login_page(call: &Call, hub: &Hub) -> Reply {
    let ticket = call.query.get("ticket").unwrap_or_default();
    let Some(page) = hub.logins().page_of(&ticket) else { return refused(MALFORMED) };
    if hub.options.redirecturl && call.query.get("scan").is_some() {
        let ticket = hub.logins().ticket(page.clone());
        let origin = page.origin;
        let url =
            format!("{origin}/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket={ticket}&amp;uuid=");
        return Reply::text(format!(
            "<error><ret>0</ret><message></message><redirecturl>{url}</redirecturl></error>"
        ));
    }
    hub.logins().finish(page.profile);
    hub.mailbox().synced = false;
    let account = &hub.account;
    let xml = format!(
        "<error><ret>0</ret><message></message><skey>{}</skey><wxsid>{}</wxsid><wxuin>{}</wxuin>\
         <pass_ticket>{}</pass_ticket><isgrayscale>1</isgrayscale></error>",
        account.skey, account.sid, account.uin, account.pass_ticket
    );
    let has = |name: &str, value: &str| call.query.get(name).as_deref() == Some(value);
    let status = if has("fun", "new") || has("version", "v2") { 200 } else { 301 };
    let reply = Reply::bytes(xml).header(CONTENT_TYPE, "text/plain;charset=utf-8").status(status);
    account.cookies().into_iter().fold(reply, |reply, (name, value)| {
        let long = matches!(name, "webwxuvid" | "webwx_auth_ticket");
        let life = if long { 3650 * DAY } else { DAY / 2 };
        set_cookie(reply, call, name, &value, hub.now() + life)
    })
}

/// The cookies of every webwxsync: two of its own, and a new life for those of the login that end
/// first (§2.3).
pub(super) fn renew_cookies(reply: Reply, call: &Call, hub: &Hub) -> Reply {
    let account = &hub.account;
    let cookies = [
        ("wxloadtime", "1511493942_expired".to_owned(), DAY / 2),
        ("wxpluginkey", "1511493902".to_owned(), DAY / 2),
        ("wxuin", account.uin.to_string(), 3 * DAY),
        ("wxsid", account.sid.clone(), DAY / 2),
        ("webwx_data_ticket", account.data_ticket.clone(), DAY / 2),
    ];
    cookies.into_iter().fold(reply, |reply, (name, value, life)| {
        set_cookie(reply, call, name, &value, hub.now() + life)
    })
}

fn set_cookie(reply: Reply, call: &Call, name: &str, value: &str, end: SystemTime) -> Reply {
    let expires = cookie_date(end);
    reply.header(
        SET_COOKIE,
        match call.host().cookie_domain(name) {
            Some(domain) => {
                format!("{name}={value}; Domain={domain}; Path=/; Expires={expires}; Secure")
            }
            None => format!("{name}={value}; Path=/; Expires={expires}"),
        },
    )
}

/// The server writes hyphens in its dates.
fn cookie_date(date: SystemTime) -> String {
    let mut date = httpdate::fmt_http_date(date);
    date.replace_range(7..8, "-");
    date.replace_range(11..12, "-");
    date
}

pub(super) fn refused(ret: i64) -> Reply {
    Reply::text(format!("<error><ret>{ret}</ret><message>refused</message></error>"))
}

pub(super) fn push_login_url(call: &Call, hub: &Hub) -> Reply {
    if !hub.account.knows_long_cookies(call.header("cookie")) {
        return Reply::text(json!({ "ret": "1", "msg": "no login", "uuid": "" }).to_string());
    }
    let profile = hub.logins().profile;
    let origin = call.host().page_origin(profile);
    let uuid = hub.logins().begin(Page { profile, origin });
    Reply::text(json!({ "ret": "0", "msg": "all ok", "uuid": uuid }).to_string())
}

pub(super) fn logout(call: &Call, hub: &Hub) -> Reply {
    let skey = call.query.get("skey").unwrap_or_default();
    if !hub.account.knows_cookies(call.header("cookie")) || !hub.account.knows_skey(&skey) {
        hub.violation(&call.endpoint, "without the login's cookies or skey");
    // The page was recorded to post its form twice for one click.
    } else if hub.logins().is_in() {
        hub.logins().state = State::Out;
        hub.arrival.notify_waiters();
    }
    // Seen as a 301; where it leads, no source shows. The page itself is what a user gets to see.
    let page = call.host().page_origin(hub.logins().profile);
    Reply::text("").status(301).header(LOCATION, format!("{page}/"))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    #[test]
    fn dates_have_two_hyphens() {
        let date = super::cookie_date(SystemTime::now() + super::DAY);
        assert_eq!((date.len(), date.matches('-').count()), (29, 2), "{date}");
        assert_eq!((&date[7..8], &date[11..12]), ("-", "-"), "{date}");
    }
}
