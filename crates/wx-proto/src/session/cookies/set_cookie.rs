//! Parses a `Set-Cookie` header as in RFC 6265
//! [§5.2](https://www.rfc-editor.org/rfc/rfc6265#section-5.2) and
//! [§5.3](https://www.rfc-editor.org/rfc/rfc6265#section-5.3).
//!
//! No crate fits: `cookie` parses four formats of dates instead of the RFC's tokens, and does not
//! handle domains and paths.

use super::cookie::{Cookie, is_address, is_sendable, is_within};
use crate::model::hosts::Origin;
use crate::model::unix_ms::UnixMs;
use crate::wire::clocks::Clocks;
use crate::wire::date;

/// The maximum length of name and value together, and of an attribute (RFC 6265
/// [§6.1](https://www.rfc-editor.org/rfc/rfc6265#section-6.1) and its successor). Longer cookies
/// and longer attributes are ignored.
const LONGEST: usize = 4096;
const LONGEST_ATTRIBUTE: usize = 1024;

/// Parses the cookie that `line` sets in a reply to a request for `path`. Returns `None` if it is
/// malformed, or if `origin` may not set cookies for its domain.
pub(super) fn parse(line: &str, origin: &Origin, path: &str, clocks: Clocks) -> Option<Cookie> {
    let mut parts = line.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let blank = [' ', '\t'];
    let (name, value) = (name.trim_matches(blank), value.trim_matches(blank));
    if !is_sendable(name, value) || name.len() + value.len() > LONGEST {
        return None;
    }
    // If an attribute is repeated, the last one counts.
    let (mut domain, mut for_path, mut secure, mut expires, mut max_age) =
        ("", "", false, None, None);
    for attribute in parts {
        let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let (key, value) = (key.trim_matches(blank), value.trim_matches(blank));
        if value.len() > LONGEST_ATTRIBUTE {
            continue;
        }
        match key.to_ascii_lowercase().as_str() {
            "domain" if !value.is_empty() => domain = value,
            "path" => for_path = value,
            "secure" => secure = true,
            "expires" => expires = date::cookie(value).or(expires),
            "max-age" => max_age = seconds(value).or(max_age),
            _ => {}
        }
    }
    let (domain, host_only) = reach(domain, origin)?;
    let expires = match max_age {
        Some(seconds) => Some(seconds.map_or(UnixMs::EPOCH, |seconds| clocks.in_secs(seconds))),
        None => expires.map(|at| clocks.to_local(at)),
    };
    let path = if for_path.starts_with('/') { for_path } else { default_path(path) };
    Some(Cookie {
        name: name.to_owned(),
        value: value.into(),
        domain,
        host_only,
        path: path.to_owned(),
        secure,
        expires,
    })
}

/// Returns the domain of a cookie with this `Domain` attribute, and whether it is host-only.
fn reach(attribute: &str, origin: &Origin) -> Option<(String, bool)> {
    let host = origin.host();
    let domain = attribute.strip_prefix('.').unwrap_or(attribute).to_ascii_lowercase();
    if domain.is_empty() || (domain == host && is_address(host)) {
        return Some((host.to_owned(), true));
    }
    // Cookies for a top-level domain are not allowed.
    (domain.contains('.') && is_within(host, &domain)).then_some((domain, false))
}

/// Returns the directory of the request's path.
fn default_path(path: &str) -> &str {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    match path.rfind('/') {
        Some(end @ 1..) if path.starts_with('/') => &path[..end],
        _ => "/",
    }
}

