//! The web page that a login belongs to.

use crate::model::fields::SessionField;
use crate::model::hosts::{HostError, Hosts};
use crate::model::profile::Profile;
use crate::model::session_error::SessionError;

/// The default `User-Agent`, of a desktop browser ([§2.6](crate::protocol#s2-6)).
const USER_AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, \
 like Gecko) Chrome/142.0.0.0 Safari/537.36";

/// The web page that a login belongs to: its profile, hosts and language, and the browser's
/// `User-Agent`.
///
/// ```
/// use wx_proto::{Profile, HostRole, Site};
///
/// let site = Site::new(Profile::FileHelper);
/// assert_eq!(site.hosts().origin(HostRole::Base).host(), "filehelper.weixin.qq.com");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    profile: Profile,
    hosts: Hosts,
    lang: String,
    user_agent: String,
}

impl Site {
    /// Creates the default page of a profile: `https://wx.qq.com` or
    /// `https://filehelper.weixin.qq.com`. During the login, the server may redirect the account to
    /// another host family.
    #[must_use]
    pub fn new(profile: Profile) -> Self {
        let hosts = match profile {
            Profile::Web => Hosts::web(),
            Profile::FileHelper => Hosts::file_helper(),
        };
        Self { profile, hosts, lang: "zh_CN".to_owned(), user_agent: USER_AGENT.to_owned() }
    }

    /// Creates the page at `base`, such as `https://wx2.qq.com`.
    ///
    /// # Errors
    /// Returns a [`HostError`] for hosts of another profile, and for plain http.
    pub fn from_base(profile: Profile, base: &str) -> Result<Self, HostError> {
        Self::new(profile).with_hosts(Hosts::from_base(base)?)
    }

    /// Like [`Site::from_base`], but also accepts plain http to a literal loopback address. See
    /// [`Hosts::loopback`].
    ///
    /// # Errors
    /// Returns a [`HostError`] for any other host.
    pub fn from_base_allow_loopback(profile: Profile, base: &str) -> Result<Self, HostError> {
        Self::new(profile).with_hosts(Hosts::loopback(base)?)
    }

    /// Moves the page to other hosts of its profile.
    pub(crate) fn with_hosts(self, hosts: Hosts) -> Result<Self, HostError> {
        match hosts.profile() {
            Some(profile) if profile != self.profile => {
                Err(HostError::Foreign { host: Some(hosts.base().to_owned()) })
            }
            _ => Ok(Self { hosts, ..self }),
        }
    }

    /// Sets the language of the page, such as `zh_CN` or `en`.
    ///
    /// # Errors
    /// Returns [`SessionError::Invalid`] if `lang` is not a language tag.
    pub fn with_lang(self, lang: &str) -> Result<Self, SessionError> {
        let valid = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if lang.is_empty() || !lang.bytes().all(valid) {
            return Err(SessionError::Invalid(SessionField::Lang));
        }
        Ok(Self { lang: lang.to_owned(), ..self })
    }

    /// Sets the `User-Agent` of every request, which has to be printable ASCII.
    ///
    /// # Errors
    /// Returns [`SessionError::Invalid`] for any other text.
    pub fn with_user_agent(self, user_agent: &str) -> Result<Self, SessionError> {
        if user_agent.is_empty() || !user_agent.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(SessionError::Invalid(SessionField::UserAgent));
        }
        Ok(Self { user_agent: user_agent.to_owned(), ..self })
    }

    /// Returns the profile.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// Returns the hosts.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Returns the language.
    #[must_use]
    pub fn lang(&self) -> &str {
        &self.lang
    }

    /// Returns the `User-Agent` of every request.
    #[must_use]
    pub fn user_agent(&self) -> &str {
        &self.user_agent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p60_a_page_keeps_to_the_hosts_of_its_profile() {
        assert!(Site::from_base(Profile::Web, "https://wx2.qq.com").is_ok());
        assert!(Site::from_base(Profile::FileHelper, "https://szfilehelper.weixin.qq.com").is_ok());
        for (profile, base) in [
            (Profile::Web, "https://filehelper.weixin.qq.com"),
            (Profile::FileHelper, "https://wx.qq.com"),
            (Profile::Web, "https://wx.qq.com.example.com"),
            (Profile::Web, "http://127.0.0.1:9"),
        ] {
            assert!(Site::from_base(profile, base).is_err(), "{profile} {base}");
        }
        for profile in [Profile::Web, Profile::FileHelper] {
            assert!(Site::from_base_allow_loopback(profile, "http://127.0.0.1:9").is_ok());
            assert_eq!(Profile::from_name(profile.name()), Some(profile));
        }
        assert_eq!(Profile::from_name("desktop"), None);
    }
}
