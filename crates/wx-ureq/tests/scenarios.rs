//! What both transports have to do alike: the list is in `shared/scenarios.rs`.

#![allow(clippy::unwrap_used)]

#[path = "shared/scenarios.rs"]
mod scenarios;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use scenarios::{Into, Transport};
use wx_proto::flow::Progress;
use wx_proto::{
    Cause, Error, Fetched, ImageSize, MsgId, Policy, ReplyError, Sent, Session, Uploaded, UserName,
};
use wx_ureq::ureq::Proxy;
use wx_ureq::ureq::config::{Config, ConfigBuilder};
use wx_ureq::ureq::typestate::AgentScope;
use wx_ureq::{Client, Sink, Source, Watch};

struct Ureq(Client);

/// ureq takes the platform's TLS library only if it is told to.
fn tls(config: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
    #[cfg(all(feature = "native-tls", not(feature = "rustls")))]
    {
        use wx_ureq::ureq::tls::{TlsConfig, TlsProvider};
        config.tls_config(TlsConfig::builder().provider(TlsProvider::NativeTls).build())
    }
    #[cfg(not(all(feature = "native-tls", not(feature = "rustls"))))]
    config
}

impl Transport for Ureq {
    const DECODES: bool = cfg!(feature = "_unwanted");

    fn new(session: Session, policy: Policy, proxy: Option<&str>) -> Self {
        let builder = Client::builder(session).policy(policy);
        let builder = match proxy {
            // Everything else in it is as unsuitable as can be.
            Some(proxy) => builder.config(
                tls(Config::builder())
                    .proxy(Some(Proxy::new(proxy).unwrap()))
                    .user_agent("brought along")
                    .accept_encoding("gzip")
                    .max_redirects(5)
                    .http_status_as_error(true)
                    .build(),
            ),
            None => builder,
        };
        Self(builder.build().unwrap())
    }

    fn send(
        &self,
        to: &UserName,
        picture: Vec<u8>,
        heard: impl FnMut(&Progress) + Send,
    ) -> Result<Sent, Error> {
        self.0.send_image_with(to, Source::bytes("a.jpg", picture), Watch::new().progress(heard))
    }

    fn upload(&self, to: &UserName, picture: Vec<u8>) -> Result<Uploaded, Error> {
        self.0.upload(to, Source::bytes("a.jpg", picture))
    }

    fn send_uploaded(&self, to: &UserName, uploaded: &Uploaded) -> Result<Sent, Error> {
        self.0.send_uploaded(to, uploaded)
    }

    fn fetch(&self, id: &MsgId, size: ImageSize, into: Into<'_>) -> Result<Fetched, Error> {
        let sink = match into {
            Into::Path(path) => Sink::path(path),
            Into::Vec(bytes) => Sink::vec(bytes),
            Into::Writer(bytes) => Sink::writer(bytes),
        };
        self.0.fetch_image(id, size, sink)
    }

    fn debug(&self) -> String {
        let builder = Client::builder(self.0.session().clone());
        format!("{:?} {:#?} {:?} {builder:?}", self.0, self.0, self.0.http())
    }
}

scenarios!(Ureq);

/// A chunk takes longer than the stall, and something moves all the time. Not for both: an asynchronous client hands most
/// of a chunk to the system's buffers at once and cannot see them empty.
#[test]
fn a_slow_upload_is_no_stall() {
    let address = scenarios::listen(|mut stream| {
        let (began, mut got) = (Instant::now(), 0);
        while got < 520_000 {
            got += stream.read(&mut [0; 4096]).unwrap();
            let due = Duration::from_micros(3 * got as u64);
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
        stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or_default();
    });
    let stall = Duration::from_millis(800);
    let client: Ureq = scenarios::client_at(&address, scenarios::one_try().with_stall(stall));
    let began = Instant::now();
    let error = client.upload(&UserName::new("filehelper").unwrap(), scenarios::large()).unwrap_err();
    assert_eq!(error.cause, Cause::Reply(ReplyError::Status(403)));
    assert!(began.elapsed() > stall, "the upload was not slow");
}
