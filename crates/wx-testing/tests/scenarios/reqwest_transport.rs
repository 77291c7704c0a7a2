//! wx-reqwest as a [`Transport`].

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use wx_client::Health;
use wx_client::outbox::Outbox;
use wx_proto::flow::{ListedRooms, LoginState, Progress};
use wx_proto::{
    Attachment, Avatar, Contact, Error, ErrorChain, Fetched, ImageVariant, Message, MsgId, Policy,
    Recipient, Sent, Session, Site, Uploaded, UserName,
};
use wx_reqwest::reqwest::{self, Certificate, Proxy, redirect};
use wx_reqwest::{
    Batch, Client, ClientBuilder, FetchStream, Http, LoginError, Outbound, Sink, Source,
};

use crate::place;
use crate::{FetchInto, LoginFrom, NoLogin, OutboundBytes, Transport, handled};

pub(crate) struct Reqwest(Client, Runtime);

/// Returns an HTTP client with settings that are as unsuitable as possible.
fn unsuitable(proxy: &str) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .proxy(Proxy::all(proxy).unwrap())
        .user_agent("brought along")
        .gzip(true)
        .cookie_provider(Arc::new(reqwest::cookie::Jar::default()))
        .redirect(redirect::Policy::limited(5))
        .tls_danger_accept_invalid_certs(true)
}

/// Configures the proxy and the certificate of the scenario.
fn with_place<Start>(builder: ClientBuilder<Start>, site: &Site) -> ClientBuilder<Start> {
    let Some((proxy, authority)) = place::route() else { return builder };
    let authority = Certificate::from_pem(authority.as_bytes()).unwrap();
    let http = reqwest::Client::builder().proxy(Proxy::all(proxy).unwrap());
    builder.http(&Http::new(Some(http.tls_certs_merge([authority])), site).unwrap())
}

fn no_login(error: LoginError) -> NoLogin {
    let shown = format!("{} {error:?} {error:#?}", ErrorChain(&error));
    match error {
        LoginError::Login(error) => NoLogin { error, session: None },
        LoginError::Unfinished { error, session } => {
            let secrets =
                [session.skey(), session.sid()].map(|secret| secret.unwrap().expose().as_str());
            assert!(!secrets.iter().any(|secret| shown.contains(secret)), "{shown}");
            NoLogin { error, session: Some(*session) }
        }
        other => panic!("{other}"),
    }
}

fn sink(into: FetchInto<'_>) -> Sink<'_> {
    match into {
        FetchInto::Path(path) => Sink::path(path),
        FetchInto::Vec(bytes) => Sink::vec(bytes),
        FetchInto::Writer(bytes) => Sink::writer(bytes),
        FetchInto::Stream(_) => unreachable!("a stream has no sink"),
    }
}

/// Reads a stream to its end, and adds the bytes.
async fn read(mut media: FetchStream<'_>, bytes: &mut Vec<u8>) -> Result<Fetched, Error> {
    while let Some(piece) = media.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => {
                assert!(media.next().await.is_none() && media.fetched().is_none());
                return Err(error);
            }
        }
    }
    assert!(media.next().await.is_none());
    Ok(media.fetched().unwrap().clone())
}

fn outbound(content: OutboundBytes) -> Outbound<Source> {
    match content {
        OutboundBytes::Text(text) => text.into(),
        OutboundBytes::Inline(content) => content.into(),
        OutboundBytes::File(name, bytes) => Source::bytes(name, bytes).into(),
    }
}

impl Transport for Reqwest {
    const TESTS: &str = "loopback::reqwest";

    fn new(session: Session, policy: Policy, proxy: Option<&str>) -> Self {
        let site = session.site().clone();
        let builder = Client::builder(session).policy(policy);
        let builder = match proxy {
            Some(proxy) => builder.http(&Http::new(Some(unsuitable(proxy)), &site).unwrap()),
            None => builder,
        };
        Self(with_place(builder, &site).build().unwrap(), Runtime::new().unwrap())
    }

    fn paced(session: Session, pace: Duration) -> Self {
        let site = session.site().clone();
        let builder = Client::builder(session).pace(pace);
        Self(with_place(builder, &site).build().unwrap(), Runtime::new().unwrap())
    }

    fn clone_client(&self) -> Self {
        Self(self.0.clone(), Runtime::new().unwrap())
    }

    fn send(
        &self,
        to: &Recipient,
        image: Vec<u8>,
        observed: impl FnMut(&Progress) + Send,
    ) -> Result<Sent, Error> {
        let send = self.0.send_image(to, Source::bytes("a.jpg", image)).progress(observed);
        self.1.block_on(send.into_future())
    }

    fn send_any(&self, to: &Recipient, content: OutboundBytes) -> Result<Sent, Error> {
        self.1.block_on(self.0.send(to, outbound(content)).into_future())
    }

