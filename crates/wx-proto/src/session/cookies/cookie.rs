//! A cookie, and the requests that it is sent with.

use crate::model::hosts::Origin;
use crate::model::secret::Secret;
use crate::model::unix_ms::UnixMs;

/// A stored cookie. `Debug` does not show the value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The verbatim value. It is not decoded, even if it contains `+ / =`
    /// ([P7](crate::protocol#p7)).
    pub value: Secret,
    /// The domain that the cookie was set for, in lower case, without a leading dot.
    pub domain: String,
    /// Whether the cookie is sent to exactly this host, and not to its subdomains.
    pub host_only: bool,
    /// The path.
    pub path: String,
    /// Whether the cookie is sent over https only.
    pub secure: bool,
    /// When the cookie expires on this computer's clock, in whole seconds. `None` means at the end
    /// of the session.
    pub expires: Option<UnixMs>,
}

impl Cookie {
    pub(super) fn reaches(&self, origin: &Origin, path: &str, now: UnixMs) -> bool {
        let in_domain = if self.host_only {
            origin.host() == self.domain
        } else {
            is_within(origin.host(), &self.domain)
        };
        let in_path = path.strip_prefix(&self.path).is_some_and(|rest| {
            rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/')
        });
        in_domain && in_path && (origin.is_https() || !self.secure) && !self.is_over(now)
    }

    pub(super) fn is_over(&self, now: UnixMs) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    /// Returns whether the cookie can be sent verbatim.
    pub(crate) fn is_sendable(&self) -> bool {
        is_sendable(&self.name, self.value.expose()) && self.path.starts_with('/')
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.domain, &self.path) == (&other.name, &other.domain, &other.path)
    }

    pub(super) fn bytes(&self) -> usize {
        self.name.len() + self.value.expose().len() + self.domain.len() + self.path.len()
    }
}

/// Returns whether `host` is `domain` or one of its subdomains, by whole labels. An address has no
/// parent.
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain).and_then(|above| above.strip_suffix('.'));
    host == domain || (above.is_some_and(|above| !above.is_empty()) && !is_address(host))
}

pub(super) fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok()
}

/// Returns whether a cookie can be part of a `Cookie` header verbatim: all characters are
/// printable, and none ends the cookie.
pub(super) fn is_sendable(name: &str, value: &str) -> bool {
    let printable =
        |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b';');
    !name.is_empty() && !name.contains('=') && printable(name) && printable(value)
}
