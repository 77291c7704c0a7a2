//! The shared proxy settings in reqwest's terms.

use reqwest::{ClientBuilder, NoProxy, Proxy, Url};
use wx_client::proxy::ProxySettings;

use crate::BuildError;
use crate::connection::is_direct;

/// Has `builder` use the proxy of `settings`, and no other.
pub(crate) fn apply(
    settings: &ProxySettings,
    builder: ClientBuilder,
) -> Result<ClientBuilder, BuildError> {
    let mut builder = builder.no_proxy();
    if let Some(proxy) = settings.proxy() {
        let direct = NoProxy::from_string(&settings.direct().join(","));
        let proxy = Proxy::all(proxy.url()).map_err(|_| proxy.refused())?;
        builder = builder.proxy(proxy.no_proxy(direct));
    }
    // One for no URL, so that no proxy is a choice as well.
    Ok(builder.proxy(Proxy::custom(|_| None::<Url>)))
}

/// Has `builder` use its own proxies, or that of the environment if it names none.
pub(crate) fn decide(builder: ClientBuilder, loopback: bool) -> Result<ClientBuilder, BuildError> {
    let builder = if loopback {
        builder.no_proxy()
    } else if names_proxies(&builder) {
        builder
    } else {
        apply(&ProxySettings::from_environment()?, builder)?
    };
    // reqwest takes the first one that is for a URL, so this one is asked if there is no other.
    Ok(builder.proxy(Proxy::custom(|_| {
        is_direct();
        None::<Url>
    })))
}

/// Whether a builder names proxies, which reqwest tells by `Debug` only. If some day it no longer
/// does, the environment decides, and a proxy that it asks for in vain is refused all the same.
fn names_proxies(builder: &ClientBuilder) -> bool {
    // What follows may hold a caller's words.
    let shown = format!("{builder:?}");
    shown.split("default_headers").next().is_some_and(|shown| shown.contains("proxies: ["))
}

#[cfg(all(test, feature = "rustls"))]
#[path = "../../wx-ureq/tests/shared/proxy_table.rs"]
mod proxy_table;

#[cfg(all(test, feature = "rustls"))]
mod tests {
    use std::net::SocketAddr;

    use tokio::runtime::Runtime;
    use wx_proto::endpoint::Endpoint;
    use wx_proto::endpoint::js_login::JsLogin;
    use wx_proto::{Profile, Site};

    use super::proxy_table::{HOST, check, check_choices, check_environment};
    use super::*;
    use crate::Http;

    #[allow(clippy::unwrap_used)]
    fn ask(
        runtime: &Runtime,
        builder: Option<ClientBuilder>,
        server: SocketAddr,
    ) -> Result<(), BuildError> {
        let site = Site::new(Profile::Web);
        let builder = builder.map(|builder| builder.resolve(HOST, server));
        let http = Http::new(builder, &site)?;
        let request = JsLogin::new(wx_proto::UnixMs::new(1))
            .request(&wx_proto::Session::new(site.clone()))
            .unwrap();
        assert!(runtime.block_on(http.exchange(request)).is_err());
        Ok(())
    }

    #[test]
    fn a_proxy_is_used_or_refused_and_never_passed_by() {
        let runtime = Runtime::new().unwrap();
        check(|settings, server| ask(&runtime, Some(Http::defaults(settings)?), server));
    }

    #[test]
    fn a_builder_that_names_no_proxy_leaves_it_to_the_environment() {
        let runtime = Runtime::new().unwrap();
        check_environment(
            "proxy::tests::a_builder_that_names_no_proxy_leaves_it_to_the_environment",
            |server| ask(&runtime, Some(reqwest::Client::builder()), server),
        );
    }

    #[test]
    fn what_a_builder_names_goes_before_the_environment() {
        let runtime = Runtime::new().unwrap();
        check_choices(
            "proxy::tests::what_a_builder_names_goes_before_the_environment",
            |proxy, server| {
                let builder = match proxy {
                    Some(proxy) => reqwest::Client::builder().proxy(Proxy::all(proxy).unwrap()),
                    None => Http::defaults(&ProxySettings::none())?,
                };
                ask(&runtime, Some(builder), server)
            },
        );
    }
}
