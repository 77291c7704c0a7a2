//! The shared proxy settings in ureq's terms.

use ureq::{Proxy, ProxyProtocol};
use wx_client::proxy::{ProxyScheme, ProxySettings};

use crate::BuildError;

pub(crate) fn convert(settings: &ProxySettings) -> Result<Option<Proxy>, BuildError> {
    let Some(proxy) = settings.proxy() else { return Ok(None) };
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
    use wx_proto::endpoint::Endpoint;
    use wx_proto::endpoint::js_login::JsLogin;
    use wx_proto::{Profile, Site};

    use super::proxy_table::{HOST, check};
    use super::*;
    use crate::{Http, Watch};

    #[test]
    fn a_proxy_is_used_or_refused_and_never_passed_by() {
        check(|settings, server| {
            let site = Site::new(Profile::Web);
            let http = Http::new(Some(Http::defaults(settings)?.build()), &site)?;
            http.resolve_to(format!("{HOST}:443"), server);
            let outgoing = JsLogin::new(1).request(&site).unwrap();
            assert!(http.send(outgoing, &mut Watch::new()).is_err());
            Ok::<_, BuildError>(())
        });
    }
}
