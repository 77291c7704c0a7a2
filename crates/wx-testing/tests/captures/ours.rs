//! Runs all operations of both clients under the real host names.

use std::time::Duration;

use image::ImageFormat::{Gif, Jpeg, Png};
use tokio::runtime::Runtime;
use wx_client::proxy::ProxySettings;
use wx_emulator::{Emulator, Profile, Request};
use wx_proto::{ImageVariant, MediaKind, MsgId, Policy, Recipient, Session, Site, UserName};
use wx_reqwest::reqwest;
use wx_testing::TestBed;
use wx_ureq::ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use wx_ureq::ureq::{Proxy, config::Config};

use wx_testing::images::{noise, sized, small};
use wx_testing::samples::TINY_MP4;

/// The operations that a scenario uses.
pub(crate) trait Client: Sized {
    fn login(bed: &TestBed, site: Site) -> Self;
    /// Returns another client for an existing login.
    fn new(bed: &TestBed, session: Session, policy: Policy) -> Self;
    fn session(&self) -> Session;
    fn contacts(&self);
    /// Returns the MsgIds of the next batch.
    fn messages(&self) -> Vec<MsgId>;
    fn fetch(&self, id: &MsgId, size: ImageVariant);
    fn send(&self, to: &Recipient, name: &str, bytes: Vec<u8>) {
        self.send_as(to, name, bytes, None);
    }
    fn send_as(&self, to: &Recipient, name: &str, bytes: Vec<u8>, kind: Option<MediaKind>);
    fn mark_read(&self, whom: &UserName);
    fn logout(&self);
}

/// The requests of a client, as the server received them.
pub(crate) struct Seen {
    pub(crate) requests: Vec<Request>,
    /// The number of requests before browser parity was switched on.
    pub(crate) plain: usize,
    pub(crate) violations: Vec<String>,
}

/// Files with the recorded lengths, so that the requests describe them in the same way.
const LARGE: usize = 1_389_854;
const SMALL: usize = 4588;
const NOTE: usize = 4500;
const GIF: usize = 1679;
const BIG: usize = 27_262_981;

/// Runs login, contacts, messages, downloads and uploads of images, files and videos, and logout.
pub(crate) fn drive<C: Client>(profile: Profile) -> Seen {
    let builder = Emulator::builder().image(sized(Jpeg, 60, 80, 11_235)).hold(Duration::ZERO);
    let bed = TestBed::start(builder.profile(profile)).unwrap();
    let server = bed.emulator();
    // The hosts in the recordings.
    let site = match profile {
        Profile::Web => Site::new(wx_proto::Profile::Web),
        Profile::FileHelper => {
            Site::from_base(wx_proto::Profile::FileHelper, "https://szfilehelper.weixin.qq.com")
                .unwrap()
        }
    };
    let client = C::login(&bed, site);
    // The page of the File Transfer Helper has no contacts.
    if profile == Profile::Web {
        client.contacts();
    }
    let message = client.messages().pop().unwrap();
    client.fetch(&message, ImageVariant::Thumbnail);
    client.fetch(&message, ImageVariant::Original);
    let friend = if profile == Profile::Web { server.friend() } else { "filehelper" };
    let to = Recipient::new(server.name_in_login(friend)).unwrap();
    client.send(&to, "second.jpg", sized(Jpeg, 40, 30, SMALL));
    let plain = server.requests().len();

    let mut policy = Policy::default();
    policy.browser_parity = true;
    let parity = C::new(&bed, client.session(), policy.clone());
    parity.send(&to, "second.jpg", sized(Jpeg, 41, 30, SMALL));
    parity.send(&to, "large.png", sized(Png, 300, 249, LARGE));
    parity.send(&to, "tiny.gif", sized(Gif, 12, 9, GIF));
    policy.max_upload = 30 << 20;
    let files = C::new(&bed, client.session(), policy);
    let file = Some(MediaKind::File);
    files.send_as(&to, "note.jpg", sized(Jpeg, 42, 30, NOTE), file);
    if profile == Profile::Web {
        files.send_as(&to, "big.jpg", big(), file);
        files.send(&to, "clip.mp4", TINY_MP4.to_vec());
        // The recorded page did it twice.
        for _ in 0..2 {
            client.mark_read(to.user_name());
        }
    }
    client.logout();
    Seen { requests: server.requests(), plain, violations: server.violations() }
}

/// A file that is long enough for webwxcheckupload.
fn big() -> Vec<u8> {
    const PERIOD: usize = 65_537;
    let mut bytes = small(Jpeg, 43, 30);
    bytes.extend(noise(PERIOD).repeat(BIG / PERIOD + 1));
    bytes.truncate(BIG);
    bytes
}

pub(crate) struct Ureq(wx_ureq::Client);

