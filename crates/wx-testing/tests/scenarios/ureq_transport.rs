//! wx-ureq as a [`Transport`].

use std::io::Read as _;
use std::time::Duration;

use wx_client::Health;
use wx_client::outbox::Outbox;
use wx_proto::flow::{ListedRooms, LoginState, Progress};
use wx_proto::{
    Attachment, Avatar, Contact, Error, ErrorChain, Fetched, ImageVariant, Message, MsgId, Policy,
    Recipient, Sent, Session, Site, Uploaded, UserName,
};
use wx_ureq::ureq::Proxy;
use wx_ureq::ureq::config::Config;
use wx_ureq::ureq::tls::{Certificate, RootCerts, TlsConfig};
use wx_ureq::{
    Batch, Client, ClientBuilder, FetchStream, Http, LoginError, Outbound, Sink, Source,
};

use crate::place;
use crate::{FetchInto, LoginFrom, NoLogin, OutboundBytes, Transport, handled};

pub(crate) struct Ureq(Client);

/// Configures the proxy and the certificate of the scenario.
fn with_place<Start>(builder: ClientBuilder<Start>, site: &Site) -> ClientBuilder<Start> {
    let Some((proxy, authority)) = place::route() else { return builder };
    let authority = Certificate::from_pem(authority.as_bytes()).unwrap();
    let tls = TlsConfig::builder().root_certs(RootCerts::from([authority])).build();
    let config = Config::builder().proxy(Some(Proxy::new(&proxy).unwrap())).tls_config(tls);
    builder.http(&Http::new(Some(config.build()), site).unwrap())
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

/// Reads a stream to its end in small parts, and adds the bytes.
fn read(mut media: FetchStream<'_>, bytes: &mut Vec<u8>) -> Result<Fetched, Error> {
    let mut part = [0; 5000];
    loop {
        match media.read(&mut part) {
            Ok(0) => break,
            Ok(len) => bytes.extend_from_slice(&part[..len]),
            Err(error) => {
                let error: Error = error.downcast().unwrap();
                let again: Error = media.read(&mut part).unwrap_err().downcast().unwrap();
                assert_eq!((media.fetched(), again), (None, error.clone()));
                return Err(error);
            }
        }
    }
    assert_eq!(media.read(&mut part).unwrap(), 0);
    Ok(media.fetched().unwrap().clone())
}

fn outbound(content: OutboundBytes) -> Outbound<Source> {
    match content {
        OutboundBytes::Text(text) => text.into(),
        OutboundBytes::Inline(content) => content.into(),
        OutboundBytes::File(name, bytes) => Source::bytes(name, bytes).into(),
    }
}

impl Transport for Ureq {
    const TESTS: &str = "loopback::ureq";
    const DECODES: bool = cfg!(feature = "_unwanted");
    const KEEPS: bool = !cfg!(feature = "_unwanted");
    const SEES_HALF_A_HEAD: bool = true;

    fn new(session: Session, policy: Policy, proxy: Option<&str>) -> Self {
        let site = session.site().clone();
        let builder = Client::builder(session).policy(policy);
        let builder = match proxy {
            // All other settings are as unsuitable as possible.
            Some(proxy) => {
                let config = Config::builder()
                    .proxy(Some(Proxy::new(proxy).unwrap()))
                    .user_agent("brought along")
                    .accept_encoding("gzip")
                    .max_redirects(5)
                    .http_status_as_error(true)
                    .build();
                builder.http(&Http::new(Some(config), &site).unwrap())
            }
            None => builder,
        };
        Self(with_place(builder, &site).build().unwrap())
    }

    fn paced(session: Session, pace: Duration) -> Self {
        let site = session.site().clone();
        Self(with_place(Client::builder(session).pace(pace), &site).build().unwrap())
    }

    fn clone_client(&self) -> Self {
        Self(self.0.clone())
    }

    fn send(
        &self,
        to: &Recipient,
        image: Vec<u8>,
        observed: impl FnMut(&Progress) + Send,
    ) -> Result<Sent, Error> {
        self.0.send_image(to, Source::bytes("a.jpg", image)).progress(observed).run()
    }

    fn send_any(&self, to: &Recipient, content: OutboundBytes) -> Result<Sent, Error> {
        self.0.send(to, outbound(content)).run()
    }

    fn send_once_any(
        &self,
        outbox: &Outbox,
        key: &str,
        to: &Recipient,
        content: OutboundBytes,
    ) -> Result<Sent, Error> {
        self.0.outbox_on(outbox.clone()).send(to, outbound(content)).key(key).run()
    }

    fn upload(&self, to: &Recipient, image: Vec<u8>) -> Result<Uploaded, Error> {
        self.0.upload(to, Source::bytes("a.jpg", image)).run()
    }

    fn send_uploaded(&self, to: &Recipient, uploaded: &Uploaded) -> Result<Sent, Error> {
        self.0.send_uploaded(to, uploaded).run()
    }

    fn revoke(&self, sent: &Sent, to: &Recipient) -> Result<(), Error> {
        self.0.revoke(sent, to).run()
    }

    fn mark_read(&self, whom: &UserName) -> Result<(), Error> {
        self.0.mark_read(whom).run()
    }

    fn send_once(
        &self,
        outbox: &Outbox,
        key: &str,
        to: &Recipient,
        image: Vec<u8>,
    ) -> Result<Sent, Error> {
        self.0.outbox_on(outbox.clone()).send(to, Source::bytes("a.jpg", image)).key(key).run()
    }

    fn fetch(&self, id: &MsgId, size: ImageVariant, into: FetchInto<'_>) -> Result<Fetched, Error> {
        let sink = match into {
            FetchInto::Stream(_) => {
                return self.fetch_attachment(&Attachment::image(id.clone(), size), into);
            }
            into => sink(into),
        };
        self.0.fetch_image(id, size, sink).run()
    }

    fn fetch_attachment(
        &self,
        attachment: &Attachment,
        into: FetchInto<'_>,
    ) -> Result<Fetched, Error> {
        let sink = match into {
            FetchInto::Stream(bytes) => return read(self.0.fetch_stream(attachment), bytes),
            into => sink(into),
        };
        self.0.fetch(attachment, sink).run()
    }

    fn fetch_avatar(&self, avatar: &Avatar, into: FetchInto<'_>) -> Result<Option<Fetched>, Error> {
        self.0.fetch_avatar(avatar, sink(into)).run()
    }

    fn login(
        from: LoginFrom,
        policy: Policy,
        show: impl FnMut(&LoginState) + Send,
    ) -> Result<Self, NoLogin> {
        let (site, builder) = match from {
            LoginFrom::Code(site) => (site.clone(), Client::login(site)),
            LoginFrom::Push(session) => (session.site().clone(), Client::login_again(session)),
        };
        let login = with_place(builder.policy(policy), &site).show(show);
        login.run().map(Self).map_err(no_login)
    }

    fn session(&self) -> Session {
        self.0.session()
    }

    fn restore(&self) -> Result<(), Error> {
        self.0.restore().run()
    }

    fn contacts(&self) -> Result<Vec<Contact>, Error> {
        self.0.contacts().run().map(|listed| listed.contacts.into())
    }

    fn rooms(&self, named: Option<Vec<UserName>>) -> Result<ListedRooms, Error> {
        match named {
            None => self.0.rooms().run(),
            Some(names) => self.0.rooms_named(names).run(),
        }
    }

    fn logout(&self) -> Result<(), Error> {
        self.0.logout().run()
    }

    fn batches_and_syncs(
        &self,
        max_batches: usize,
        synced: impl FnMut(&Session) + Send,
    ) -> Vec<Result<Vec<Message>, Error>> {
        self.0
            .messages()
            .on_sync(synced)
            .take(max_batches)
            .map(|batch| batch.map(handled))
            .collect()
    }

    fn next_batch(&self) -> Batch {
        self.0.messages().next().unwrap().unwrap()
    }

    fn health(&self) -> Health {
        self.0.health().run()
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
