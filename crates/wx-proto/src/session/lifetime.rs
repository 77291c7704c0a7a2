//! The lifetime of a login ([§11.12](crate::protocol#s11-12)).

use std::sync::Arc;

use super::{DATA_TICKET, Session};
use crate::model::request_error::RequestError;
use crate::model::unix_ms::UnixMs;

/// The cookies without which the server refuses every call of a login.
pub(super) const OF_LOGIN: [&str; 3] = ["wxuin", "wxsid", DATA_TICKET];

impl Session {
    /// Returns when the login ends by the clock of this computer: when the first of the cookies
    /// `wxuin`, `wxsid` and `webwx_data_ticket` expires. Each webwxsync moves this time, usually to
    /// 12 hours from now. Returns `None` if the server has set no end, or if nobody is
    /// logged in.
    ///
    /// The server can end a login earlier, which only a request shows.
    #[must_use]
    pub fn ends_at(&self) -> Option<UnixMs> {
        self.sid()?;
        OF_LOGIN.iter().filter_map(|name| self.parts.cookies.end_of(name)).min()
    }

    /// Returns when webwxsync, which renews the login, last replied, by the clock of this computer
    /// and in whole seconds. Returns `None` if it has not replied since the login began.
    #[must_use]
    pub fn renewed_at(&self) -> Option<UnixMs> {
        self.parts.sync.synced_at.map(UnixMs::from_secs)
    }

    /// Checks that the session has the secrets of a login that has not ended at `now`.
    ///
    /// # Errors
    /// Returns [`RequestError::NotLoggedIn`] if sid or skey is empty, and
    /// [`RequestError::LoginOver`] if [the end](Session::ends_at) has passed.
    pub fn check_alive(&self, now: UnixMs) -> Result<(), RequestError> {
        self.check_login()?;
        self.check_end(now)
    }

    /// Checks that the login has not ended at `now`.
    pub(crate) fn check_end(&self, now: UnixMs) -> Result<(), RequestError> {
        match self.ends_at().filter(|end| *end <= now) {
            Some(since) => Err(RequestError::LoginOver { since }),
            None => Ok(()),
        }
    }

    /// Returns whether the sync state has changed since `earlier` was cloned from this session.
    /// Each webwxsync, the first webwxinit, each sent message and each acknowledged batch change
    /// it. The clone must have been kept in between.
    #[must_use]
    pub fn has_synced_since(&self, earlier: &Self) -> bool {
        !Arc::ptr_eq(&self.parts.sync, &earlier.parts.sync)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hosts::Origin;
    use crate::session::Session;

    fn vector() -> serde_json::Value {
        serde_json::from_str(include_str!("../../tests/vectors/sync_cookies.json")).unwrap()
    }

    fn session(cookies: &[(&str, Option<u64>)]) -> Session {
        let cookie = |(name, expires): &(&str, Option<u64>)| {
            serde_json::json!({
                "name": name, "value": "v", "domain": ".qq.com", "expires": expires,
            })
        };
        let cookies: Vec<_> = cookies.iter().map(cookie).collect();
        let file = serde_json::json!({
            "version": 1, "base": "https://wx.qq.com", "uin": 1, "sid": "s", "skey": "k",
            "user_name": "@me", "cookies": cookies,
        });
        Session::from_json(file.to_string()).unwrap()
    }

    #[test]
    fn p103_a_login_ends_with_the_first_of_its_cookies() {
        let all = [("wxuin", Some(300)), ("wxsid", Some(200)), (DATA_TICKET, Some(250))];
        let session = session(&all);
        assert_eq!(session.ends_at(), Some(UnixMs::from_secs(200)));
        assert_eq!(session.check_alive(UnixMs::new(199_999)), Ok(()));
        let since = UnixMs::from_secs(200);
        assert_eq!(session.check_alive(since), Err(RequestError::LoginOver { since }));
    }

    #[test]
    fn a_login_without_a_lifetime_has_no_end() {
        for cookies in [&[][..], &[("wxsid", None)], &[("webwxuvid", Some(200))]] {
            let session = session(cookies);
            assert_eq!(session.ends_at(), None, "{cookies:?}");
            assert_eq!(session.check_alive(UnixMs::new(u64::MAX)), Ok(()));
        }
        let session = session(&[("wxsid", None), (DATA_TICKET, Some(200))]);
        assert_eq!(session.ends_at(), Some(UnixMs::from_secs(200)));
    }

    /// A cookie that an earlier login left for another domain does not end this one.
    #[test]
    fn of_two_cookies_of_one_name_the_later_end_counts() {
        let (mut jar, origin) = (session(&[]).cookies().clone(), Origin::for_test("wx.qq.com"));
        let then = UnixMs::from_secs(1_546_211_541);
        for (domain, age) in [("qq.com", 60), ("wx.qq.com", 3600)] {
            let line = format!("wxsid=v; Domain={domain}; Path=/; Max-Age={age}");
            assert!(jar.store(&line, &origin, then));
        }
        assert_eq!(jar.end_of("wxsid"), Some(UnixMs::from_secs(1_546_211_541 + 3600)));
        assert!(jar.store("wxsid=v; Path=/", &origin, then));
        assert_eq!(jar.end_of("wxsid"), None);
    }

    #[test]
    fn p103_a_sync_moves_the_end() {
        use crate::model::hosts::HostRole;
        use http::{HeaderMap, header::SET_COOKIE};
        let vector = vector();
        let mut session = session(&[("wxsid", Some(1_546_254_741)), (DATA_TICKET, None)]);
        let mut headers = HeaderMap::new();
        for line in vector["set_cookie"].as_array().unwrap() {
            headers.append(SET_COOKIE, line.as_str().unwrap().parse().unwrap());
        }
        let origin = session.hosts().origin(HostRole::Base);
        // Two seconds after the login.
        session.apply_cookies(&headers, &origin, UnixMs::from_secs(1_546_211_543));
        let lifetime = vector["expect"]["life_s"]["wxsid"].as_u64().unwrap();
        assert_eq!(session.ends_at(), Some(UnixMs::from_secs(1_546_211_543 + lifetime)));
    }
}
