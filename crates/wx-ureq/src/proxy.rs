//! Converts proxy settings for ureq.

use ureq::config::Config;
use ureq::{Proxy, ProxyProtocol};
use wx_client::proxy::{ProxyScheme, ProxySettings};

use crate::BuildError;

/// Returns the proxy of `config`. If it has none, returns the proxy of the environment, with its
/// settings.
pub(crate) fn choose(
    config: &Config,
) -> Result<(Option<Proxy>, Option<ProxySettings>), BuildError> {
    if let Some(proxy) = config.proxy().filter(|proxy| !proxy.is_from_env()) {
        return Ok((Some(proxy.clone()), None));
    }
    let settings = ProxySettings::from_environment()?;
    Ok((convert(&settings)?, Some(settings)))
}

/// Returns the proxy of `settings`. If there is none, returns a proxy that is used for no host, so
/// that [`choose`] does not use the proxy of the environment.
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
        // ureq needs one pattern for the domain and one for its subdomains.
        builder = builder.no_proxy(domain).no_proxy(&format!(".{domain}"));
    }
    builder.build().map(Some).map_err(|_| proxy.refused().into())
}
