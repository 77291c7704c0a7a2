//! The credentials of a login, and whether a request carries them.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};

use crate::model::profile::Profile;
use crate::model::random;
use crate::model::ret::{INVALID_SESSION, MALFORMED, NO_SESSION, Ret};
use crate::model::user_names::UserNames;

/// The credentials of one login, which are random. They contain `+`, `/` and `=` wherever real ones
/// may contain them.
pub(crate) struct Credentials {
    uin: u64,
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
    auth_ticket: String,
    uvid: String,
    /// The sids of the logins that this one has replaced.
    replaced: Vec<String>,
    /// The UserNames of this login.
    pub(crate) names: UserNames,
}

impl Credentials {
    /// Creates the credentials of the first login.
    pub(crate) fn new(uin: u64) -> Self {
        let skey = || format!("@crypt_{}_{}", random::hex(8), random::hex(32));
        let ticket = [random::token(12), random::token(20), random::token(30)];
        let data_ticket = [random::token(8), random::token(6), random::token(6)];
        let auth_ticket = [random::token(4), random::token(8), random::token(40)];
        Credentials {
            uin,
            sid: format!("{}+{}/{}", random::token(4), random::token(5), random::token(5)),
            skey: skey(),
            next_skey: skey(),
            is_renewed: AtomicBool::new(false),
            pass_ticket: format!("{}%2B{}%2F{}%3D", ticket[0], ticket[1], ticket[2]),
            data_ticket: format!("gS{}+{}/{}", data_ticket[0], data_ticket[1], data_ticket[2]),
            auth_ticket: format!(
                "CIsBEKv3{}+{}/{}=",
                auth_ticket[0], auth_ticket[1], auth_ticket[2]
            ),
            uvid: random::hex(96),
            replaced: Vec::new(),
            names: UserNames::default(),
        }
    }

    /// Creates the credentials of the next login, in which the contacts have these names.
    pub(crate) fn next(&self, names: UserNames) -> Self {
        let mut replaced = self.replaced.clone();
        replaced.push(self.sid.clone());
        Credentials { replaced, names, ..Self::new(self.uin) }
    }

    /// Returns the Ret for a request with another sid: that of a login that was replaced, or of
    /// none.
    fn refusal(&self, sid: &str) -> Ret {
        if self.replaced.iter().any(|old| old == sid) { INVALID_SESSION } else { NO_SESSION }
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

    /// Checks that the request has the cookies of this login.
    pub(crate) fn check_cookies(&self, header: Option<&str>) -> Result<(), Ret> {
        if self.has_login_cookies(header) {
            return Ok(());
        }
        Err(cookies(header)
            .find(|(name, _)| *name == "wxsid")
            .map_or(NO_SESSION, |(_, sid)| self.refusal(sid)))
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
        let own = self.cookies();
        let own = own.iter().find(|(own, _)| *own == name);
        own.is_some_and(|(name, value)| cookies(header).any(|sent| sent == (*name, value.as_str())))
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
            return Err(self.refusal(sid));
        }
        if self.accepts_skey(skey) { Ok(()) } else { Err(INVALID_SESSION) }
    }

    /// Returns whether the skey is accepted: the skey of this login, or an empty one.
    pub(crate) fn accepts_skey(&self, skey: &str) -> bool {
        [&self.skey, &self.next_skey, ""].contains(&skey)
    }

    /// Returns a session file of version 1. `reach` maps the name of a cookie to its domain, and to
    /// whether only that host receives the cookie.
    pub(crate) fn session_json(
        &self,
        user_name: &str,
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
            "device_id": null, "user_name": user_name, "cookies": cookies,
            "sync_key": null, "synced_at": null,
        });
        format!("{session:#}")
    }
}

/// Returns the cookies of a request.
fn cookies(header: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    header.unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='))
}
