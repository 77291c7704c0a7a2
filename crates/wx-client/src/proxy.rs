//! Reads the proxy settings of the environment, with the same rules for all transports.
//!
//! HTTP libraries treat these variables in different ways. Some ignore a proxy with an unsupported
//! scheme, and send the request directly. With these rules, a proxy that is set is either used, or
//! an error before anything is sent.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The variables for the proxy. The first one that is set is used.
const PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// The variables for hosts without a proxy. The first one that is set is used.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The proxy for https, and the domains that do not use it.
///
/// - The proxy is set by `HTTPS_PROXY`, `https_proxy`, `ALL_PROXY` or `all_proxy`, in this order.
///   `HTTP_PROXY` is ignored, because the server only speaks https. An empty variable counts as
///   unset.
/// - The value is `scheme://user:password@host:port`. The scheme is `http`, `socks5` or `socks5h`;
///   the default is `http`. User and password are optional and percent-encoded. The default port is
///   80 for `http`, and 1080 for the others. With `socks5`, this computer resolves the server's
///   name; with `socks5h`, the proxy does. Any other value is an error.
/// - `NO_PROXY` or `no_proxy` lists domains without a proxy, with or without a dot at the start.
///   This includes their subdomains. `*` means all domains.
#[derive(Clone, Debug, Default)]
pub struct ProxySettings {
    proxy: Option<Proxy>,
    direct: Vec<String>,
    /// Whether there is a proxy, but no domain uses it.
    excludes_all: bool,
}

impl ProxySettings {
    /// Returns settings without a proxy.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the environment of this process.
    ///
    /// # Errors
    /// [`ProxyError`] if a variable names a proxy that cannot be used.
    pub fn from_environment() -> Result<Self, ProxyError> {
        Self::parse(|name| env::var_os(name))
    }

    /// Reads the variables from `lookup` instead of the environment.
    ///
    /// # Errors
    /// [`ProxyError`] if a variable names a proxy that cannot be used.
    pub fn parse(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Self, ProxyError> {
        let first = |names: &'static [&'static str]| {
            let set = |name: &&'static str| lookup(name).filter(|value| !is_blank(value));
            names.iter().find_map(|name| set(name).map(|value| (*name, value)))
        };
        let Some((variable, value)) = first(&PROXY) else { return Ok(Self::none()) };
        let proxy = value.to_str().and_then(|value| Proxy::read(value.trim(), variable));
        let proxy = proxy.ok_or(ProxyError { variable })?;
        let direct = first(&NO_PROXY).map(|(_, value)| value).unwrap_or_default();
        let direct = direct.to_string_lossy();
        let entries = || direct.split([',', ' ', '\t', '\r', '\n']);
        if entries().any(|entry| entry == "*") {
            return Ok(Self { excludes_all: true, ..Self::none() });
        }
        let direct = entries().filter_map(domain).collect();
        Ok(Self { proxy: Some(proxy), direct, excludes_all: false })
    }

