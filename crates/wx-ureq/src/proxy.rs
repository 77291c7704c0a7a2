//! The shared proxy settings in ureq's terms.

use ureq::config::Config;
use ureq::{Proxy, ProxyProtocol};
use wx_client::proxy::{ProxyScheme, ProxySettings};

use crate::BuildError;

/// Returns the proxy of `config`, or that of the environment if it names none.
pub(crate) fn decide(config: &Config) -> Result<Option<Proxy>, BuildError> {
    match config.proxy() {
        Some(proxy) if !proxy.is_from_env() => Ok(Some(proxy.clone())),
        _ => convert(&ProxySettings::from_environment()?),
    }
}

/// Returns the proxy of `settings`; for none it is one that is used for no host, so that no proxy
/// is a choice as well.
pub(crate) fn convert(settings: &ProxySettings) -> Result<Option<Proxy>, BuildError> {
    let Some(proxy) = settings.proxy() else {
        let unused = Proxy::builder(ProxyProtocol::Http).host("proxy.invalid").no_proxy("*");
        return Ok(unused.build().ok());
    };
    let mut builder = Proxy::builder(match proxy.scheme() {
        ProxyScheme::Http => ProxyProtocol::Http,
        ProxyScheme::Socks5 => ProxyProtocol::Socks5,
        ProxyScheme::Socks5h => ProxyProtocol::Socks5h,
    });
    builder = builder.host(proxy.host()).port(proxy.port());
    if let Some((user, password)) = proxy.credentials() {
        builder = builder.username(user).password(password);
    }
    for domain in settings.direct() {
        // For ureq each of these leaves the other out.
        builder = builder.no_proxy(domain).no_proxy(&format!(".{domain}"));
    }
    builder.build().map(Some).map_err(|_| proxy.refused().into())
}