/// Parses a `Max-Age`: digits with an optional sign. `Some(None)` means that the cookie has
/// expired.
fn seconds(text: &str) -> Option<Option<u64>> {
    let (past, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A number that does not fit is a very long time.
    let seconds = digits.parse().unwrap_or(u64::MAX);
    Some((!past && seconds > 0).then_some(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=a/b";

    fn parsed(line: &str) -> Option<Cookie> {
        parse(
            line,
            &Origin::for_test("wx.qq.com"),
            PATH,
            Clocks::synchronised(UnixMs::from_secs(100)),
        )
    }

    #[test]
    fn a_host_sets_cookies_for_itself_and_the_domains_above_it() {
        assert!(parsed("a=1").unwrap().host_only);
        assert_eq!(parsed("a=1; domain=.QQ.com").unwrap().domain, "qq.com");
        for foreign in
            ["wx2.qq.com", "com", "file.wx.qq.com", "example.com", "q.com", "x.qq.com", "..qq.com"]
        {
            assert_eq!(parsed(&format!("a=1; Domain={foreign}")), None, "{foreign}");
        }
        let loopback = |line| {
            parse(line, &Origin::for_test("127.0.0.1"), "/", Clocks::synchronised(UnixMs::EPOCH))
        };
        assert!(loopback("a=1; Domain=127.0.0.1").unwrap().host_only);
        assert_eq!(loopback("a=1; Domain=0.0.1"), None);
    }

    #[test]
    fn an_empty_domain_is_none_and_of_several_the_last_counts() {
        for line in ["a=1; Domain=", "a=1; Domain", "a=1; Domain= ; Secure", "a=1; Domain=."] {
            let cookie = parsed(line).unwrap();
            assert_eq!((cookie.domain.as_str(), cookie.host_only), ("wx.qq.com", true), "{line}");
        }
        for line in ["a=1; Domain=example.com; Domain=qq.com", "a=1; Domain=qq.com; Domain="] {
            assert_eq!(parsed(line).unwrap().domain, "qq.com", "{line}");
        }
        assert_eq!(parsed("a=1; Domain=qq.com; Domain=example.com"), None);
    }

    #[test]
    fn without_a_path_a_cookie_is_for_the_directory_of_the_request() {
        for (line, expected) in [
            ("a=1", "/cgi-bin/mmwebwx-bin"),
            ("a=1; Path=", "/cgi-bin/mmwebwx-bin"),
            ("a=1; Path=cgi-bin", "/cgi-bin/mmwebwx-bin"),
            ("a=1; Path=/x; Path", "/cgi-bin/mmwebwx-bin"),
            ("a=1; Path=/; Path=/x", "/x"),
            ("a=1; Path=/", "/"),
        ] {
            assert_eq!(parsed(line).unwrap().path, expected, "{line}");
        }
        for (path, expected) in [
            ("", "/"),
            ("x", "/"),
            ("/", "/"),
            ("/jslogin", "/"),
            ("/a/", "/a"),
            ("/a/b/c?d/e", "/a/b"),
        ] {
            assert_eq!(default_path(path), expected, "{path}");
        }
    }

    #[test]
    fn p6_expiry_in_all_its_forms() {
        let expires = |line: &str| parsed(line).unwrap().expires.map(UnixMs::as_secs);
        assert_eq!(expires("a=1"), None);
        assert_eq!(
            expires("a=1; Expires=Mon, 31-Dec-2018 11:12:21 GMT; Secure"),
            Some(1_546_254_741)
        );
        assert_eq!(expires("a=1; Expires=soon"), None);
        assert_eq!(expires("a=1; Max-Age=20; Expires=Mon, 31-Dec-2018 11:12:21 GMT"), Some(120));
        assert_eq!(expires("a=1; Max-Age=99999999999999999999"), Some(u64::MAX / 1000));
        for past in ["-1", "0", "00", "-99999999999999999999"] {
            assert_eq!(expires(&format!("a=1; Max-Age={past}")), Some(0), "{past}");
        }
        for odd in ["+5", "", "-", "5s", "1.5"] {
            assert_eq!(expires(&format!("a=1; Max-Age={odd}")), None, "{odd}");
        }
    }

    #[test]
    fn malformed_lines_are_no_cookies() {
        for line in ["", "a", "=1", ";", "a\u{7}=1", "a=\r\nX: y"] {
            assert_eq!(parsed(line), None, "{line:?}");
        }
    }

    #[test]
    fn too_long_cookies_and_attributes_are_ignored() {
        let long = |len: usize| "v".repeat(len);
        assert!(parsed(&format!("a={}", long(LONGEST - 1))).is_some());
        assert_eq!(parsed(&format!("a={}", long(LONGEST))), None);
        let cookie = parsed(&format!("a=1; Path=/{}", long(LONGEST_ATTRIBUTE))).unwrap();
        assert_eq!(cookie.path, "/cgi-bin/mmwebwx-bin");
    }
}
