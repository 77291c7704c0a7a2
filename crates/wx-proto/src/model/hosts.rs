//! The hosts that serve each kind of call ([§1](crate::protocol#s1)).

use std::fmt;
use std::net::IpAddr;

use crate::model::profile::Profile;

/// The hosts of all roles, derived from one base host. Only the hosts of an allow-list are
/// accepted, compared by whole labels ([P1](crate::protocol#p1), [P4](crate::protocol#p4)).
///
/// ```
/// use wx_proto::{Hosts, HostRole};
///
/// let hosts = Hosts::from_base("https://wx2.qq.com")?;
/// assert_eq!(hosts.origin(HostRole::File).to_string(), "https://file.wx2.qq.com");
/// assert!(Hosts::from_base("https://wx.qq.com.example.com").is_err());
/// # Ok::<(), wx_proto::HostError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    base: Origin,
}

/// Scheme, host name and port of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: String,
    port: Option<u16>,
}

/// The role of a host ([§1.1](crate::protocol#s1-1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostRole {
    /// Messages, contacts, webwxgetmsgimg, and all other calls without a separate host.
    Base,
    /// webwxuploadmedia and webwxgetmedia.
    File,
    /// synccheck.
    Push,
    /// jslogin and the login poll.
    Login,
    /// The QR code image.
    Qr,
    /// The reportforweb pings. This host never receives cookies or credentials.
    Support,
}

/// Why the address of a server was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostError {
    /// The address is not a URL with a scheme and a host.
    Malformed,
    /// The host does not belong to web WeChat.
    Foreign {
        /// The host in the address, or `None` if it must not be shown.
        host: Option<String>,
    },
    /// Plain http to a host that is not a loopback address.
    NotHttps {
        /// The host in the address, or `None` if it must not be shown.
        host: Option<String>,
    },
    /// Plain http to a loopback address without the caller's permission.
    Loopback {
        /// The address.
        host: String,
    },
}

/// The base, login, file and push host of each family ([§1.2](crate::protocol#s1-2),
/// [§1.3](crate::protocol#s1-3)).
const FAMILIES: [[&str; 4]; 8] = [
    ["wx.qq.com", "login.wx.qq.com", "file.wx.qq.com", "webpush.wx.qq.com"],
    ["wx2.qq.com", "login.wx2.qq.com", "file.wx2.qq.com", "webpush.wx2.qq.com"],
    ["wx8.qq.com", "login.wx8.qq.com", "file.wx8.qq.com", "webpush.wx8.qq.com"],
    ["web.wechat.com", "login.web.wechat.com", "file.web.wechat.com", "webpush.web.wechat.com"],
    ["web2.wechat.com", "login.web2.wechat.com", "file.web2.wechat.com", "webpush.web2.wechat.com"],
    ["filehelper.weixin.qq.com", "login.wx.qq.com", "file.wx.qq.com", "filehelper.weixin.qq.com"],
    [
        "szfilehelper.weixin.qq.com",
        "login.wx2.qq.com",
        "file.wx2.qq.com",
        "szfilehelper.weixin.qq.com",
    ],
    [
        "cmfilehelper.weixin.qq.com",
        "login.wx8.qq.com",
        "file.wx8.qq.com",
        "cmfilehelper.weixin.qq.com",
    ],
];

/// The QR and support hosts, which all families share ([§1.1](crate::protocol#s1-1)).
const OTHERS: [&str; 2] = ["login.weixin.qq.com", "support.weixin.qq.com"];

impl Hosts {
    /// Returns the hosts of the family of `base`, for example `https://wx.qq.com`. A path after the
    /// host is ignored, so the whole `redirect_uri` of a login can be passed
    /// ([P1](crate::protocol#p1)).
    ///
    /// # Errors
    /// Returns a [`HostError`] unless `base` is an https address of a host in
    /// [§1.2](crate::protocol#s1-2) or [§1.3](crate::protocol#s1-3).
    pub fn from_base(base: &str) -> Result<Self, HostError> {
        let base = Origin::parse(base)?;
        if !base.https {
            return Err(match base.is_loopback() {
                true => HostError::Loopback { host: base.host },
                false => HostError::NotHttps { host: Some(base.host) },
            });
        }
        if base.port.is_some() || family(&base.host).is_none() {
            return Err(HostError::Foreign { host: Some(base.host) });
        }
        Ok(Self { base })
    }

