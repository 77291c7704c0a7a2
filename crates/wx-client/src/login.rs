//! Logs in, to create a client without a saved session.

use std::pin::Pin;

use wx_proto::flow::LoginState;
use wx_proto::http::{HeaderName, HeaderValue};
use wx_proto::{Session, Site};

use crate::builder::ClientBuilder;
use crate::cancel_token::CancelToken;
use crate::client::Client;
use crate::drive::drive;
use crate::login_request::{LoginError, LoginRequest};
use crate::run_options::{RunOptions, option_setters};
use crate::transport::{AsyncTransport, BlockingTransport, Transport};

impl<H: Transport> Client<H> {
    /// Logs in with a QR code and returns a client for that login. Waits for the user, for at most
    /// ten codes of five minutes each ([`Policy::login_codes`](wx_proto::Policy)). Use
    /// [`show`](ClientBuilder::show) to show the user each state.
    ///
    /// ```no_run
    /// # use wx_client::{BlockingTransport, Client};
    /// use wx_client::session_file::SessionFile;
    /// use wx_proto::flow::LoginState;
    /// use wx_proto::{Profile, Site};
    ///
    /// # fn login<Http: BlockingTransport>() -> Result<(), Box<dyn std::error::Error>> {
    /// let file = SessionFile::open_or_create("session.json")?;
    /// let login = Client::<Http>::login(Site::new(Profile::Web)).show(|state| match state {
    ///     LoginState::Code { link } => println!("scan the QR code of {}", link.expose()),
    ///     other => println!("{other:?}"),
    /// });
    /// let client = login.run()?;
    /// file.save(&client.session())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn login(site: Site) -> ClientBuilder<H, LoginRequest<'static>> {
        ClientBuilder::from_start(LoginRequest::qr_code(site))
    }

    /// Logs in again as the account of `session`, whose login may have ended. The user confirms a
    /// prompt on the phone instead of scanning a QR code. If the prompt is refused or expires, the
    /// login continues with a QR code. Keys of the session file that this version does not know are
    /// kept.
    pub fn login_again(session: Session) -> ClientBuilder<H, LoginRequest<'static>> {
        ClientBuilder::from_start(LoginRequest::push(session))
    }
}

impl<'a, H: Transport> ClientBuilder<H, LoginRequest<'a>> {
    /// Calls `show` with each state of the login, such as the [link of the code](LoginState::Code).
    ///
    /// Save the session of [`LoginState::Opened`]. From then on, the phone lists the login, and a
    /// saved session can be restored if the program ends before the login is finished.
    pub fn show(mut self, show: impl FnMut(&LoginState) + Send + 'a) -> Self {
        self.start.show(show);
        self
    }

    /// Adds a header to the request of the login page, such as those of a desktop client
    /// ([§2.6](wx_proto::protocol#s2-6)). There are none by default.
    pub fn page_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.start.add_header(name, value);
        self
    }

    /// Adds a pair to the query of the login page, such as `mod=desktop`
    /// ([§2.6](wx_proto::protocol#s2-6)). There are none by default.
    pub fn page_pair(mut self, key: &str, value: &str) -> Self {
        self.start.add_pair(key, value);
        self
    }

    /// Stops the login once `token` is cancelled. A login that is already open stays open.
    pub fn cancel(self, token: &CancelToken) -> Self {
        self.with(|options| options.cancel(token))
    }

    option_setters!('a);

    fn with(mut self, set: impl FnOnce(RunOptions<'a>) -> RunOptions<'a>) -> Self {
        self.start.options = set(std::mem::take(&mut self.start.options));
        self
    }

    /// Logs in and returns the client.
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn run(self) -> Result<Client<H>, LoginError>
    where
        H: BlockingTransport,
    {
        pollster::block_on(self.execute())
    }

    async fn execute(self) -> Result<Client<H>, LoginError> {
        let Self { start: mut login, policy, pace, http } = self;
        let http = Self::http_for(http, login.site())?;
        let (mut flow, cell) = login.begin(policy.clone())?;
        let (options, mut states) = login.observers();
        let result = drive(&http, &cell, &mut (), &mut flow, options, &mut states).await;
        drop(states);
        let session = login.end(&flow, &cell, result)?;
        Ok(Client::from_parts(session, policy, pace, http))
    }
}

/// Logs in and returns the client. If the future is dropped, a login that is already open stays
/// open.
///
/// # Errors
/// [`LoginError`].
impl<'a, H: AsyncTransport> IntoFuture for ClientBuilder<H, LoginRequest<'a>> {
    type Output = Result<Client<H>, LoginError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.execute())
    }
}