    /// Returns the proxy, if there is one that a domain can use.
    #[must_use]
    pub fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    /// Returns whether `NO_PROXY` excludes `host`: whether [`direct`](Self::direct) includes it, or
    /// all domains are excluded.
    #[must_use]
    pub fn excludes(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let is_direct = self.direct.iter().any(|domain| {
            host.strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        self.excludes_all || is_direct
    }

    /// Returns the domains that, including their subdomains, do not use the proxy. They are in
    /// lower case, without a dot at either end.
    #[must_use]
    pub fn direct(&self) -> &[String] {
        &self.direct
    }
}

fn is_blank(value: &OsStr) -> bool {
    value.to_str().is_some_and(|value| value.trim().is_empty())
}

/// Parses an entry of `NO_PROXY`. Returns `None` if it cannot match any host of the server on port
/// 443.
fn domain(entry: &str) -> Option<String> {
    let name = match entry.rsplit_once(':') {
        Some((name, "443")) => name,
        Some(_) => return None,
        None => entry,
    };
    let name = name.strip_prefix("*.").unwrap_or(name).trim_matches('.');
    is_domain(name).then(|| name.to_ascii_lowercase())
}

/// A proxy.
#[derive(Clone)]
pub struct Proxy {
    variable: &'static str,
    scheme: ProxyScheme,
    host: String,
    port: u16,
    credentials: Option<(String, String)>,
}

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// HTTP with CONNECT.
    Http,
    /// SOCKS 5. This computer resolves the server's name.
    Socks5,
    /// SOCKS 5. The proxy resolves the server's name.
    Socks5h,
}

impl Proxy {
    fn read(value: &str, variable: &'static str) -> Option<Self> {
        let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => ProxyScheme::Http,
            "socks5" => ProxyScheme::Socks5,
            "socks5h" => ProxyScheme::Socks5h,
            _ => return None,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let odd =
            |c: char| matches!(c, '/' | '?' | '#' | '\\') || c.is_whitespace() || c.is_control();
        if rest.contains(odd) {
            return None;
        }
        let (credentials, place) = match rest.rsplit_once('@') {
            Some(("" | ":", place)) => (None, place),
            Some((credentials, place)) => (Some(read_credentials(credentials, scheme)?), place),
            None => (None, rest),
        };
        let (host, port) = match place.rfind(']') {
            Some(end) if place.starts_with('[') => place.split_at(end + 1),
            _ => place.split_at(place.find(':').unwrap_or(place.len())),
        };
        let port = match port.strip_prefix(':') {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().ok()?,
            None if port.is_empty() => scheme.default_port(),
            _ => return None,
        };
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match address {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => is_domain(host),
        };
        (is_host && port > 0).then(|| Self {
            variable,
            scheme,
            host: host.to_owned(),
            port,
            credentials,
        })
    }

    /// Returns the protocol of the proxy.
    #[must_use]
    pub fn scheme(&self) -> ProxyScheme {
        self.scheme
    }

    /// Returns the name or address of the proxy. An IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port of the proxy.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the decoded user and password.
    #[must_use]
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }

    /// Returns the variable that names the proxy.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.variable
    }

    /// Returns the URL of the proxy without user and password, such as `socks5h://localhost:1080`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}://{}:{}", self.scheme.name(), self.host, self.port)
    }

    /// Returns the URL of the proxy. It is a secret, because it includes user and password.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = self.scheme.name();
        let credentials = self.credentials().map(|(user, password)| {
            let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
            format!("{}:{}@", encode(user), encode(password))
        });
        format!("{scheme}://{}{}:{}", credentials.unwrap_or_default(), self.host, self.port)
    }

    /// Returns the error for an HTTP library that cannot use this proxy.
    #[must_use]
    pub fn refused(&self) -> ProxyError {
        ProxyError { variable: self.variable }
    }
}

impl ProxyScheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Socks5 | Self::Socks5h => 1080,
        }
    }
}

/// Decodes user and password. Returns `None` if the protocol of the proxy cannot encode them.
fn read_credentials(encoded: &str, scheme: ProxyScheme) -> Option<(String, String)> {
    let (user, password) = encoded.split_once(':').unwrap_or((encoded, ""));
    let decode = |text| percent_decode_str(text).decode_utf8().ok().map(String::from);
    let (user, password) = (decode(user)?, decode(password)?);
    let fits = match scheme {
        // RFC 7617: the first colon ends the user name, so the name cannot contain one.
        ProxyScheme::Http => !user.contains(':'),
        // RFC 1929: both must not be empty, and their lengths must fit into one byte.
        ProxyScheme::Socks5 | ProxyScheme::Socks5h => {
            [&user, &password].iter().all(|text| (1..=255).contains(&text.len()))
        }
    };
    fits.then_some((user, password))
}

/// Returns whether `name` is a domain name or an IPv4 address.
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    // URL parsers read such a name as an address in another notation.
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hex.is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    name.len() <= 253
        && name.split('.').all(is_label)
        && (!is_number || name.parse::<Ipv4Addr>().is_ok())
}

/// Shows neither the host nor the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// The error of an environment variable that names a proxy that cannot be used. It does not show
/// the value, which may include a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyError {
    variable: &'static str,
}

impl ProxyError {
    /// Returns the name of the variable.
    #[must_use]
    pub fn variable(&self) -> &'static str {
        self.variable
    }
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = self.variable;
        write!(
            f,
            "{variable} names a proxy that cannot be used: the scheme must be http, socks5 or \
             socks5h, followed by a host and a port"
        )
    }
}

impl std::error::Error for ProxyError {}

#[cfg(test)]
mod tests;
