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
