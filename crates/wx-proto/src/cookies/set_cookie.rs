//! Reading one `Set-Cookie` header, by RFC 6265 §5.2.

use super::{Cookie, is_address, is_within};
use crate::Origin;
use crate::wire::date;

/// The cookie that `line` sets, or `None` if it is malformed or for a domain that `origin` has no say in.
pub(super) fn parse(line: &str, origin: &Origin, unix_s: u64) -> Option<Cookie> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let blank = [' ', '\t'];
    let (name, value) = (name.trim_matches(blank), value.trim_matches(blank));
    if !is_sendable(name, value) {
        return None;
    }
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.into(),
        domain: origin.host().to_owned(),
        host_only: true,
        path: "/".to_owned(),
        secure: false,
        expires: None,
    };
    let mut max_age = None;
    for attribute in parts {
        let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "domain" => {
                let domain = value.trim_start_matches('.').to_ascii_lowercase();
                if domain == origin.host() && is_address(&domain) {
                    continue;
                }
                // A whole top-level domain is nobody's.
                if !domain.contains('.') || !is_within(origin.host(), &domain) {
                    return None;
                }
                (cookie.domain, cookie.host_only) = (domain, false);
            }
            "path" if value.starts_with('/') => cookie.path = value.to_owned(),
            "secure" => cookie.secure = true,
            "expires" => cookie.expires = date::cookie(value).or(cookie.expires),
            "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
            _ => {}
        }
    }
    if let Some(seconds) = max_age {
        cookie.expires = Some(u64::try_from(seconds).map_or(0, |seconds| unix_s.saturating_add(seconds)));
    }
    Some(cookie)
}

/// Whether a cookie can go into a `Cookie` header as what it is: printable, and not more than one.
pub(super) fn is_sendable(name: &str, value: &str) -> bool {
    let printable = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b';');
    !name.is_empty() && !name.contains('=') && printable(name) && printable(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_sets_cookies_for_itself_and_the_domains_above_it() {
        let wx = Origin::for_test("wx.qq.com");
        let parsed = |line: &str| parse(line, &wx, 100);
        assert!(parsed("a=1").unwrap().host_only);
        assert_eq!(parsed("a=1; domain=.QQ.com").unwrap().domain, "qq.com");
        for foreign in ["wx2.qq.com", "com", "file.wx.qq.com", "example.com", "q.com", "x.qq.com", ""] {
            assert_eq!(parsed(&format!("a=1; Domain={foreign}")), None, "{foreign}");
        }
        let loopback = Origin::for_test("127.0.0.1");
        assert!(parse("a=1; Domain=127.0.0.1", &loopback, 0).unwrap().host_only);
        assert_eq!(parse("a=1; Domain=0.0.1", &loopback, 0), None);
    }

    #[test]
    fn p6_expiry_in_all_its_forms() {
        let expires = |line: &str| parse(line, &Origin::for_test("wx.qq.com"), 100).unwrap().expires;
        assert_eq!(expires("a=1"), None);
        assert_eq!(expires("a=1; Expires=Mon, 31-Dec-2018 11:12:21 GMT; Secure"), Some(1_546_254_741));
        assert_eq!(expires("a=1; Expires=soon"), None);
        assert_eq!(expires("a=1; Max-Age=20; Expires=Mon, 31-Dec-2018 11:12:21 GMT"), Some(120));
        assert_eq!(expires("a=1; Max-Age=-1"), Some(0));
    }

    #[test]
    fn malformed_lines_are_no_cookies() {
        for line in ["", "a", "=1", ";", "a\u{7}=1", "a=\r\nX: y"] {
            assert_eq!(parse(line, &Origin::for_test("wx.qq.com"), 0), None, "{line:?}");
        }
    }
}
