//! The cookie jar. Domains are matched by labels, dates are lenient, and values are verbatim
//! ([§2.3](crate::protocol#s2-3), [P5](crate::protocol#p5)–[P7](crate::protocol#p7)).
//!
//! No crate fits: `cookie_store` reads the local clock itself, does not adjust for the server's
//! clock, and does not limit how much a server can store.

pub(crate) mod cookie;
mod set_cookie;

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use self::cookie::Cookie;
use crate::model::hosts::Origin;
use crate::model::request_error::RequestError;
use crate::model::secret::Secret;
use crate::model::unix_ms::UnixMs;
use crate::wire::cgi::cgi;
use crate::wire::clocks::Clocks;

/// The cookies of a login.
///
/// There are limits: 4096 bytes of name and value per cookie, 50 cookies per domain, and 3000
/// cookies and 256 KiB in total. The oldest cookies are removed first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CookieJar {
    /// The cookies, in the order in which they were first set.
    cookies: Vec<Cookie>,
}

/// The path of the official page's calls ([§2](crate::protocol#s2)), which is also the default path
/// of a cookie.
const CALLS: &str = cgi!("");
/// The maximum numbers of cookies per domain and in total, which are the minimum capabilities of a
/// browser in RFC 6265 [§6.1](https://www.rfc-editor.org/rfc/rfc6265#section-6.1).
const PER_DOMAIN: usize = 50;
const IN_ALL: usize = 3000;
/// The maximum size in total. RFC 6265 would allow 12 MB, which is too much for a session file.
const BYTES_IN_ALL: usize = 256 * 1024;

impl CookieJar {
    /// Stores the cookie of a `Set-Cookie` header from `origin`, in the reply to a call of the
    /// official page, received at `now`.
    ///
    /// Returns whether the cookie was accepted. Cookies for a foreign domain or a top-level domain
    /// are rejected. An expired cookie removes the stored one.
    pub fn store(&mut self, set_cookie: &str, origin: &Origin, now: UnixMs) -> bool {
        self.drop_expired(now);
        self.take(set_cookie, origin, CALLS, Clocks::synchronised(now))
    }

    /// Like [`CookieJar::store`], for all `Set-Cookie` headers of a reply.
    ///
    /// `Expires` is converted from the server's clock, as shown by the `Date` header. Cookies
    /// therefore have the right lifetime even if the clock of this computer is wrong.
    pub fn apply(&mut self, headers: &HeaderMap, origin: &Origin, now: UnixMs) {
        self.apply_at(headers, origin, CALLS, now);
    }