fn ureq_config(bed: &TestBed) -> Config {
    let pem = bed.authority_pem();
    let certificates = parse_pem(pem.as_bytes()).filter_map(|item| match item.unwrap() {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    let roots: Vec<Certificate<'static>> = certificates.collect();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::from(roots))
        .build();
    wx_ureq::Http::defaults(&ProxySettings::none())
        .unwrap()
        .proxy(Some(Proxy::new(&bed.proxy()).unwrap()))
        .tls_config(tls)
        .build()
}

impl Client for Ureq {
    fn login(bed: &TestBed, site: Site) -> Self {
        let http = wx_ureq::Http::new(Some(ureq_config(bed)), &site).unwrap();
        Self(wx_ureq::Client::login(site).http(&http).run().unwrap())
    }

    fn new(bed: &TestBed, session: Session, policy: Policy) -> Self {
        let http = wx_ureq::Http::new(Some(ureq_config(bed)), session.site()).unwrap();
        Self(wx_ureq::Client::builder(session).policy(policy).http(&http).build().unwrap())
    }

    fn session(&self) -> Session {
        Session::clone(&self.0.session())
    }

    fn contacts(&self) {
        self.0.contacts().run().unwrap();
    }

    fn messages(&self) -> Vec<MsgId> {
        let batch = self.0.messages().next().unwrap().unwrap();
        batch.iter().map(|message| message.id.clone().unwrap()).collect()
    }

    fn fetch(&self, id: &MsgId, size: ImageVariant) {
        self.0.fetch_image(id, size, wx_ureq::Sink::vec(&mut Vec::new())).run().unwrap();
    }

    fn send_as(&self, to: &Recipient, name: &str, bytes: Vec<u8>, kind: Option<MediaKind>) {
        let send = self.0.send(to, wx_ureq::Source::bytes(name, bytes));
        kind.into_iter().fold(send, |send, kind| send.kind(kind)).run().unwrap();
    }

    fn mark_read(&self, whom: &UserName) {
        self.0.mark_read(whom).run().unwrap();
    }

    fn logout(&self) {
        self.0.logout().run().unwrap();
    }
}

pub(crate) struct Reqwest {
    client: wx_reqwest::Client,
    runtime: Runtime,
}

fn reqwest_builder(bed: &TestBed) -> reqwest::ClientBuilder {
    let certificate = reqwest::Certificate::from_pem(bed.authority_pem().as_bytes()).unwrap();
    let proxy = reqwest::Proxy::all(bed.proxy()).unwrap();
    wx_reqwest::Http::defaults(&ProxySettings::none())
        .unwrap()
        .proxy(proxy)
        .tls_certs_only([certificate])
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

impl Client for Reqwest {
    fn login(bed: &TestBed, site: Site) -> Self {
        let runtime = runtime();
        let http = wx_reqwest::Http::new(Some(reqwest_builder(bed)), &site).unwrap();
        let login = wx_reqwest::Client::login(site).http(&http).into_future();
        Self { client: runtime.block_on(login).unwrap(), runtime }
    }

    fn new(bed: &TestBed, session: Session, policy: Policy) -> Self {
        let http = wx_reqwest::Http::new(Some(reqwest_builder(bed)), session.site()).unwrap();
        let builder = wx_reqwest::Client::builder(session).policy(policy).http(&http);
        Self { client: builder.build().unwrap(), runtime: runtime() }
    }

    fn session(&self) -> Session {
        Session::clone(&self.client.session())
    }

    fn contacts(&self) {
        self.runtime.block_on(self.client.contacts().into_future()).unwrap();
    }

    fn messages(&self) -> Vec<MsgId> {
        let mut messages = self.client.messages();
        let batch = self.runtime.block_on(messages.next()).unwrap().unwrap();
        batch.iter().map(|message| message.id.clone().unwrap()).collect()
    }

    fn fetch(&self, id: &MsgId, size: ImageVariant) {
        let mut bytes = Vec::new();
        let fetch = self.client.fetch_image(id, size, wx_reqwest::Sink::vec(&mut bytes));
        self.runtime.block_on(fetch.into_future()).unwrap();
    }

    fn send_as(&self, to: &Recipient, name: &str, bytes: Vec<u8>, kind: Option<MediaKind>) {
        let send = self.client.send(to, wx_reqwest::Source::bytes(name, bytes));
        let send = kind.into_iter().fold(send, |send, kind| send.kind(kind));
        self.runtime.block_on(send.into_future()).unwrap();
    }

    fn mark_read(&self, whom: &UserName) {
        self.runtime.block_on(self.client.mark_read(whom).into_future()).unwrap();
    }

    fn logout(&self) {
        self.runtime.block_on(self.client.logout().into_future()).unwrap();
    }
}
