//! The one account of an emulator: its credentials, and whether a request carries them.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};

use crate::emulator::Profile;
use crate::random;

/// No such login: cookies, sid or uin are wrong.
pub(crate) const NO_SESSION: i64 = 1100;
/// The login is known but its skey is not this one.
pub(crate) const INVALID_SESSION: i64 = 1101;
/// A request that cannot be made sense of.
pub(crate) const MALFORMED: i64 = 1;

/// Credentials, random in each run. The values hold `+`, `/` and `=` wherever real ones may.
pub(crate) struct Account {
    pub(crate) uin: u64,
    pub(crate) sid: String,
    pub(crate) skey: String,
    /// Takes the place of skey in answers that echo, so that secrets change there as well.
    pub(crate) next_skey: String,
    /// Whether it has been given.
    is_renewed: AtomicBool,
    /// As in the login's XML: percent-encoded once.
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
            // Above 2^31, where a signed number of 32 bits fails.
            uin: (1 << 31) + random::bits() % (1 << 31),
            sid: format!("{}+{}/{}", random::token(4), random::token(5), random::token(5)),
            skey: skey(),
            next_skey: skey(),
            is_renewed: AtomicBool::new(false),
            pass_ticket: format!("{}%2B{}%2F{}%3D", random::token(12), random::token(20), random::token(30)),
            data_ticket: format!("gS{}+{}/{}", random::token(8), random::token(6), random::token(6)),
            user_name: user(),
            friend: user(),
            second_friend: user(),
            auth_ticket: format!("CIsBEKv3{}+{}/{}=", random::token(4), random::token(8), random::token(40)),
            uvid: random::hex(96),
        }
    }

    /// The login cookies, in the order the server sets them.
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

    /// What only this account's client knows besides the server. From the answer on that gives a
    /// new skey (`gives_new`) that is the one.
    pub(crate) fn secrets(&self, gives_new: bool) -> impl Iterator<Item = &str> {
        let is_renewed = self.is_renewed.fetch_or(gives_new, Relaxed) || gives_new;
        let skeys = [(&self.next_skey, is_renewed), (&self.skey, gives_new || !is_renewed)];
        let skeys = skeys.into_iter().filter_map(|(skey, is_known)| is_known.then_some(skey));
        let others = [&self.sid, &self.pass_ticket, &self.data_ticket, &self.auth_ticket, &self.uvid];
        skeys.chain(others).map(String::as_str)
    }

    /// A session file of version 1. `reach` gives a cookie's domain, and whether the host alone gets it.
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

    /// Whether the cookies that make a login are there: identity and data ticket.
    pub(crate) fn knows_cookies(&self, header: Option<&str>) -> bool {
        ["wxuin", "wxsid", "webwx_data_ticket"].iter().all(|name| self.knows_cookie(header, name))
    }

    /// Whether the cookies are there that outlive a login and let the phone be asked (§8.7).
    pub(crate) fn knows_long_cookies(&self, header: Option<&str>) -> bool {
        ["wxuin", "webwxuvid", "webwx_auth_ticket"].iter().all(|name| self.knows_cookie(header, name))
    }

    /// Whether this login's cookie of that name is among those sent.
    pub(crate) fn knows_cookie(&self, header: Option<&str>, name: &str) -> bool {
        let sent = header.unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='));
        let cookies = self.cookies();
        let own = cookies.iter().find(|(own, _)| *own == name);
        own.is_some_and(|(name, value)| sent.into_iter().any(|pair| pair == (*name, value.as_str())))
    }

    /// Ret for a `BaseRequest`, or `Ok` when it is this account's. One real client sends an empty skey, so that passes.
    pub(crate) fn check(&self, base_request: &Value) -> Result<(), i64> {
        let (Some(sid), Some(skey)) = (base_request["Sid"].as_str(), base_request["Skey"].as_str()) else {
            return Err(MALFORMED);
        };
        let uin = match &base_request["Uin"] {
            Value::String(text) => text.parse().ok(),
            number => number.as_u64(),
        };
        if uin != Some(self.uin) || sid != self.sid {
            return Err(NO_SESSION);
        }
        if self.knows_skey(skey) { Ok(()) } else { Err(INVALID_SESSION) }
    }

    pub(crate) fn knows_skey(&self, skey: &str) -> bool {
        [&self.skey, &self.next_skey, ""].contains(&skey)
    }

    pub(crate) fn contacts(&self) -> [&str; 3] {
        [&self.friend, &self.second_friend, "filehelper"]
    }
}
