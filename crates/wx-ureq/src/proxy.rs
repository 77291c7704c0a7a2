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

#[cfg(all(test, feature = "rustls"))]
#[path = "../tests/shared/proxy_table.rs"]
mod proxy_table;

#[cfg(all(test, feature = "rustls"))]
mod tests {
    use std::net::SocketAddr;

    use wx_proto::endpoint::Endpoint;
    use wx_proto::endpoint::js_login::JsLogin;
    use wx_proto::{Profile, Site};

    use super::proxy_table::{HOST, check, check_choices, check_environment};
    use super::*;
    use crate::Http;
    use wx_client::CancelToken;

    #[allow(clippy::unwrap_used)]
    fn ask(config: Config, server: SocketAddr) -> Result<(), BuildError> {
        let site = Site::new(Profile::Web);
        let http = Http::new(Some(config), &site)?.resolve_to(HOST, server);
        let request = JsLogin::new(wx_proto::UnixMs::new(1))
            .request(&wx_proto::Session::new(site.clone()))
            .unwrap();
        assert!(http.exchange(request, &CancelToken::new()).is_err());
        Ok(())
    }

    #[test]
    fn a_proxy_is_used_or_refused_and_never_passed_by() {
        check(|settings, server| ask(Http::defaults(settings)?.build(), server));
    }

    #[test]
    fn a_configuration_that_names_no_proxy_leaves_it_to_the_environment() {
        check_environment(
            "proxy::tests::a_configuration_that_names_no_proxy_leaves_it_to_the_environment",
            |server| ask(Config::builder().build(), server),
        );
    }

    #[test]
    fn what_a_configuration_names_goes_before_the_environment() {
        check_choices(
            "proxy::tests::what_a_configuration_names_goes_before_the_environment",
            |proxy, server| {
                let builder = match proxy {
                    Some(proxy) => Config::builder().proxy(Some(Proxy::new(proxy).unwrap())),
                    None => Http::defaults(&ProxySettings::none())?,
                };
                ask(builder.build(), server)
            },
        );
    }
}