    /// Like [`Hosts::from_base`], but also accepts plain http to a literal loopback address
    /// (`127.0.0.0/8`, `[::1]`), for tests and demonstrations. That address then serves **every**
    /// role, including pings and the login.
    ///
    /// # Errors
    /// Returns a [`HostError`] for any other host.
    pub fn loopback(base: &str) -> Result<Self, HostError> {
        let origin = Origin::parse(base)?;
        if !origin.https && origin.is_loopback() {
            Ok(Self { base: origin })
        } else {
            Self::from_base(base)
        }
    }

    /// Returns the first family of web WeChat.
    pub(crate) fn web() -> Self {
        Self { base: Origin::https("wx.qq.com") }
    }

    /// Returns the first family of the File Transfer Helper.
    pub(crate) fn file_helper() -> Self {
        Self { base: Origin::https("filehelper.weixin.qq.com") }
    }

    /// Returns the host name of the base.
    pub(crate) fn base(&self) -> &str {
        self.base.host()
    }

    /// Returns the profile of these hosts, or `None` for a loopback address, which serves both.
    pub(crate) fn profile(&self) -> Option<Profile> {
        let [base, .., push] = family(&self.base.host)?;
        // Only the File Transfer Helper has no separate host for synccheck.
        Some(if base == push { Profile::FileHelper } else { Profile::Web })
    }

    /// Returns the host that serves `role`.
    #[must_use]
    pub fn origin(&self, role: HostRole) -> Origin {
        let column = match role {
            _ if self.is_loopback() => return self.base.clone(),
            HostRole::Base => 0,
            HostRole::Login => 1,
            HostRole::File => 2,
            HostRole::Push => 3,
            HostRole::Qr => return Origin::https(OTHERS[0]),
            HostRole::Support => return Origin::https(OTHERS[1]),
        };
        // The constructors accept no other host.
        family(&self.base.host).map_or_else(|| self.base.clone(), |row| Origin::https(row[column]))
    }

    /// Returns whether this is a loopback address, which only [`Hosts::loopback`] accepts. Such
    /// requests must not be sent through a proxy.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.base.is_loopback()
    }
}

fn family(host: &str) -> Option<&'static [&'static str; 4]> {
    FAMILIES.iter().find(|row| row[0] == host)
}

