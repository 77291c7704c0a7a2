//! The cookies that replies set.

use std::time::{Duration, SystemTime};

use http::header::SET_COOKIE;

use crate::exchange::received_call::ReceivedCall;
use crate::exchange::reply::Reply;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Sets the cookies of a new login.
pub(super) fn set_all(reply: Reply, call: &ReceivedCall<'_>) -> Reply {
    call.state.credentials().cookies().into_iter().fold(reply, |reply, (name, value)| {
        let outlives_login = matches!(name, "webwxuvid" | "webwx_auth_ticket");
        let lifetime = if outlives_login { 3650 * DAY } else { call.state.options.login_lifetime };
        set(reply, call, name, &value, call.state.now() + lifetime)
    })
}

/// Sets the cookies of each webwxsync reply: two that only webwxsync sets, and the cookies of the
/// login that expire first, which it renews
/// ([§2.3](https://docs.rs/wx-proto/latest/wx_proto/protocol/index.html#s2-3)).
pub(super) fn renew(reply: Reply, call: &ReceivedCall<'_>) -> Reply {
    let (login, lifetime) = (call.state.credentials(), call.state.options.login_lifetime);
    let cookies = [
        ("wxloadtime", "1511493942_expired".to_owned(), lifetime),
        ("wxpluginkey", "1511493902".to_owned(), lifetime),
        ("wxuin", call.state.account.uin.to_string(), 3 * DAY),
        ("wxsid", login.sid.clone(), lifetime),
        ("webwx_data_ticket", login.data_ticket.clone(), lifetime),
    ];
    cookies.into_iter().fold(reply, |reply, (name, value, lifetime)| {
        set(reply, call, name, &value, call.state.now() + lifetime)
    })
}

fn set(reply: Reply, call: &ReceivedCall<'_>, name: &str, value: &str, end: SystemTime) -> Reply {
    let expires = format_date(end);
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

/// Formats a date with hyphens, like the real server.
fn format_date(date: SystemTime) -> String {
    let mut date = httpdate::fmt_http_date(date);
    date.replace_range(7..8, "-");
    date.replace_range(11..12, "-");
    date
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    #[test]
    fn dates_have_two_hyphens() {
        let date = super::format_date(SystemTime::now() + super::DAY);
        assert_eq!((date.len(), date.matches('-').count()), (29, 2), "{date}");
        assert_eq!((&date[7..8], &date[11..12]), ("-", "-"), "{date}");
    }
}