    /// Like [`CookieJar::apply`], for the reply to a request for `path`.
    pub(crate) fn apply_at(
        &mut self,
        headers: &HeaderMap,
        origin: &Origin,
        path: &str,
        now: UnixMs,
    ) {
        let clocks = Clocks::new(headers, now);
        self.drop_expired(now);
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            self.take(line, origin, path, clocks);
        }
    }

    fn take(&mut self, set_cookie: &str, origin: &Origin, path: &str, clocks: Clocks) -> bool {
        let Some(cookie) = set_cookie::parse(set_cookie, origin, path, clocks) else {
            return false;
        };
        if cookie.is_over(clocks.local()) {
            self.cookies.retain(|old| !old.is_same(&cookie));
        } else {
            self.put(cookie);
        }
        true
    }

    fn drop_expired(&mut self, now: UnixMs) {
        self.cookies.retain(|cookie| !cookie.is_over(now));
    }

    /// Returns the value of a cookie that would be sent to `origin` at `now`, with a call of the
    /// official page.
    #[must_use]
    pub fn value(&self, name: &str, origin: &Origin, now: UnixMs) -> Option<&Secret> {
        self.value_for(name, origin, CALLS, now)
    }

    /// Returns the value of a cookie that would be sent with a request for `path`. If there are
    /// several, the most specific one is returned.
    pub(crate) fn value_for(
        &self,
        name: &str,
        origin: &Origin,
        path: &str,
        now: UnixMs,
    ) -> Option<&Secret> {
        let found =
            self.sent_with(origin, path, now).into_iter().find(|cookie| cookie.name == name);
        found.map(|cookie| &cookie.value)
    }

    /// Returns all cookies, in the order in which they were first set.
    #[must_use]
    pub fn cookies(&self) -> &[Cookie] {
        &self.cookies
    }

    /// Returns when the last cookie of this name expires. Returns `None` if there is none, or one
    /// that does not expire.
    pub(crate) fn end_of(&self, name: &str) -> Option<UnixMs> {
        let of_name = self.cookies.iter().filter(|cookie| cookie.name == name);
        let ends: Option<Vec<_>> = of_name.map(|cookie| cookie.expires).collect();
        ends?.into_iter().max()
    }

    /// Returns a copy without the cookies of this name.
    pub(crate) fn without(&self, name: &str) -> Self {
        Self {
            cookies: self.cookies.iter().filter(|cookie| cookie.name != name).cloned().collect(),
        }
    }

    /// Adds a cookie, or replaces the one with the same name, domain and path. Removes the oldest
    /// cookies if a limit is exceeded.
    pub(crate) fn put(&mut self, cookie: Cookie) {
        let (mut namesake, mut oldest_of_domain, mut of_domain, mut bytes) =
            (None, None, 0, cookie.bytes());
        for (at, old) in self.cookies.iter().enumerate() {
            bytes += old.bytes();
            if old.domain == cookie.domain {
                of_domain += 1;
                oldest_of_domain = oldest_of_domain.or(Some(at));
                namesake = if old.is_same(&cookie) { Some(at) } else { namesake };
            }
        }
        // A replaced cookie keeps its place.
        let replaced = match namesake {
            Some(at) => std::mem::replace(&mut self.cookies[at], cookie).bytes(),
            None => {
                self.cookies.push(cookie);
                let oldest = oldest_of_domain.filter(|_| of_domain >= PER_DOMAIN);
                oldest.map_or(0, |at| self.cookies.remove(at).bytes())
            }
        };
        bytes -= replaced;
        let mut too_many = 0;
        while self.cookies.len() - too_many > IN_ALL || bytes > BYTES_IN_ALL {
            bytes -= self.cookies[too_many].bytes();
            too_many += 1;
        }
        self.cookies.drain(..too_many);
    }

    /// Returns the cookies of a request in the order of RFC 6265
    /// [§5.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.4): longer paths first, then older
    /// cookies.
    fn sent_with(&self, origin: &Origin, path: &str, now: UnixMs) -> Vec<&Cookie> {
        let reached = self.cookies.iter().filter(|cookie| cookie.reaches(origin, path, now));
        let mut sent: Vec<_> = reached.collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        sent
    }

    /// Returns the `Cookie` header of a request, marked as sensitive ([P18](crate::protocol#p18)).
    pub(crate) fn header(
        &self,
        origin: &Origin,
        path: &str,
        now: UnixMs,
    ) -> Result<Option<HeaderValue>, RequestError> {
        let mut text = String::new();
        for cookie in self.sent_with(origin, path, now) {
            let separator = if text.is_empty() { "" } else { "; " };
            text.extend([separator, &cookie.name, "=", cookie.value.expose()]);
        }
        if text.is_empty() {
            return Ok(None);
        }
        let mut value =
            HeaderValue::try_from(text).map_err(|_| RequestError::InvalidHeader(COOKIE))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::hosts::{HostRole, Hosts};

    /// 2018-12-30 23:12:21 UTC.
    const THEN: UnixMs = UnixMs::from_secs(1_546_211_541);

    fn after(seconds: u64) -> UnixMs {
        THEN.saturating_add(Duration::from_secs(seconds))
    }

    fn vector() -> serde_json::Value {
        serde_json::from_str(include_str!("../../tests/vectors/cookies.json")).unwrap()
    }

    fn jar() -> CookieJar {
        let origin = Hosts::from_base("https://wx.qq.com").unwrap().origin(HostRole::Base);
        let mut jar = CookieJar::default();
        for line in vector()["set_cookie"].as_array().unwrap() {
            assert!(jar.store(line.as_str().unwrap(), &origin, THEN), "{line}");
        }
        jar
    }

    fn names(jar: &CookieJar, host: &str, now: UnixMs) -> Vec<String> {
        let reached = jar
            .cookies
            .iter()
            .filter(|cookie| cookie.reaches(&Origin::for_test(host), "/cgi-bin/x", now));
        reached.map(|cookie| cookie.name.clone()).collect()
    }

    #[test]
    fn p5_p6_reach_of_the_captured_cookies() {
        let jar = jar();
        let vector = vector();
        for (host, expected) in vector["reach"].as_object().unwrap() {
            let expected: Vec<_> = expected
                .as_array()
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect();
            assert_eq!(names(&jar, host, THEN), expected, "{host}");
        }
        // After twelve hours, only the two cookies that last for ten years remain.
        assert_eq!(names(&jar, "wx.qq.com", after(43_200)), ["webwxuvid", "webwx_auth_ticket"]);
    }

    #[test]
    fn p6_a_sync_gives_five_cookies_a_new_lifetime() {
        let text = include_str!("../../tests/vectors/sync_cookies.json");
        let vector: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut jar = jar();
        let lines = vector["set_cookie"].as_array().unwrap();
        // Two seconds after the login, as captured.
        for line in lines {
            assert!(jar.store(line.as_str().unwrap(), &Origin::for_test("wx.qq.com"), after(2)));
        }
        let lives = vector["expect"]["life_s"].as_object().unwrap();
        assert_eq!(lives.len(), lines.len());
        for (name, life) in lives {
            let lasts = |seconds| names(&jar, "wx.qq.com", after(seconds)).contains(name);
            let end = 2 + life.as_u64().unwrap();
            assert!(lasts(end - 1) && !lasts(end), "{name}");
        }
        for kept in vector["expect"]["not_renewed"].as_array().unwrap() {
            assert!(
                names(&jar, "wx.qq.com", after(2)).contains(&kept.as_str().unwrap().to_owned()),
                "{kept}"
            );
        }
        let loaded = jar.header(&Origin::for_test("wx.qq.com"), "/", after(2)).unwrap().unwrap();
        assert!(loaded.to_str().unwrap().contains("wxloadtime=1546211541_expired"));
    }

    #[test]
    fn p7_p18_values_are_sent_back_verbatim() {
        let origin = Hosts::from_base("https://wx.qq.com").unwrap().origin(HostRole::File);
        let header =
            jar().header(&origin, "/cgi-bin/mmwebwx-bin/webwxuploadmedia", THEN).unwrap().unwrap();
        assert!(header.is_sensitive());
        let text = header.to_str().unwrap();
        assert!(text.starts_with(
            "wxuin=123456789; wxsid=AbCd+fGh/jKlMnOp; wxloadtime=1546211541; mm_lang=zh_CN; "
        ));
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

    fn stored<'a>(lines: impl IntoIterator<Item = &'a str>) -> CookieJar {
        let mut jar = CookieJar::default();
        for line in lines {
            jar.store(line, &Origin::for_test("wx.qq.com"), THEN);
        }
        jar
    }

    #[test]
    fn longer_paths_precede_shorter_ones_and_then_older_cookies_newer_ones() {
        let lines = [
            "a=1; Path=/",
            "b=2; Path=/cgi-bin/mmwebwx-bin/",
            "c=3; Path=/cgi-bin",
            "d=4; Path=/",
            "e=5; Path=/cgi-bin",
            // A renewed cookie keeps its age.
            "a=6; Path=/",
        ];
        let jar = stored(lines);
        let header = jar.header(&Origin::for_test("wx.qq.com"), "/cgi-bin/mmwebwx-bin/x", THEN);
        assert_eq!(header.unwrap().unwrap().to_str().unwrap(), "b=2; c=3; e=5; a=6; d=4");
    }

    #[test]
    fn a_value_is_the_one_that_the_calls_use() {
        let origin = Origin::for_test("wx.qq.com");
        let jar = stored(["a=1", "b=2; Path=/", "b=3; Path=/cgi-bin", "c=4; Path=/x"]);
        let value =
            |name: &str| jar.value(name, &origin, THEN).map(|value| value.expose().as_str());
        assert_eq!(["a", "b", "c"].map(value), [Some("1"), Some("3"), None]);
    }

    #[test]
    fn the_oldest_cookies_of_a_domain_make_room() {
        let lines: Vec<_> = (0..60).map(|n| format!("n{n}=1; Path=/")).collect();
        let jar =
            stored(["other=1; Domain=qq.com"].into_iter().chain(lines.iter().map(String::as_str)));
        let names: Vec<_> = jar.cookies().iter().map(|cookie| cookie.name.as_str()).collect();
        assert_eq!((names.len(), names[0], names[1]), (1 + PER_DOMAIN, "other", "n10"));
    }

    #[test]
    fn a_jar_stays_within_its_bounds_in_linear_time() {
        let origin = |n: usize| Origin::for_test(&format!("h{n}.wx.qq.com"));
        let mut jar = CookieJar::default();
        for n in 0..IN_ALL + 500 {
            jar.store(&format!("n{n}=1"), &origin(n / PER_DOMAIN), THEN);
        }
        assert_eq!((jar.cookies().len(), jar.cookies()[0].name.as_str()), (IN_ALL, "n500"));
        let value = "v".repeat(4000);
        for n in 0..50_000 {
            jar.store(&format!("m{n}={value}"), &origin(n / 1000), THEN);
        }
        let bytes: usize = jar.cookies().iter().map(Cookie::bytes).sum();
        assert!(bytes <= BYTES_IN_ALL, "{bytes}");
        assert_eq!(jar.cookies().last().unwrap().name, "m49999");
    }

    #[test]
    fn expiry_is_counted_by_the_servers_clock() {
        let origin = Origin::for_test("wx.qq.com");
        for ahead in [-3_153_600_000_i64, -43_200, -1, 0, 1, 43_200, 3_153_600_000] {
            let mut headers = HeaderMap::new();
            headers.append("date", "Sun, 30 Dec 2018 23:12:21 GMT".parse().unwrap());
            for line in [
                "half=1; Path=/; Expires=Mon, 31-Dec-2018 11:12:21 GMT",
                "age=1; Path=/; Max-Age=60; Expires=Mon, 31-Dec-2018 11:12:21 GMT",
                "over=1; Path=/; Expires=Sun, 30-Dec-2018 23:12:21 GMT",
            ] {
                headers.append(SET_COOKIE, line.parse().unwrap());
            }
            let local = THEN.as_secs().saturating_add_signed(ahead);
            let mut jar = CookieJar::default();
            // The clock need not be at the beginning of a second.
            jar.apply(&headers, &origin, UnixMs::new(1000 * local + 999));
            let names = |after: u64| names(&jar, "wx.qq.com", UnixMs::from_secs(local + after));
            assert_eq!(names(59), ["half", "age"], "{ahead}");
            assert_eq!(names(43_199), ["half"], "{ahead}");
            assert!(names(43_200).is_empty(), "{ahead}");
        }
    }
}