/// Returns whether a host belongs to web WeChat or is a loopback address. Nobody else owns these.
pub(crate) fn is_of_wechat(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    is_loopback(&host)
        || ["qq.com", "wechat.com"].iter().any(|domain| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

/// Returns the static name of one of web WeChat's hosts, for errors.
pub(crate) fn official(host: &str) -> Option<&'static str> {
    FAMILIES.iter().flatten().chain(&OTHERS).find(|name| name.eq_ignore_ascii_case(host)).copied()
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Origin {
    fn https(host: &str) -> Self {
        Self { https: true, host: host.to_owned(), port: None }
    }

    fn parse(text: &str) -> Result<Self, HostError> {
        Self::from_uri(&text.parse().map_err(|_| HostError::Malformed)?)
    }

    pub(crate) fn from_uri(uri: &http::Uri) -> Result<Self, HostError> {
        let authority = uri.authority().ok_or(HostError::Malformed)?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(HostError::Malformed),
        };
        let host = authority.host().to_ascii_lowercase();
        if authority.as_str().contains('@') {
            return Err(HostError::Foreign { host: Some(host) });
        }
        let port = authority.port_u16().filter(|port| *port != if https { 443 } else { 80 });
        Ok(Self { https, host, port })
    }

    /// Returns the host name or address in lower case. An IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns whether the scheme is https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    #[cfg(test)]
    pub(crate) fn for_test(host: &str) -> Self {
        Self::https(host)
    }

    fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl HostError {
    /// Replaces the host with what `shown` returns. A loopback address is not a secret and is kept.
    pub(crate) fn showing(self, shown: impl FnOnce(&str) -> Option<String>) -> Self {
        match self {
            Self::Foreign { host } => Self::Foreign { host: host.and_then(|host| shown(&host)) },
            Self::NotHttps { host } => Self::NotHttps { host: host.and_then(|host| shown(&host)) },
            other => other,
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the address is not a URL like https://wx.qq.com"),
            Self::Foreign { host: Some(host) } => {
                write!(f, "{host:?} is not a host of web WeChat")
            }
            Self::Foreign { host: None } => f.write_str("the host does not belong to web WeChat"),
            Self::NotHttps { host: Some(host) } => {
                write!(f, "plain http to {host:?} is not allowed")
            }
            Self::NotHttps { host: None } => f.write_str("plain http is not allowed"),
            Self::Loopback { host } => write!(
                f,
                "plain http to {host:?} is not allowed: a loopback address is accepted only by a \
                 constructor with allow_loopback in its name"
            ),
        }
    }
}

impl std::error::Error for HostError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector() -> serde_json::Value {
        serde_json::from_str(include_str!("../../tests/vectors/hosts.json")).unwrap()
    }

    #[test]
    fn p1_p2_p4_every_row_of_the_table() {
        let vector = vector();
        let rows = vector["rows"]
            .as_array()
            .unwrap()
            .iter()
            .chain(vector["filehelper"].as_array().unwrap());
        let mut accepted = 0;
        for row in rows {
            let base = row["base"].as_str().unwrap();
            let uri = format!("https://{base}/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=x");
            let Ok(hosts) = Hosts::from_base(&uri) else {
                assert_eq!(base, "unknown.example");
                continue;
            };
            accepted += 1;
            for (role, key) in [
                (HostRole::Base, "base"),
                (HostRole::Login, "login"),
                (HostRole::File, "file"),
                (HostRole::Push, "push"),
            ] {
                assert_eq!(
                    hosts.origin(role).to_string(),
                    format!("https://{}", row[key].as_str().unwrap())
                );
            }
            assert_eq!(hosts.origin(HostRole::Support).host(), "support.weixin.qq.com");
        }
        assert_eq!(accepted, 8);
    }

    #[test]
    fn p4_refuses_hosts_that_only_look_alike() {
        let vector = vector();
        let listed = vector["refuse"].as_array().unwrap().iter().map(|host| host.as_str().unwrap());
        for host in listed.chain([
            "qq.com",
            "xwx.qq.com",
            "wx.qq.com.",
            "wx.qq.com@evil.example",
            "evil.wx.qq.com",
        ]) {
            assert!(Hosts::from_base(&format!("https://{host}")).is_err(), "{host}");
        }
        assert!(Hosts::from_base("https://wx.qq.com:8443").is_err());
        assert!(Hosts::from_base("https://WX.qq.com:443").is_ok());
        assert_eq!(Hosts::from_base("wx.qq.com"), Err(HostError::Malformed));
    }

    #[test]
    fn p3_plain_http_only_to_a_literal_loopback_address() {
        assert!(matches!(Hosts::from_base("http://wx.qq.com"), Err(HostError::NotHttps { .. })));
        assert!(Hosts::from_base("http://127.0.0.1:9").is_err());
        for bad in [
            "http://localhost:9",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "http://wx.qq.com",
        ] {
            assert!(Hosts::loopback(bad).is_err(), "{bad}");
        }
        for good in ["http://127.0.0.1:9", "http://127.8.8.8", "http://[::1]:9"] {
            let hosts = Hosts::loopback(good).unwrap();
            for role in [
                HostRole::Base,
                HostRole::File,
                HostRole::Push,
                HostRole::Login,
                HostRole::Qr,
                HostRole::Support,
            ] {
                assert_eq!(hosts.origin(role).to_string(), good);
            }
        }
        assert!(!Hosts::loopback("https://wx.qq.com").unwrap().is_loopback());
    }
}
