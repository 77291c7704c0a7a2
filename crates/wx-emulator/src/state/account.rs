//! The account of the server: its credentials, and whether a request carries them.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};

use crate::model::profile::Profile;
use crate::model::random;
use crate::model::ret::{INVALID_SESSION, MALFORMED, NO_SESSION, Ret};

/// The name of the account.
pub(crate) const NICK_NAME: &str = "Emulated";

/// Credentials, which are random in each run. They contain `+`, `/` and `=` wherever real ones may
/// contain them.
pub(crate) struct Account {
    pub(crate) uin: u64,
    pub(crate) sid: String,
    pub(crate) skey: String,
    /// Replaces `skey` in replies that repeat secrets, so that the client also receives a new
    /// secret.
    pub(crate) next_skey: String,
    /// Whether a client has received `next_skey`.
    is_renewed: AtomicBool,
    /// The value in the XML of the login, which is percent-encoded once.
    pub(crate) pass_ticket: String,
    pub(crate) data_ticket: String,
    pub(crate) user_name: String,
    pub(crate) friend: String,
    pub(crate) second_friend: String,
    auth_ticket: String,
    uvid: String,
}

impl Account {
    pub(crate) fn new() -> Self {
        let user = || format!("@{}", random::hex(64));
        let skey = || format!("@crypt_{}_{}", random::hex(8), random::hex(32));
        Account {
            // Greater than 2^31, so that a client that parses it as an i32 fails.
            uin: (1 << 31) + random::bits() % (1 << 31),
            sid: format!("{}+{}/{}", random::token(4), random::token(5), random::token(5)),
            skey: skey(),
            next_skey: skey(),
            is_renewed: AtomicBool::new(false),
            pass_ticket: format!(
                "{}%2B{}%2F{}%3D",
                random::token(12),
                random::token(20),
                random::token(30)
            ),
            data_ticket: format!(
                "gS{}+{}/{}",
                random::token(8),
                random::token(6),
                random::token(6)
            ),
            user_name: user(),
            friend: user(),
            second_friend: user(),
            auth_ticket: format!(
                "CIsBEKv3{}+{}/{}=",
                random::token(4),
                random::token(8),
                random::token(40)
            ),
            uvid: random::hex(96),
        }
    }

    /// Returns the cookies of a login, in the order in which the server sets them.
    pub(crate) fn cookies(&self) -> [(&'static str, String); 7] {
        [
            ("wxuin", self.uin.to_string()),
            ("wxsid", self.sid.clone()),
            ("wxloadtime", "1511493942".to_owned()),
            ("mm_lang", "zh_CN".to_owned()),
            ("webwx_data_ticket", self.data_ticket.clone()),
            ("webwxuvid", self.uvid.clone()),
            ("webwx_auth_ticket", self.auth_ticket.clone()),
        ]
    }

    /// Returns the values that only the server and the client of this account know. A reply that
    /// contains a new skey (`has_new_skey`) makes it the current one.
    pub(crate) fn secrets(&self, has_new_skey: bool) -> impl Iterator<Item = &str> {
        let is_renewed = self.is_renewed.fetch_or(has_new_skey, Relaxed) || has_new_skey;
        let skeys = [(&self.next_skey, is_renewed), (&self.skey, has_new_skey || !is_renewed)];
        let skeys = skeys.into_iter().filter_map(|(skey, is_known)| is_known.then_some(skey));
        let others =
            [&self.sid, &self.pass_ticket, &self.data_ticket, &self.auth_ticket, &self.uvid];
        skeys.chain(others).map(String::as_str)
    }

    /// Returns a session file of version 1. `reach` maps the name of a cookie to its domain, and to
    /// whether only that host receives the cookie.
    pub(crate) fn session_json(
        &self,
        base: &str,
        reach: impl Fn(&str) -> (String, bool),
        profile: Profile,
    ) -> String {
        let name = match profile {
            Profile::Web => "web",
            Profile::FileHelper => "filehelper",
        };
        let cookie = |(name, value): (&str, String)| {
            let (domain, host_only) = reach(name);
            json!({
                "name": name, "value": value, "domain": domain, "host_only": host_only,
                "path": "/", "secure": base.starts_with("https://"), "expires": null,
            })
        };
        let cookies: Vec<Value> = self.cookies().into_iter().map(cookie).collect();
        let session = json!({
            "version": 1, "profile": name, "base": base, "lang": "zh_CN",
            "uin": self.uin, "sid": self.sid, "skey": self.skey, "pass_ticket": self.pass_ticket,
            "device_id": null, "user_name": self.user_name, "cookies": cookies,
            "sync_key": null, "synced_at": null,
        });
        format!("{session:#}")
    }

    /// Returns whether the request has the cookies of a login: its identity and the data ticket.
    pub(crate) fn has_login_cookies(&self, header: Option<&str>) -> bool {
        ["wxuin", "wxsid", "webwx_data_ticket"].iter().all(|name| self.has_cookie(header, name))
    }

    /// Returns whether the request has the cookies that outlive a login. With them, the phone can
    /// be asked to confirm the next login
    /// ([§8.7](https://docs.rs/wx-proto/latest/wx_proto/protocol/index.html#s8-7)).
    pub(crate) fn has_long_lived_cookies(&self, header: Option<&str>) -> bool {
        ["wxuin", "webwxuvid", "webwx_auth_ticket"].iter().all(|name| self.has_cookie(header, name))
    }

    /// Returns whether the request has the cookie `name` with the value of this login.
    pub(crate) fn has_cookie(&self, header: Option<&str>, name: &str) -> bool {
        let sent =
            header.unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='));
        let cookies = self.cookies();
        let own = cookies.iter().find(|(own, _)| *own == name);
        own.is_some_and(|(name, value)| {
            sent.into_iter().any(|pair| pair == (*name, value.as_str()))
        })
    }

    /// Checks that a `BaseRequest` belongs to this login. An empty skey is accepted, because a
    /// released client sends one.
    pub(crate) fn check(&self, base_request: &Value) -> Result<(), Ret> {
        let (Some(sid), Some(skey)) = (base_request["Sid"].as_str(), base_request["Skey"].as_str())
        else {
            return Err(MALFORMED);
        };
        let uin = match &base_request["Uin"] {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64(),
        };
        if uin != Some(self.uin) || sid != self.sid {
            return Err(NO_SESSION);
        }
        if self.accepts_skey(skey) { Ok(()) } else { Err(INVALID_SESSION) }
    }

    /// Returns whether the skey is accepted: the skey of this login, or an empty one.
    pub(crate) fn accepts_skey(&self, skey: &str) -> bool {
        [&self.skey, &self.next_skey, ""].contains(&skey)
    }

    /// Returns the UserNames of the contacts that every account has.
    pub(crate) fn contacts(&self) -> [&str; 3] {
        [&self.friend, &self.second_friend, "filehelper"]
    }
}
