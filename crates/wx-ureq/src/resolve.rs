//! Wraps ureq's resolver, which would start a thread and ask anew for each request, on kept
//! connections too: here an answer holds for a minute, as in a browser, or until a request fails,
//! whose repeat may find another address.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use wx_proto::flow::{ProxyProblem, TransportErrorKind};

use crate::connect::ObservedError;
use crate::exchange;

/// How long an answer holds.
const KEPT: Duration = Duration::from_secs(60);

/// The answers of the last minute; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Known(Arc<Mutex<Vec<Answer>>>);

struct Answer {
    /// Host and port.
    of: String,
    addrs: Vec<SocketAddr>,
    until: Instant,
}

/// Shows nothing: what is known of a proxy is nobody's business.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known")
    }
}

impl Known {
    fn lock(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something went wrong: what comes next may go to another address.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    fn find(&self, of: &str, now: Instant) -> Option<Vec<SocketAddr>> {
        let mut answers = self.lock();
        answers.retain(|answer| now < answer.until);
        answers.iter().find(|answer| answer.of == of).map(|answer| answer.addrs.clone())
    }

    #[cfg(test)]
    pub(crate) fn has(&self, of: &str) -> bool {
        self.find(of, Instant::now()).is_some()
    }

    pub(crate) fn keep(&self, of: String, addrs: Vec<SocketAddr>, now: Instant) {
        self.lock().push(Answer { of, addrs, until: now + KEPT });
    }
}

#[derive(Debug)]
pub(crate) struct Resolving {
    inner: DefaultResolver,
    known: Known,
}

impl Resolving {
    pub(crate) fn new(known: Known) -> Self {
        Self { inner: DefaultResolver::default(), known }
    }
}

impl Resolver for Resolving {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let now = Instant::now();
        let of = uri.scheme().zip(uri.authority());
        let of =
            of.and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority));
        if let Some(known) = of.as_deref().and_then(|of| self.known.find(of, now)) {
            let mut addrs = self.empty();
            known.into_iter().for_each(|addr| addrs.push(addr));
            return Ok(addrs);
        }
        let addrs =
            exchange::limit(timeout).and_then(|timeout| self.inner.resolve(uri, config, timeout));
        let addrs = addrs.map_err(|error| {
            let is_proxy = config.proxy().is_some_and(|proxy| proxy.uri() == uri);
            ObservedError::never_connected(error, |_| match is_proxy {
                true => TransportErrorKind::Proxy(ProxyProblem::Resolve),
                false => TransportErrorKind::Resolve,
            })
        })?;
        if let Some(of) = of {
            self.known.keep(of, addrs.to_vec(), now);
        }
        Ok(addrs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_for_a_minute_or_until_something_goes_wrong() {
        let (known, now) = (Known::default(), Instant::now());
        let addrs = vec!["127.0.0.1:1".parse().unwrap()];
        known.keep("one:443".to_owned(), addrs.clone(), now);
        assert_eq!(known.find("one:443", now + KEPT / 2), Some(addrs.clone()));
        assert_eq!(known.find("one:80", now), None);
        assert_eq!(known.find("one:443", now + KEPT), None);
        known.keep("one:443".to_owned(), addrs, now);
        known.clone().forget();
        assert_eq!(known.find("one:443", now), None);
        assert_eq!(format!("{known:?}"), "Known");
    }
}
