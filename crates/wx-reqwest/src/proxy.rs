//! Applies proxy settings to reqwest.

use reqwest::{ClientBuilder, NoProxy, Proxy, Url};
use wx_client::proxy::ProxySettings;
use wx_client::transport_info::TransportInfo;

use crate::BuildError;
use crate::connection::record_direct;

/// Makes `builder` use the proxy of `settings`, and no other proxy.
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
    // Add a proxy that is used for no URL, so that `names_proxies` is true.
    Ok(builder.proxy(Proxy::custom(|_| None::<Url>)))
}

/// Makes `builder` use its own proxies, or the proxy of the environment if it has none. Only the
/// settings of the environment are known to `info`.
pub(crate) fn configure(
    builder: ClientBuilder,
    loopback: bool,
    info: &mut TransportInfo,
) -> Result<ClientBuilder, BuildError> {
    let builder = if loopback {
        builder.no_proxy()
    } else if names_proxies(&builder) {
        builder
    } else {
        apply(info.proxy.insert(ProxySettings::from_environment()?), builder)?
    };
    // reqwest tries the proxies in order, so it uses this one only if no other applies.
    Ok(builder.proxy(Proxy::custom(|_| {
        record_direct();
        None::<Url>
    })))
}

/// Returns whether a builder has proxies. Only reqwest's `Debug` output shows this. If a later
/// version does not, the proxy of the environment is used.
fn names_proxies(builder: &ClientBuilder) -> bool {
    // The output after this may contain text of the caller.
    let shown = format!("{builder:?}");
    shown.split("default_headers").next().is_some_and(|shown| shown.contains("proxies: ["))
}
