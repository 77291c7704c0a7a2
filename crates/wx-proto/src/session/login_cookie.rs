//! Cookies of a login whose attributes are not known.

use super::DATA_TICKET;
use super::cookies::cookie::Cookie;
use crate::model::hosts::{HostRole, Hosts};
use crate::model::secret::Secret;

/// Creates a cookie of a login with the attributes that the server sets
/// ([P100](crate::protocol#p100)): `webwx_data_ticket` for all of qq.com or wechat.com, which
/// includes the file host ([§2.3](crate::protocol#s2-3)), and all others for the base and its
/// subdomains.
pub(super) fn login_cookie(hosts: &Hosts, name: String, value: Secret) -> Cookie {
    let base = hosts.origin(HostRole::Base);
    let domain = if name == DATA_TICKET { site_domain(hosts) } else { base.host().to_owned() };
    Cookie {
        name,
        value,
        domain,
        host_only: hosts.is_loopback(),
        path: "/".to_owned(),
        secure: base.is_https(),
        expires: None,
    }
}

/// Returns the last two labels of the base, or a loopback address.
fn site_domain(hosts: &Hosts) -> String {
    let base = hosts.base();
    let labels = base.rsplit_once('.').and_then(|(rest, _)| rest.rsplit_once('.'));
    match labels {
        Some((below, _)) if !hosts.is_loopback() => base[below.len() + 1..].to_owned(),
        _ => base.to_owned(),
    }
}
