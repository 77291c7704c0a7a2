//! The two clients.

use std::path::Path;

use wx_proto::{
    Attachment, Avatar, Error, Fetched, InlineContent, MediaKind, Message, Policy, Recipient, Sent,
    Session, Site,
};

/// A client under test.
pub(super) trait Client {
    /// What all runs share, because it takes long to set up.
    type Http;
    fn http(site: &Site) -> Self::Http;
    fn new(http: &Self::Http, session: Session, policy: Policy) -> Self;
    /// Sends a message without an upload.
    fn send_inline(&self, to: &Recipient, content: InlineContent) -> Result<Sent, Error>;
    fn send_media(&self, to: &Recipient, path: &Path, kind: MediaKind) -> Result<Sent, Error>;
    /// Waits for a message.
    fn receive(&self) -> Message;
    fn fetch(&self, attachment: &Attachment, path: &Path) -> Result<Fetched, Error>;
    fn fetch_avatar(&self, avatar: &Avatar, path: &Path) -> Result<Option<Fetched>, Error>;
}

impl Client for wx_ureq::Client {
    type Http = wx_ureq::Http;

    fn http(site: &Site) -> Self::Http {
        wx_ureq::Http::new(None, site).unwrap()
    }

    fn new(http: &Self::Http, session: Session, policy: Policy) -> Self {
        Self::builder(session).policy(policy).http(http).build().unwrap()
    }

    fn send_inline(&self, to: &Recipient, content: InlineContent) -> Result<Sent, Error> {
        self.send(to, content).run()
    }

    fn send_media(&self, to: &Recipient, path: &Path, kind: MediaKind) -> Result<Sent, Error> {
        self.send(to, wx_ureq::Source::path(path).unwrap()).kind(kind).run()
    }

    fn receive(&self) -> Message {
        self.messages().next().unwrap().unwrap()[0].clone()
    }

    fn fetch(&self, attachment: &Attachment, path: &Path) -> Result<Fetched, Error> {
        self.fetch(attachment, wx_ureq::Sink::path(path)).run()
    }

    fn fetch_avatar(&self, avatar: &Avatar, path: &Path) -> Result<Option<Fetched>, Error> {
        self.fetch_avatar(avatar, wx_ureq::Sink::path(path)).run()
    }
}

/// wx-reqwest, whose futures are blocked on.
pub(super) struct Blocking(wx_reqwest::Client, tokio::runtime::Runtime);

impl Client for Blocking {
    type Http = wx_reqwest::Http;

    fn http(site: &Site) -> Self::Http {
        wx_reqwest::Http::new(None, site).unwrap()
    }

    fn new(http: &Self::Http, session: Session, policy: Policy) -> Self {
        let client = wx_reqwest::Client::builder(session).policy(policy).http(http);
        let client = client.build().unwrap();
        Self(client, tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap())
    }

    fn send_inline(&self, to: &Recipient, content: InlineContent) -> Result<Sent, Error> {
        self.1.block_on(self.0.send(to, content).into_future())
    }

    fn send_media(&self, to: &Recipient, path: &Path, kind: MediaKind) -> Result<Sent, Error> {
        self.1.block_on(async {
            let source = wx_reqwest::Source::path(path).await.unwrap();
            self.0.send(to, source).kind(kind).await
        })
    }

    fn receive(&self) -> Message {
        let batch = self.1.block_on(async { self.0.messages().next().await });
        batch.unwrap().unwrap()[0].clone()
    }

    fn fetch(&self, attachment: &Attachment, path: &Path) -> Result<Fetched, Error> {
        let sink = wx_reqwest::Sink::path(path);
        self.1.block_on(self.0.fetch(attachment, sink).into_future())
    }

    fn fetch_avatar(&self, avatar: &Avatar, path: &Path) -> Result<Option<Fetched>, Error> {
        let sink = wx_reqwest::Sink::path(path);
        self.1.block_on(self.0.fetch_avatar(avatar, sink).into_future())
    }
}
