//! From the QR code to the cookies, and out again.

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, SET_COOKIE};
use serde_json::json;

use crate::account::MALFORMED;
use crate::emulator::Profile;
use crate::hub::{Call, Hub};
use crate::login::{State, Step};
use crate::reply::Reply;

/// The smallest thing that is a picture: what `qrcode` and the avatar show.
const AVATAR: &str = "/9j/4AAQSkZJRg==";
const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) fn jslogin(call: &Call, hub: &Hub) -> Reply {
    let profile = match call.query.get("appid").as_deref() {
        Some("wx_webfilehelper") => Profile::FileHelper,
        _ => Profile::Web,
    };
    let uuid = hub.logins().begin(profile);
    Reply::text(format!("window.QRLogin.code = 200; window.QRLogin.uuid = \"{uuid}\";"))
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
    Reply::text(match step {
        Step::Nothing => "window.code=408;".to_owned(),
        Step::Scanned => {
            let avatar = hub.options.avatar_len.map_or(AVATAR.to_owned(), |len| "A".repeat(len));
            format!("window.code=201;window.userAvatar = 'data:img/jpg;base64,{avatar}';")
        }
        Step::Confirmed { ticket } => format!(
            "window.code=200;\nwindow.redirect_uri=\"{}/cgi-bin/mmwebwx-bin/webwxnewloginpage\
             ?ticket={ticket}&uuid={uuid}&lang=zh_CN&scan=1511493940\";",
            hub.options.redirect_to.as_deref().unwrap_or(&hub.base)
        ),
        Step::Code(code) => format!("window.code={code};"),
    })
}

/// XML and cookies: with `version=v2` in a 200, else in a 301 that leads nowhere.
pub(super) fn new_login_page(call: &Call, hub: &Hub) -> Reply {
    let ticket = call.query.get("ticket").unwrap_or_default();
    let Some(profile) = hub.logins().profile_of(&ticket) else { return refused(MALFORMED) };
    if hub.options.redirecturl && call.query.get("scan").is_some() {
        let ticket = hub.logins().ticket(profile);
        let url = format!("{}/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket={ticket}&amp;uuid=", hub.base);
        return Reply::text(format!(
            "<error><ret>0</ret><message></message><redirecturl>{url}</redirecturl></error>"
        ));
    }
    hub.logins().finish(profile);
    hub.mailbox().synced = false;
    let account = &hub.account;
    let xml = format!(
        "<error><ret>0</ret><message></message><skey>{}</skey><wxsid>{}</wxsid><wxuin>{}</wxuin>\
         <pass_ticket>{}</pass_ticket><isgrayscale>1</isgrayscale></error>",
        account.skey, account.sid, account.uin, account.pass_ticket
    );
    let is_v2 = call.query.get("version").as_deref() == Some("v2");
    let mut reply = Reply::bytes(xml).header(CONTENT_TYPE, "text/plain;charset=utf-8").status(if is_v2 {
        200
    } else {
        301
    });
    for (name, value) in account.cookies() {
        let life = if matches!(name, "webwxuvid" | "webwx_auth_ticket") { 3650 * DAY } else { DAY / 2 };
        reply = reply.header(SET_COOKIE, format!("{name}={value}; Path=/; Expires={}", cookie_date(life)));
    }
    reply
}

/// The cookies of a login's first webwxsync.
pub(super) fn first_sync(reply: Reply) -> Reply {
    let date = cookie_date(DAY / 2);
    ["wxloadtime=1511493942_expired", "wxpluginkey=1511493902"]
        .into_iter()
        .fold(reply, |reply, cookie| reply.header(SET_COOKIE, format!("{cookie}; Path=/; Expires={date}")))
}

/// The server writes hyphens in its dates.
fn cookie_date(from_now: Duration) -> String {
    let mut date = httpdate::fmt_http_date(SystemTime::now() + from_now);
    date.replace_range(7..8, "-");
    date.replace_range(11..12, "-");
    date
}

pub(super) fn refused(ret: i64) -> Reply {
    Reply::text(format!("<error><ret>{ret}</ret><message>refused</message></error>"))
}

pub(super) fn push_login_url(call: &Call, hub: &Hub) -> Reply {
    if !hub.account.knows_cookies(call.header("cookie")) {
        return Reply::text(json!({ "ret": "1", "msg": "no login", "uuid": "" }).to_string());
    }
    let profile = hub.logins().profile;
    let uuid = hub.logins().begin(profile);
    Reply::text(json!({ "ret": "0", "msg": "all ok", "uuid": uuid }).to_string())
}

pub(super) fn logout(call: &Call, hub: &Hub) -> Reply {
    let skey = call.query.get("skey").unwrap_or_default();
    if super::admit_cookies(call, hub).is_ok() && hub.account.knows_skey(&skey) {
        hub.logins().state = State::Out;
        hub.arrival.notify_waiters();
    } else {
        hub.violation(&call.endpoint, "without the login's cookies or skey");
    }
    Reply::text("")
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_have_two_hyphens() {
        let date = super::cookie_date(super::DAY);
        assert_eq!((date.len(), date.matches('-').count()), (29, 2), "{date}");
        assert_eq!((&date[7..8], &date[11..12]), ("-", "-"), "{date}");
    }
}
