//! The cookie jar: domain matching by labels, lax dates, values verbatim (§2.3, P5–P7).

mod set_cookie;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::{Origin, Secret, Unready};

/// A stored cookie. `Debug` shows all but the value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value, verbatim: no decoding, though it may hold `+ / =` (P7).
    pub value: Secret,
    /// The domain it was set for, in lower case, without a leading dot.
    pub domain: String,
    /// Whether it goes to exactly that host, and not to those below it.
    pub host_only: bool,
    /// The path it is for.
    pub path: String,
    /// Whether it goes over https only.
    pub secure: bool,
    /// When it ends, in Unix seconds; `None` for the end of the session.
    pub expires: Option<u64>,
}

/// The cookies of a login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieJar {
    cookies: Vec<Cookie>,
}

impl Cookie {
    fn reaches(&self, origin: &Origin, path: &str, unix_s: u64) -> bool {
        let in_domain = if self.host_only {
            origin.host() == self.domain
        } else {
            is_within(origin.host(), &self.domain)
        };
        let in_path = path
            .strip_prefix(&self.path)
            .is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'));
        in_domain
            && in_path
            && (origin.is_https() || !self.secure)
            && self.expires.is_none_or(|end| end > unix_s)
    }

    /// Whether it can be sent as what it is.
    pub(crate) fn is_sendable(&self) -> bool {
        set_cookie::is_sendable(&self.name, self.value.expose()) && self.path.starts_with('/')
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.domain, &self.path) == (&other.name, &other.domain, &other.path)
    }
}

/// Whether `host` is `domain` or below it, by whole labels; an address is below nothing.
fn is_within(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain).and_then(|above| above.strip_suffix('.'));
    host == domain || (above.is_some_and(|above| !above.is_empty()) && !is_address(host))
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok()
}

impl CookieJar {
    /// Takes in a `Set-Cookie` header of an answer from `origin` at `unix_s` (Unix seconds). Returns whether it was
    /// accepted: a cookie for a foreign domain or a whole top-level domain is not. An expired one removes its namesake.
    pub fn store(&mut self, set_cookie: &str, origin: &Origin, unix_s: u64) -> bool {
        let Some(cookie) = set_cookie::parse(set_cookie, origin, unix_s) else { return false };
        self.put(cookie);
        self.cookies.retain(|cookie| cookie.expires.is_none_or(|end| end > unix_s));
        true
    }

