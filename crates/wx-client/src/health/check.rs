use std::pin::Pin;
use std::time::Duration;

use wx_proto::endpoint::Endpoint;
// There is no other way to ask these questions without an effect.
use wx_proto::endpoint::batch_get_contact::BatchGetContact;
use wx_proto::endpoint::page::OpenPage;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::flow::OneCall;
use wx_proto::{ErrorKind, HostRole, Policy, Profile, Session};

use super::Health;
use super::acceptance::AcceptanceHealth;
use super::certificates::CertificatesHealth;
use super::clock::ClockHealth;
use super::host::{HostHealth, HostProblem};
use super::login::LoginHealth;
use super::proxy::ProxyHealth;
use crate::build_error::BuildError;
use crate::client::Client;
use crate::clock::{now, unix_ms};
use crate::drive::drive;
use crate::run_options::RunOptions;
use crate::seed::seed;
use crate::session_cell::SessionCell;
use crate::transport::{AsyncTransport, BlockingTransport, Transport};

/// The time limit of a request, including its connection.
const REQUEST: Duration = Duration::from_secs(10);
/// The time limit of a synccheck.
const LONG_POLL: Duration = Duration::from_secs(5);

/// A report on a client, before it is made: see [`Client::health`]. Nothing is sent before it is
/// [run](HealthCheck::run), or awaited if the client is asynchronous.
#[must_use = "nothing is checked before it is run or awaited"]
pub struct HealthCheck<'a, H: Transport> {
    client: Result<Client<H>, BuildError>,
    /// The session if there is no client.
    session: Session,
    options: RunOptions<'a>,
}

impl<'a, H: Transport> HealthCheck<'a, H> {
    pub(super) fn new(client: Result<Client<H>, BuildError>, session: Session) -> Self {
        Self { client, session, options: RunOptions::new() }
    }

    /// Sets the options of the requests. If they are cancelled, the checks that are not finished
    /// have failed or are skipped.
    pub fn options(self, options: RunOptions<'a>) -> Self {
        Self { options, ..self }
    }

    /// Makes the checks.
    pub fn run(self) -> Health
    where
        H: BlockingTransport,
    {
        pollster::block_on(self.execute())
    }

    async fn execute(self) -> Health {
        let Self { client, session, mut options } = self;
        let transport = H::info(client.as_ref().ok().map(Client::http));
        let site = session.site();
        let certificates = match site.hosts().is_loopback() {
            true => CertificatesHealth::Loopback,
            false => {
                let transport = transport.clone();
                let read = H::unblock(move || Ok(CertificatesHealth::read(&transport))).await;
                read.unwrap_or(CertificatesHealth::Unknown)
            }
        };
        let built = client.as_ref().map(|_| transport.proxy.as_ref()).map_err(|error| *error);
        let proxy = ProxyHealth::new(built, site);
        let (result, clock) = match &client {
            Ok(client) => open_page(client, &session, &mut options).await,
            Err(error) => (Err(HostProblem::Setup(*error)), ClockHealth::NotChecked),
        };
        let host = HostHealth { host: site.hosts().origin(HostRole::Base), result };
        let login = LoginHealth::new(&session, unix_ms());
        let acceptance = match &client {
            _ if !login.is_complete() => AcceptanceHealth::NoLogin,
            Ok(client) => match host.replied_in() {
                Some(time) => ask(client, &session, time, &mut options).await,
                None => AcceptanceHealth::NoHost,
            },
            Err(_) => AcceptanceHealth::NoHost,
        };
        let (http, tls) = (transport.http, transport.tls);
        Health { http, tls, proxy, certificates, host, clock, login, acceptance }
    }
}

/// Makes the checks.
impl<'a, H: AsyncTransport> IntoFuture for HealthCheck<'a, H> {
    type Output = Health;
    type IntoFuture = Pin<Box<dyn Future<Output = Health> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.execute())
    }
}

/// Requests the page, in a session of its site that has no cookies and receives none.
async fn open_page<H: Transport>(
    client: &Client<H>,
    session: &Session,
    options: &mut RunOptions<'_>,
) -> (Result<Duration, HostProblem>, ClockHealth) {
    let cell = SessionCell::new(Session::new(session.site().clone()));
    let (began, sent) = (now(), unix_ms());
    let reply = call(client, OpenPage::new(), &cell, REQUEST, options).await;
    let (took, received) = (now().saturating_sub(began), unix_ms());
    let failed = |kind| HostProblem::Request { kind, took };
    match reply {
        Ok(reply) => {
            let clock = ClockHealth::new(reply.date, sent, received);
            (reply.result.map(|()| took).map_err(|error| failed(error.into())), clock)
        }
        Err(kind) => (Err(failed(kind)), ClockHealth::NotChecked),
    }
}

/// Asks the server whether it still accepts the login. The host has replied to the request for the
/// page in this time.
async fn ask<H: Transport>(
    client: &Client<H>,
    session: &Session,
    page: Duration,
    options: &mut RunOptions<'_>,
) -> AcceptanceHealth {
    let cell = client.session_cell();
    let Ok(seed) = seed() else { return AcceptanceHealth::NoLogin };
    match (session.site().profile(), session.user_name()) {
        (_, None) => AcceptanceHealth::NoLogin,
        (Profile::FileHelper, _) => {
            let asked = call(client, SyncCheck::new(seed), cell, LONG_POLL, options).await;
            let holds = page <= LONG_POLL / 2;
            AcceptanceHealth::from_long_poll(asked.map(drop), holds)
        }
        (_, Some(own_name)) => {
            let endpoint = BatchGetContact::new([own_name.clone()], seed);
            let asked = call(client, endpoint, cell, REQUEST, options).await;
            AcceptanceHealth::from_reply(asked.map(drop))
        }
    }
}

/// Makes a call once, on a new connection, within a time limit.
async fn call<H: Transport, E: Endpoint + Send>(
    client: &Client<H>,
    endpoint: E,
    cell: &SessionCell,
    limit: Duration,
    options: &mut RunOptions<'_>,
) -> Result<E::Reply, ErrorKind>
where
    E::Reply: Clone,
{
    let policy = limited(client.policy(), limit);
    let seed = seed().map_err(|error| error.kind)?;
    let mut flow = OneCall::new(endpoint, &cell.get(), seed, policy).once();
    let http = client.http();
    drive(http, cell, &mut (), &mut flow, options, &mut ()).await.map_err(|error| error.kind)
}

/// Limits the time of each request. No number of bytes extends it, because no rate is fast enough.
fn limited(policy: Policy, limit: Duration) -> Policy {
    let mut policy = policy;
    policy.call_stall = policy.call_stall.min(limit);
    policy.slow_after = limit;
    policy.min_rate = u64::MAX;
    policy
}

impl<H: Transport> std::fmt::Debug for HealthCheck<'_, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HealthCheck").finish_non_exhaustive()
    }
}
