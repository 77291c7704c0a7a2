//! Wraps ureq's resolver, to report which name could not be resolved.

use std::net::SocketAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use wx_proto::flow::{ProxyProblem, TransportErrorKind};

use crate::exchange;
use crate::observed_error::ObservedError;

#[derive(Clone, Debug, Default)]
pub(crate) struct ObservedResolver {
    /// The hosts with a fixed address.
    pub(crate) fixed: Vec<(String, SocketAddr)>,
}

impl Resolver for ObservedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        // ureq starts a thread to resolve names with a timeout. An address does not need that.
        let authority = uri.scheme().zip(uri.authority());
        let host = authority.and_then(|(scheme, of)| DefaultResolver::host_and_port(scheme, of));
        let fixed = self.fixed.iter().rfind(|(host, _)| {
            uri.host().is_some_and(|requested| requested.eq_ignore_ascii_case(host))
        });
        let addr = fixed.map(|(_, addr)| *addr);
        if let Some(addr) = addr.or_else(|| host?.parse().ok()) {
            let mut addrs = self.empty();
            addrs.push(addr);
            return Ok(addrs);
        }
        let addrs = exchange::limit(timeout)
            .and_then(|timeout| DefaultResolver::default().resolve(uri, config, timeout));
        addrs.map_err(|error| {
            let is_proxy = config.proxy().is_some_and(|proxy| proxy.uri() == uri);
            ObservedError::never_connected(error, |_| match is_proxy {
                true => TransportErrorKind::Proxy(ProxyProblem::Resolve),
                false => TransportErrorKind::Resolve,
            })
        })
    }
}
