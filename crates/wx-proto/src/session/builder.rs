use std::sync::Arc;

use serde_json::Map;

use super::file;
use super::login_cookie::login_cookie;
use super::{DATA_TICKET, Parts, Session};
use crate::model::fields::SessionField;
use crate::model::hosts::Hosts;
use crate::model::ids::UserName;
use crate::model::profile::Profile;
use crate::model::secret::Secret;
use crate::model::session_error::SessionError;
use crate::model::site::Site;
use crate::session::cookies::CookieJar;
use crate::wire::query::PassTicket;

/// Builds a [`Session`] from the values of a login ([§2.1](crate::protocol#s2-1)).
///
/// ```
/// use wx_proto::Session;
///
/// let session = Session::builder("https://wx.qq.com")
///     .uin(2_272_112_421)
///     .sid("oMrabhVznekD3NaC")
///     .skey("@crypt_…")
///     .user_name("@201052a7770bca94")
///     .data_ticket("gScDxle6RuLZRNXBh+IEbkmF")
///     .build()?;
/// # Ok::<(), wx_proto::SessionError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct SessionBuilder {
    base: String,
    profile: Option<Profile>,
    hosts: fn(&str) -> Result<Hosts, crate::model::hosts::HostError>,
    lang: String,
    uin: Option<u32>,
    sid: Secret,
    skey: Secret,
    pass_ticket: Option<PassTicket>,
    user_name: Option<String>,
    data_ticket: Option<Secret>,
    cookies: CookieJar,
}

impl SessionBuilder {
    pub(super) fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            profile: None,
            hosts: Hosts::from_base,
            lang: "zh_CN".to_owned(),
            uin: None,
            sid: Secret::default(),
            skey: Secret::default(),
            pass_ticket: None,
            user_name: None,
            data_ticket: None,
            cookies: CookieJar::default(),
        }
    }

    /// Accepts plain http if the base is a literal loopback address.
    pub fn allow_loopback(mut self) -> Self {
        self.hosts = Hosts::loopback;
        self
    }

    /// Sets the profile. The default is the profile of the base, or web WeChat for a loopback
    /// address.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Sets the language of the web page. The default is `zh_CN`.
    pub fn lang(mut self, lang: &str) -> Self {
        lang.clone_into(&mut self.lang);
        self
    }

    /// Sets the number of the user.
    pub fn uin(mut self, uin: u32) -> Self {
        self.uin = Some(uin);
        self
    }

    /// Sets the session id, without percent-encoding.
    pub fn sid(mut self, sid: impl Into<Secret>) -> Self {
        self.sid = sid.into();
        self
    }

    /// Sets the skey.
    pub fn skey(mut self, skey: impl Into<Secret>) -> Self {
        self.skey = skey.into();
        self
    }

    /// Sets the pass_ticket exactly as it is in the XML of the login page: percent-encoded once
    /// ([P9](crate::protocol#p9)). It is optional ([P10](crate::protocol#p10)).
    pub fn pass_ticket(mut self, in_xml: impl Into<Secret>) -> Self {
        self.pass_ticket = Some(PassTicket(in_xml.into()));
        self
    }

    /// Sets the user's own UserName in this login. Without it, webwxinit is still due: see
    /// [`Session::awaits_init`].
    pub fn user_name(mut self, name: &str) -> Self {
        self.user_name = Some(name.to_owned());
        self
    }

    /// Sets the value of the cookie `webwx_data_ticket`, if it is not in the cookies.
    pub fn data_ticket(mut self, ticket: impl Into<Secret>) -> Self {
        self.data_ticket = Some(ticket.into());
        self
    }

    /// Sets the cookies of the login.
    pub fn cookies(mut self, cookies: CookieJar) -> Self {
        self.cookies = cookies;
        self
    }

    /// Checks the values and creates the session.
    ///
    /// # Errors
    /// Returns a [`SessionError`] for a foreign host, a missing uin, or a language, UserName or
    /// ticket that cannot be sent.
    pub fn build(self) -> Result<Session, SessionError> {
        let hosts = (self.hosts)(&self.base)?;
        let profile = self.profile.or(hosts.profile()).unwrap_or_default();
        let site = Site::new(profile).with_hosts(hosts)?.with_lang(&self.lang)?;
        let hosts = site.hosts();
        let mut cookies = self.cookies;
        if let Some(value) = self.data_ticket {
            let ticket = login_cookie(hosts, DATA_TICKET.to_owned(), value);
            if !ticket.is_sendable() {
                return Err(SessionError::Invalid(SessionField::DataTicket));
            }
            cookies.put(ticket);
        }
        Ok(Session::from_parts(Parts {
            site,
            uin: self.uin.ok_or(SessionError::Missing(SessionField::Uin))?,
            sid: self.sid,
            skey: self.skey,
            pass_ticket: self.pass_ticket,
            device_id: None,
            user_name: self.user_name.as_deref().map(known_name).transpose()?,
            cookies,
            nick_name: None,
            sync: Arc::default(),
            rooms: Arc::default(),
            rest: Map::new(),
        }))
    }
}

/// Checks a UserName. The placeholder of session files for an unknown name is rejected.
fn known_name(text: &str) -> Result<UserName, SessionError> {
    file::user_name(text)?.ok_or(SessionError::Invalid(SessionField::UserName))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_name_is_known_or_not_set() {
        let builder = || Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k");
        assert!(builder().build().unwrap().awaits_init());
        let known = builder().user_name("@me").build().unwrap();
        assert_eq!(known.user_name().map(UserName::as_str), Some("@me"));
        for bad in ["", "@", "@me\n"] {
            let refused = builder().user_name(bad).build().unwrap_err();
            assert_eq!(refused, SessionError::Invalid(SessionField::UserName), "{bad:?}");
        }
    }
}