    fn send_once_any(
        &self,
        outbox: &Outbox,
        key: &str,
        to: &Recipient,
        content: OutboundBytes,
    ) -> Result<Sent, Error> {
        let send = self.0.outbox_on(outbox.clone()).send(to, outbound(content)).key(key);
        self.1.block_on(send.into_future())
    }

    fn upload(&self, to: &Recipient, image: Vec<u8>) -> Result<Uploaded, Error> {
        self.1.block_on(self.0.upload(to, Source::bytes("a.jpg", image)).into_future())
    }

    fn send_uploaded(&self, to: &Recipient, uploaded: &Uploaded) -> Result<Sent, Error> {
        self.1.block_on(self.0.send_uploaded(to, uploaded).into_future())
    }

    fn revoke(&self, sent: &Sent, to: &Recipient) -> Result<(), Error> {
        self.1.block_on(self.0.revoke(sent, to).into_future())
    }

    fn mark_read(&self, whom: &UserName) -> Result<(), Error> {
        self.1.block_on(self.0.mark_read(whom).into_future())
    }

    fn send_once(
        &self,
        outbox: &Outbox,
        key: &str,
        to: &Recipient,
        image: Vec<u8>,
    ) -> Result<Sent, Error> {
        let outbox = self.0.outbox_on(outbox.clone());
        let send = outbox.send(to, Source::bytes("a.jpg", image)).key(key);
        self.1.block_on(send.into_future())
    }

    fn fetch(&self, id: &MsgId, size: ImageVariant, into: FetchInto<'_>) -> Result<Fetched, Error> {
        let sink = match into {
            FetchInto::Stream(_) => {
                return self.fetch_attachment(&Attachment::image(id.clone(), size), into);
            }
            into => sink(into),
        };
        self.1.block_on(self.0.fetch_image(id, size, sink).into_future())
    }

    fn fetch_attachment(
        &self,
        attachment: &Attachment,
        into: FetchInto<'_>,
    ) -> Result<Fetched, Error> {
        let sink = match into {
            FetchInto::Stream(bytes) => {
                return self.1.block_on(read(self.0.fetch_stream(attachment), bytes));
            }
            into => sink(into),
        };
        self.1.block_on(self.0.fetch(attachment, sink).into_future())
    }

    fn fetch_avatar(&self, avatar: &Avatar, into: FetchInto<'_>) -> Result<Option<Fetched>, Error> {
        let sink = sink(into);
        self.1.block_on(self.0.fetch_avatar(avatar, sink).into_future())
    }

    fn login(
        from: LoginFrom,
        policy: Policy,
        show: impl FnMut(&LoginState) + Send,
    ) -> Result<Self, NoLogin> {
        let runtime = Runtime::new().unwrap();
        let (site, builder) = match from {
            LoginFrom::Code(site) => (site.clone(), Client::login(site)),
            LoginFrom::Push(session) => (session.site().clone(), Client::login_again(session)),
        };
        let login = with_place(builder.policy(policy), &site).show(show);
        let client = runtime.block_on(login.into_future());
        client.map(|client| Self(client, runtime)).map_err(no_login)
    }

    fn session(&self) -> Session {
        self.0.session()
    }

    fn restore(&self) -> Result<(), Error> {
        self.1.block_on(self.0.restore().into_future())
    }

    fn contacts(&self) -> Result<Vec<Contact>, Error> {
        self.1.block_on(self.0.contacts().into_future()).map(|listed| listed.contacts.into())
    }

    fn rooms(&self, named: Option<Vec<UserName>>) -> Result<ListedRooms, Error> {
        let request = match named {
            None => self.0.rooms(),
            Some(names) => self.0.rooms_named(names),
        };
        self.1.block_on(request.into_future())
    }

    fn logout(&self) -> Result<(), Error> {
        self.1.block_on(self.0.logout().into_future())
    }

    fn batches_and_syncs(
        &self,
        max_batches: usize,
        synced: impl FnMut(&Session) + Send,
    ) -> Vec<Result<Vec<Message>, Error>> {
        let mut messages = self.0.messages().on_sync(synced);
        self.1.block_on(async {
            let mut batches = Vec::new();
            while batches.len() < max_batches
                && let Some(batch) = messages.next().await
            {
                batches.push(batch.map(handled));
            }
            batches
        })
    }

    fn health(&self) -> Health {
        self.1.block_on(self.0.health().into_future())
    }

    fn next_batch(&self) -> Batch {
        self.1.block_on(self.0.messages().next()).unwrap().unwrap()
    }

    fn debug(&self) -> String {
        let session = self.0.session();
        let builder = Client::builder(Session::clone(&session));
        let (code, push) =
            (Client::login(session.site().clone()), Client::login_again(Session::clone(&session)));
        let image = Attachment::image(MsgId::new("7").unwrap(), ImageVariant::Original);
        let streams = format!("{:?} {:?}", self.0.messages(), self.0.fetch_stream(&image));
        let login = format!("{code:?} {push:?} {streams}");
        format!("{:?} {:#?} {:?} {builder:?} {login}", self.0, self.0, self.0.http())
    }
}
