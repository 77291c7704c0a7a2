use wx_proto::{Advice, Site};

use super::item::HealthItem;
use super::status::HealthStatus;
use crate::build_error::BuildError;
use crate::proxy::{ProxyError, ProxySettings};

/// The proxy that is in force for the site. Whether it works is part of
/// [`HostHealth`](super::HostHealth). It contains neither user nor password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyHealth {
    /// There is no proxy.
    None,
    /// The site is on a loopback address, for which no proxy is used.
    Loopback,
    /// `NO_PROXY` excludes the site.
    Excluded,
    /// A proxy.
    Proxy {
        /// The URL without user and password, such as `socks5h://localhost:1080`.
        address: String,
        /// The variable that names the proxy.
        variable: String,
        /// Whether the variable contains a user.
        has_user: bool,
    },
    /// The program has configured the HTTP library, which does not show its proxies.
    Program,
    /// A variable names a proxy that cannot be used, so no client can be created.
    Unusable(ProxyError),
}

impl ProxyHealth {
    /// Judges the proxy of a client, or the reason why there is no client.
    pub(super) fn new(built: Result<Option<&ProxySettings>, BuildError>, site: &Site) -> Self {
        match built {
            _ if site.hosts().is_loopback() => Self::Loopback,
            Ok(Some(settings)) => Self::from_settings(settings, site),
            Ok(None) => Self::Program,
            Err(BuildError::Proxy(error)) => Self::Unusable(error),
            Err(_) => ProxySettings::from_environment()
                .map_or_else(Self::Unusable, |settings| Self::from_settings(&settings, site)),
        }
    }

    fn from_settings(settings: &ProxySettings, site: &Site) -> Self {
        let host = site.hosts().origin(wx_proto::HostRole::Base);
        match settings.proxy() {
            _ if settings.excludes(host.host()) => Self::Excluded,
            Some(proxy) => Self::Proxy {
                address: proxy.address(),
                variable: proxy.variable().to_owned(),
                has_user: proxy.credentials().is_some(),
            },
            None => Self::None,
        }
    }

    pub(super) fn item(&self) -> HealthItem {
        let ok = |message: &str| HealthItem::new("proxy", HealthStatus::Ok, message);
        match self {
            Self::None => ok("none"),
            Self::Loopback => ok("none: requests to a loopback address use no proxy"),
            Self::Excluded => ok("none: NO_PROXY excludes the host"),
            Self::Proxy { address, variable, has_user } => {
                let user = if *has_user { ", with a user name" } else { "" };
                ok(&format!("{address}, from {variable}{user}"))
            }
            Self::Program => ok("as the program has configured it"),
            Self::Unusable(error) => HealthItem::new("proxy", HealthStatus::Failed, error)
                .advise_in_words(Advice::CheckProxy, "correct or unset it"),
        }
    }
}