    /// As [`CookieJar::store`], with all `Set-Cookie` headers of an answer.
    pub fn adopt(&mut self, headers: &HeaderMap, origin: &Origin, unix_s: u64) {
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            self.store(line, origin, unix_s);
        }
    }

    /// The value of a cookie that would go to `origin` at `unix_s` (Unix seconds).
    #[must_use]
    pub fn value(&self, name: &str, origin: &Origin, unix_s: u64) -> Option<&Secret> {
        let found =
            self.cookies.iter().find(|cookie| cookie.name == name && cookie.reaches(origin, "/", unix_s));
        found.map(|cookie| &cookie.value)
    }

    /// All cookies, in the order they were set.
    #[must_use]
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    pub(crate) fn put(&mut self, cookie: Cookie) {
        match self.cookies.iter_mut().find(|old| old.is_same(&cookie)) {
            Some(old) => *old = cookie,
            None => self.cookies.push(cookie),
        }
    }

    /// The `Cookie` header for a request, marked as sensitive (P18).
    pub(crate) fn header(
        &self,
        origin: &Origin,
        path: &str,
        unix_s: u64,
    ) -> Result<Option<HeaderValue>, Unready> {
        let mut text = String::new();
        for cookie in self.cookies.iter().filter(|cookie| cookie.reaches(origin, path, unix_s)) {
            let separator = if text.is_empty() { "" } else { "; " };
            text.extend([separator, &cookie.name, "=", cookie.value.expose()]);
        }
        if text.is_empty() {
            return Ok(None);
        }
        let mut value = HeaderValue::try_from(text).map_err(|_| Unready::Unsendable("a cookie"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hosts, Role};

    /// 2018-12-30 23:12:21 UTC.
    const THEN: u64 = 1_546_211_541;

    fn vector() -> serde_json::Value {
        serde_json::from_str(include_str!("../tests/vectors/cookies.json")).unwrap()
    }

    fn jar() -> CookieJar {
        let origin = Hosts::of("https://wx.qq.com").unwrap().origin(Role::Base);
        let mut jar = CookieJar::default();
        for line in vector()["set_cookie"].as_array().unwrap() {
            assert!(jar.store(line.as_str().unwrap(), &origin, THEN), "{line}");
        }
        jar
    }

    fn names(jar: &CookieJar, host: &str, unix_s: u64) -> Vec<String> {
        let reached =
            jar.cookies.iter().filter(|cookie| cookie.reaches(&Origin::for_test(host), "/cgi-bin/x", unix_s));
        reached.map(|cookie| cookie.name.clone()).collect()
    }

    #[test]
    fn p5_p6_reach_of_the_captured_cookies() {
        let jar = jar();
        let vector = vector();
        for (host, expected) in vector["reach"].as_object().unwrap() {
            let expected: Vec<_> =
                expected.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
            assert_eq!(names(&jar, host, THEN), expected, "{host}");
        }
        // After twelve hours only the two that last ten years are left.
        assert_eq!(names(&jar, "wx.qq.com", THEN + 43_200), ["webwxuvid", "webwx_auth_ticket"]);
    }

    #[test]
    fn p6_a_sync_gives_five_cookies_a_fresh_life() {
        let text = include_str!("../tests/vectors/sync_cookies.json");
        let vector: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut jar = jar();
        let lines = vector["set_cookie"].as_array().unwrap();
        // Two seconds after the login, as captured.
        for line in lines {
            assert!(jar.store(line.as_str().unwrap(), &Origin::for_test("wx.qq.com"), THEN + 2));
        }
        let lives = vector["expect"]["life_s"].as_object().unwrap();
        assert_eq!(lives.len(), lines.len());
        for (name, life) in lives {
            let lasts = |unix_s: u64| names(&jar, "wx.qq.com", unix_s).contains(name);
            let end = THEN + 2 + life.as_u64().unwrap();
            assert!(lasts(end - 1) && !lasts(end), "{name}");
        }
        for kept in vector["expect"]["not_renewed"].as_array().unwrap() {
            assert!(
                names(&jar, "wx.qq.com", THEN + 2).contains(&kept.as_str().unwrap().to_owned()),
                "{kept}"
            );
        }
        let loaded = jar.header(&Origin::for_test("wx.qq.com"), "/", THEN + 2).unwrap().unwrap();
        assert!(loaded.to_str().unwrap().contains("wxloadtime=1546211541_expired"));
    }

    #[test]
    fn p7_p18_values_go_back_verbatim() {
        let origin = Hosts::of("https://wx.qq.com").unwrap().origin(Role::File);
        let header = jar().header(&origin, "/cgi-bin/mmwebwx-bin/webwxuploadmedia", THEN).unwrap().unwrap();
        assert!(header.is_sensitive());
        let text = header.to_str().unwrap();
        assert!(
            text.starts_with(
                "wxuin=123456789; wxsid=AbCd+fGh/jKlMnOp; wxloadtime=1546211541; mm_lang=zh_CN; "
            )
        );
        assert!(text.ends_with("; webwx_auth_ticket=CIsBEAAA/+aAAA="));
    }

    #[test]
    fn p15_debug_shows_no_value() {
        let shown = format!("{:?}", jar());
        assert!(
            shown.contains("webwx_auth_ticket")
                && !shown.contains("CIsBEAAA")
                && !shown.contains("123456789")
        );
    }

    #[test]
    fn a_path_is_matched_by_whole_segments() {
        let mut jar = CookieJar::default();
        let origin = Origin::for_test("wx.qq.com");
        assert!(jar.store("a=1; Path=/cgi-bin", &origin, THEN));
        for (path, reached) in
            [("/cgi-bin", true), ("/cgi-bin/x", true), ("/cgi-binary", false), ("/", false)]
        {
            assert_eq!(jar.header(&origin, path, THEN).unwrap().is_some(), reached, "{path}");
        }
    }
}
