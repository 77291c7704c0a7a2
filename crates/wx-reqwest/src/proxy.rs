//! The shared proxy settings in reqwest's terms.

use reqwest::{ClientBuilder, NoProxy, Proxy};
use wx_client::proxy::ProxySettings;

use crate::BuildError;

/// Has `builder` use the proxy of `settings`, and no other.
pub(crate) fn apply(settings: &ProxySettings, builder: ClientBuilder) -> Result<ClientBuilder, BuildError> {
    let builder = builder.no_proxy();
    let Some(proxy) = settings.proxy() else { return Ok(builder) };
    let direct = NoProxy::from_string(&settings.direct().join(","));
    let proxy = Proxy::all(proxy.url()).map_err(|_| proxy.refused())?;
    Ok(builder.proxy(proxy.no_proxy(direct)))
}

#[cfg(all(test, feature = "rustls"))]
#[path = "../../wx-ureq/tests/shared/proxy_table.rs"]
mod proxy_table;

#[cfg(all(test, feature = "rustls"))]
mod tests {
    use tokio::runtime::Runtime;
    use wx_proto::endpoint::Endpoint;
    use wx_proto::endpoint::js_login::JsLogin;
    use wx_proto::{Profile, Site};

    use super::proxy_table::{HOST, check};
    use super::*;
    use crate::Http;

    #[test]
    fn a_proxy_is_used_or_refused_and_never_passed_by() {
        let runtime = Runtime::new().unwrap();
        check(|settings, server| {
            let site = Site::new(Profile::Web);
            let builder = Http::defaults(settings)?.resolve(HOST, server);
            let http = Http::new(Some(builder), &site)?;
            let outgoing = JsLogin::new(1).request(&site).unwrap();
            assert!(runtime.block_on(http.send(outgoing)).is_err());
            Ok::<_, BuildError>(())
        });
    }
}
