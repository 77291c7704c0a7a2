//! Applies proxy settings to reqwest.

use reqwest::{ClientBuilder, NoProxy, Proxy, Url};
use wx_client::proxy::ProxySettings;

use crate::BuildError;
use crate::connection::note_direct;

/// Makes `builder` use the proxy of `settings` and no other.
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
    // A proxy for no URL, so that `names_proxies` is true.
    Ok(builder.proxy(Proxy::custom(|_| None::<Url>)))
}

/// Makes `builder` use its own proxies, or that of the environment if it has none.
pub(crate) fn configure(
    builder: ClientBuilder,
    loopback: bool,
) -> Result<ClientBuilder, BuildError> {
    let builder = if loopback {
        builder.no_proxy()
    } else if names_proxies(&builder) {
        builder
    } else {
        apply(&ProxySettings::from_environment()?, builder)?
    };
    // reqwest asks the proxies in order, so it asks this one if no other applies.
    Ok(builder.proxy(Proxy::custom(|_| {
        note_direct();
        None::<Url>
    })))
}

/// Whether a builder has proxies, which reqwest only shows in its `Debug` output. If a later
/// version does not show them, the environment decides, and an unusable proxy in it is still
/// refused.
fn names_proxies(builder: &ClientBuilder) -> bool {
    // The rest may contain text of the caller.
    let shown = format!("{builder:?}");
    shown.split("default_headers").next().is_some_and(|shown| shown.contains("proxies: ["))
}
