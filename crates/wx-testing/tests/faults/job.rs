//! Runs one job with one fault.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use wx_emulator::{Emulator, Incoming, Repeats, Request};
use wx_proto::{
    Attachment, Error, Fetched, ImageVariant, Outcome, Policy, Recipient, Sent, Session,
};
use wx_testing::samples::TINY_JPEG;

use crate::matrix::Place;

/// The result of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// One message with the same bytes, or a fetched file with the same bytes.
    Sent,
    /// No message, or no file.
    NotSent,
    /// This many messages.
    Unknown(usize),
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent => f.write_str("sent"),
            Self::NotSent => f.write_str("not sent"),
            Self::Unknown(messages) => write!(f, "unknown ({messages})"),
        }
    }
}

/// A client under test.
pub(crate) trait Client {
    fn new(session: Session, policy: Policy) -> Self;
    fn send(&self, to: &Recipient, picture: &Path) -> Result<Sent, Error>;
    /// Waits for a message, and returns what it holds.
    fn receive(&self) -> Attachment;
    fn fetch(&self, attachment: &Attachment, path: &Path) -> Result<Fetched, Error>;
}

impl Client for wx_ureq::Client {
    fn new(session: Session, policy: Policy) -> Self {
        Self::builder(session).policy(policy).build().unwrap()
    }

    fn send(&self, to: &Recipient, picture: &Path) -> Result<Sent, Error> {
        self.send_image(to, wx_ureq::Source::path(picture).unwrap()).run()
    }

    fn receive(&self) -> Attachment {
        self.messages().next().unwrap().unwrap()[0].attachment().unwrap()
    }

    fn fetch(&self, attachment: &Attachment, path: &Path) -> Result<Fetched, Error> {
        self.fetch(attachment, wx_ureq::Sink::path(path)).run()
    }
}

/// wx-reqwest, whose futures are blocked on.
pub(crate) struct Blocking(wx_reqwest::Client, tokio::runtime::Runtime);

impl Client for Blocking {
    fn new(session: Session, policy: Policy) -> Self {
        let client = wx_reqwest::Client::builder(session).policy(policy).build().unwrap();
        Self(client, tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap())
    }

    fn send(&self, to: &Recipient, picture: &Path) -> Result<Sent, Error> {
        self.1.block_on(async {
            let source = wx_reqwest::Source::path(picture).await.unwrap();
            self.0.send_image(to, source).await
        })
    }

    fn receive(&self) -> Attachment {
        let batch = self.1.block_on(async { self.0.messages().next().await });
        batch.unwrap().unwrap()[0].attachment().unwrap()
    }

    fn fetch(&self, attachment: &Attachment, path: &Path) -> Result<Fetched, Error> {
        let sink = wx_reqwest::Sink::path(path);
        self.1.block_on(self.0.fetch(attachment, sink).into_future())
    }
}

/// An image of three chunks. Decoders ignore what follows its end marker.
static PICTURE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut picture = TINY_JPEG.to_vec();
    picture.extend((0..1_100_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    picture
});

/// Sends a picture, or fetches one that was sent or a file, and holds what the client says against
/// what the server has.
pub(crate) fn run<C: Client>(fault: &str, place: Place, repeats: Repeats) -> Result<End, String> {
    let server =
        Emulator::builder().repeats(repeats).fault(fault.parse().unwrap()).start().unwrap();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let to = Recipient::new(server.friend()).unwrap();
    let mut policy = Policy::default().with_stall(Duration::from_secs(10));
    (policy.back_off, policy.message_wait) = (Duration::from_millis(1), Duration::from_millis(1));
    if place == Place::Check {
        policy.check_above = 0;
    }
    let client = C::new(session, policy);
    let (endpoint, nth) = place.request();
    let dir = tempfile::tempdir().unwrap();
    let original = dir.path().join("a.jpg");
    fs::write(&original, &*PICTURE).unwrap();

    let happened = || server.requests_to(endpoint) >= nth;
    if place.is_download() {
        let attachment = if place == Place::File {
            server.deliver(Incoming::file("a.jpg", PICTURE.clone()));
            client.receive()
        } else {
            let sent = client.send(&to, &original).unwrap();
            Attachment::image(sent.msg_id, ImageVariant::Original)
        };
        let copy = dir.path().join("b.jpg");
        let end = match client.fetch(&attachment, &copy) {
            Ok(_) => End::Sent,
            Err(error) if error.outcome() == Outcome::NotSent => End::NotSent,
            Err(error) => return Err(format!("a download in doubt: {}", error.chain())),
        };
        let files = fs::read_dir(dir.path()).unwrap().count();
        let whole = fs::read(&copy).is_ok_and(|bytes| bytes == *PICTURE);
        return match end {
            _ if !happened() => Err("nothing was fetched".to_owned()),
            End::Sent if whole && files == 2 => Ok(end),
            End::NotSent if files == 1 => Ok(end),
            _ => Err(format!("{end:?}, whole: {whole}, files: {files}")),
        };
    }
    let sent = client.send(&to, &original);
    let mut ids: Vec<_> = server
        .requests()
        .iter()
        .filter(|sent| sent.endpoint == "webwxsendmsgimg")
        .filter_map(id_of)
        .collect();
    ids.dedup();
    if ids.len() > 1 {
        return Err("more than one id for a message".to_owned());
    }
    let messages = server.messages();
    let equal = messages.iter().all(|message| message.media == *PICTURE);
    match (sent, messages.len()) {
        _ if !happened() => Err("the request of the fault was never made".to_owned()),
        _ if !equal => Err("other bytes arrived".to_owned()),
        (Ok(sent), 1) if messages[0].msg_id == sent.msg_id.as_str() => Ok(End::Sent),
        (Err(error), 0) if error.outcome() == Outcome::NotSent => Ok(End::NotSent),
        (Err(error), n @ (0 | 1)) if error.outcome() == Outcome::Unknown => Ok(End::Unknown(n)),
        (result, n) => Err(format!("{n} messages, but {result:?}")),
    }
}

/// Returns the ClientMsgId of a message, if the message was received completely.
fn id_of(request: &Request) -> Option<String> {
    let body = request.body.as_ref()?;
    let at = body.windows(15).position(|window| window == b"\"ClientMsgId\":\"")? + 15;
    let id: Vec<u8> = body[at..].iter().copied().take_while(u8::is_ascii_digit).collect();
    String::from_utf8(id).ok()
}
