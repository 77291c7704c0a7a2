//! Reports on a client, its network and its login: what works, what does not, why, and what to do
//! next.

mod acceptance;
mod certificates;
mod check;
mod clock;
mod host;
mod item;
mod login;
mod proxy;
mod status;

use std::fmt;

pub use self::acceptance::AcceptanceHealth;
pub use self::certificates::{CertificateStore, CertificatesHealth};
pub use self::check::HealthCheck;
pub use self::clock::ClockHealth;
pub use self::host::{HostHealth, HostProblem};
pub use self::item::HealthItem;
pub use self::login::LoginHealth;
pub use self::proxy::ProxyHealth;
pub use self::status::HealthStatus;
use crate::builder::ClientBuilder;
use crate::client::Client;
use crate::transport::Transport;
use crate::transport_info::TlsLibrary;

/// A report on a client, made by [`Client::health`]. `Display` shows a line for each check.
///
/// It is meant for bug reports: it contains hosts, times, codes and numbers of certificates, but no
/// secret of the login, no password of a proxy, and no name of an account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Health {
    /// The HTTP library, if the transport reports it.
    pub http: Option<&'static str>,
    /// The TLS library, if the transport reports it.
    pub tls: Option<TlsLibrary>,
    /// The proxy in force.
    pub proxy: ProxyHealth,
    /// The certificates of the authorities that are trusted.
    pub certificates: CertificatesHealth,
    /// Whether the host of the page replies.
    pub host: HostHealth,
    /// The clock of this computer.
    pub clock: ClockHealth,
    /// The login, by that clock.
    pub login: LoginHealth,
    /// Whether the server still accepts the login.
    pub acceptance: AcceptanceHealth,
}

impl Health {
    /// Returns one item per check, in the order in which a request needs them.
    #[must_use]
    pub fn items(&self) -> [HealthItem; 6] {
        [
            self.proxy.item(),
            self.certificates.item(),
            self.host.item(self.certificates.status()),
            self.clock.item(),
            self.login.item(),
            self.acceptance.item(),
        ]
    }

    /// Returns the worst result of a check.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        self.items().map(|item| item.status).into_iter().max().unwrap_or(HealthStatus::Ok)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.items().map(|item| item.to_string());
        f.write_str(&lines.join("\n"))
    }
}

impl<H: Transport> Client<H> {
    /// Checks the proxy, the trusted certificates, the host of the page, the clock, the login, and
    /// whether the server still accepts the login.
    ///
    /// It makes at most two requests, once each and on a new connection: one for the
    /// [page](HostHealth), and one that only a [login](AcceptanceHealth) can make. They take at
    /// most 10 s each, whatever the policy is. Nothing changes on the server, no message is
    /// received, and the session only takes the cookies of the second reply.
    ///
    /// It never fails: everything that is wrong is an item of the report. To report also why there
    /// is no client, use [`ClientBuilder::health`].
    ///
    /// ```no_run
    /// # use wx_client::{BlockingTransport, Client};
    /// use wx_client::health::HealthStatus;
    ///
    /// # fn check<H: BlockingTransport>(client: &Client<H>) {
    /// let health = client.health().run();
    /// for item in health.items() {
    ///     if item.status >= HealthStatus::Warning {
    ///         eprintln!("{item}");
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// If the client is asynchronous, write `.await` instead of `.run()`. It is cancel safe: if the
    /// future is dropped, a request may be abandoned.
    pub fn health<'a>(&self) -> HealthCheck<'a, H> {
        HealthCheck::new(Ok(self.clone()), self.session())
    }
}

impl<H: Transport> ClientBuilder<H> {
    /// Like [`Client::health`], for a client that may be impossible to create: the reason is
    /// reported, for example a proxy that cannot be used. A session without a login is allowed; its
    /// page is checked.
    ///
    /// ```no_run
    /// # use wx_client::{BlockingTransport, Client};
    /// use wx_proto::{Profile, Session, Site};
    ///
    /// # fn check<Http: BlockingTransport>() {
    /// let session = Session::new(Site::new(Profile::Web));
    /// println!("{}", Client::<Http>::builder(session).health().run());
    /// # }
    /// ```
    pub fn health<'a>(self) -> HealthCheck<'a, H> {
        let session = self.start.clone();
        HealthCheck::new(self.build(), session)
    }
}
