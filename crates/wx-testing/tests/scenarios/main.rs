//! Scenarios that both clients must pass, at a loopback address and under the real host names.

#![allow(clippy::unwrap_used)]

mod acknowledgement;
mod avatars;
mod faults;
mod files;
mod forwarding;
mod kept_login;
mod lasting;
mod life;
mod loopback;
mod many_recipients;
mod network;
mod odd_bytes;
mod outbound;
mod outbox;
mod outbox_keys;
mod outbox_whole;
mod pace;
mod place;
mod real_names;
#[cfg(feature = "tracing")]
mod recorded_spans;
mod recordings;
mod reqwest_transport;
mod reused;
mod revoking;
mod rooms;
mod secrets;
mod slow;
#[cfg(feature = "tracing")]
mod spans;
mod streams;
#[cfg(feature = "tracing")]
mod task_spans;
mod trust;
mod tunnel_faults;
mod ureq_transport;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use wx_client::{Batch, Health};
use wx_emulator::{Emulator, Request};
use wx_proto::flow::{ListedRooms, LoginState, Progress};
use wx_proto::{
    Attachment, Avatar, Contact, Error, Fetched, ImageVariant, InlineContent, Message, MsgId,
    Policy, Recipient, Sent, Session, Site, Uploaded, UserName,
};
use wx_testing::samples::TINY_JPEG;

pub(crate) use acknowledgement::*;
pub(crate) use avatars::*;
pub(crate) use faults::*;
pub(crate) use files::*;
pub(crate) use forwarding::*;
pub(crate) use kept_login::*;
pub(crate) use lasting::*;
pub(crate) use life::*;
pub(crate) use network::*;
pub(crate) use odd_bytes::*;
pub(crate) use outbound::*;
pub(crate) use outbox::*;
pub(crate) use outbox_keys::*;
pub(crate) use outbox_whole::*;
pub(crate) use pace::*;
pub(crate) use place::{Server, friend, session};
pub(crate) use recordings::*;
pub(crate) use reused::*;
pub(crate) use revoking::*;
pub(crate) use rooms::*;
pub(crate) use secrets::*;
pub(crate) use slow::*;
#[cfg(feature = "tracing")]
pub(crate) use spans::*;
pub(crate) use streams::*;
pub(crate) use trust::*;

/// A client under test.
pub(crate) trait Transport {
    /// The module of this client's tests, for tests that run themselves again in a child process.
    const TESTS: &str;
    /// Whether the HTTP client decompresses replies that it should not decompress.
    const DECODES: bool = false;
    /// Whether connections are reused.
    const KEEPS: bool = true;
    /// Whether the HTTP client can distinguish a reply that was truncated in its head from no
    /// reply.
    const SEES_HALF_A_HEAD: bool = false;
    /// Creates a client. With `proxy`, the HTTP client's other settings are as unsuitable as
    /// possible.
    fn new(session: Session, policy: Policy, proxy: Option<&str>) -> Self;
    fn paced(session: Session, pace: Duration) -> Self;
    /// Clones the client.
    fn clone_client(&self) -> Self;
    fn send(
        &self,
        to: &Recipient,
        image: Vec<u8>,
        observed: impl FnMut(&Progress) + Send,
    ) -> Result<Sent, Error>;
    fn send_any(&self, to: &Recipient, content: OutboundBytes) -> Result<Sent, Error>;
    fn send_once_any(
        &self,
        outbox: &wx_client::outbox::Outbox,
        key: &str,
        to: &Recipient,
        content: OutboundBytes,
    ) -> Result<Sent, Error>;
    fn upload(&self, to: &Recipient, image: Vec<u8>) -> Result<Uploaded, Error>;
    fn send_uploaded(&self, to: &Recipient, uploaded: &Uploaded) -> Result<Sent, Error>;
    fn revoke(&self, sent: &Sent, to: &Recipient) -> Result<(), Error>;
    fn mark_read(&self, whom: &UserName) -> Result<(), Error>;
    fn send_once(
        &self,
        outbox: &wx_client::outbox::Outbox,
        key: &str,
        to: &Recipient,
        image: Vec<u8>,
    ) -> Result<Sent, Error>;
    fn fetch(&self, id: &MsgId, size: ImageVariant, into: FetchInto<'_>) -> Result<Fetched, Error>;
    /// Fetches the media of a message.
    fn fetch_attachment(
        &self,
        attachment: &Attachment,
        into: FetchInto<'_>,
    ) -> Result<Fetched, Error>;
    fn fetch_avatar(&self, avatar: &Avatar, into: FetchInto<'_>) -> Result<Option<Fetched>, Error>;
    /// Logs in with a QR code, or with a prompt on the phone after an earlier login.
    fn login(
        from: LoginFrom,
        policy: Policy,
        show: impl FnMut(&LoginState) + Send,
    ) -> Result<Self, NoLogin>
    where
        Self: Sized;
    fn session(&self) -> Session;
    fn restore(&self) -> Result<(), Error>;
    fn contacts(&self) -> Result<Vec<Contact>, Error>;
    /// Lists all rooms, or those with these names.
    fn rooms(&self, named: Option<Vec<UserName>>) -> Result<ListedRooms, Error>;
    fn logout(&self) -> Result<(), Error>;
    /// Returns the next batches of messages, up to this number of batches, and acknowledges them.
    fn batches(&self, max_batches: usize) -> Vec<Result<Vec<Message>, Error>> {
        self.batches_and_syncs(max_batches, |_| {})
    }
    /// Like `batches`. Calls `synced` after each webwxsync without messages.
    fn batches_and_syncs(
        &self,
        max_batches: usize,
        synced: impl FnMut(&Session) + Send,
    ) -> Vec<Result<Vec<Message>, Error>>;
    /// Returns the next batch of messages, which is not acknowledged.
    fn next_batch(&self) -> Batch;
    fn debug(&self) -> String;
    fn health(&self) -> Health;
}

/// The content of a message: a text, other content without an upload, or the name and the bytes of
/// a file.
pub(crate) enum OutboundBytes {
    Text(&'static str),
    Inline(InlineContent),
    File(&'static str, Vec<u8>),
}

impl From<&'static str> for OutboundBytes {
    fn from(text: &'static str) -> Self {
        Self::Text(text)
    }
}

/// Acknowledges a batch, and returns its messages.
pub(crate) fn handled(mut batch: Batch) -> Vec<Message> {
    let messages = batch.take_messages();
    batch.acknowledge();
    messages
}

/// A sink.
pub(crate) enum FetchInto<'a> {
    Path(PathBuf),
    Vec(&'a mut Vec<u8>),
    Writer(&'a mut Vec<u8>),
    /// Not a sink: the media is read as a stream, and the bytes are added.
    Stream(&'a mut Vec<u8>),
}

/// The start of a login: a page, or an earlier login.
pub(crate) enum LoginFrom {
    Code(Site),
    Push(Session),
}

/// The error of a login, and the session if the server had already granted the login.
#[derive(Debug)]
pub(crate) struct NoLogin {
    pub(crate) error: Error,
    pub(crate) session: Option<Session>,
}

pub(crate) fn policy() -> Policy {
    let mut policy = Policy::default().with_stall(Duration::from_secs(5));
    policy.message_wait = Duration::from_millis(20);
    policy.back_off = Duration::from_millis(5);
    policy
}

pub(crate) fn small() -> Vec<u8> {
    TINY_JPEG.to_vec()
}

/// Returns a JPEG of three chunks. Decoders ignore the bytes after its end marker.
pub(crate) fn large() -> Vec<u8> {
    static LARGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut image = small();
        image.extend((0..1_200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
        image
    });
    LARGE.clone()
}

pub(crate) fn server(faults: &[&str]) -> Server {
    let builder = Emulator::builder();
    place::start(
        faults.iter().fold(builder, |builder, fault| builder.fault(fault.parse().unwrap())),
    )
}

fn client<T: Transport>(server: &Server) -> T {
    T::new(session(server), policy(), None)
}

/// An address on which no server listens.
const UNREACHABLE: &str = "http://127.0.0.1:1";

fn quiet(_: &Progress) {}

/// Returns a session file for a server that is not an emulator.
fn json_at(address: &str) -> String {
    let template = Emulator::start().unwrap();
    template.session_json().replace(&template.addr().to_string(), address)
}

/// Returns a client with unsuitable settings, for a server that is not an emulator.
fn client_at<T: Transport>(address: &str, policy: Policy) -> T {
    T::new(Session::from_json_allow_loopback(json_at(address)).unwrap(), policy, Some(UNREACHABLE))
}

pub(crate) fn images_arrive_byte_for_byte<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    for image in [small(), large()] {
        let sent = client.send(&friend(&server), image.clone(), quiet).unwrap();
        let message = server.messages().pop().unwrap();
        assert!(message.media == image, "other bytes arrived");
        let sent = (sent.uploaded.as_ref().unwrap().md5.to_string(), sent.msg_id.to_string());
        assert_eq!((message.md5, message.msg_id), sent);
    }
    assert_eq!(server.requests_to("webwxuploadmedia"), 1 + 3);
    assert_eq!(server.violations(), Vec::<String>::new());
}

pub(crate) fn fan_out<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    let uploaded = client.upload(&friend(&server), large()).unwrap();
    for to in [server.friend(), server.second_friend()] {
        client.send_uploaded(&Recipient::new(to).unwrap(), &uploaded).unwrap();
    }
    let recipients: Vec<_> = server.messages().into_iter().map(|message| message.to).collect();
    assert_eq!(recipients, [server.friend(), server.second_friend()]);
    assert_eq!(server.requests_to("webwxuploadmedia"), 3);
}

pub(crate) fn fetches_into_every_sink<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    let image = large();
    let id = client.send(&friend(&server), image.clone(), quiet).unwrap().msg_id;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copy.jpg");

    let (mut vec, mut written, mut read) = (b"from before".to_vec(), Vec::new(), Vec::new());
    client.fetch(&id, ImageVariant::Original, FetchInto::Stream(&mut read)).unwrap();
    client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut vec)).unwrap();
    client.fetch(&id, ImageVariant::Original, FetchInto::Writer(&mut written)).unwrap();
    client.fetch(&id, ImageVariant::Original, FetchInto::Path(path.clone())).unwrap();
    assert!(read == image && vec == image && written == image);
    assert!(std::fs::read(&path).unwrap() == image);

    let thumb = client.fetch(&id, ImageVariant::Thumbnail, FetchInto::Path(path.clone())).unwrap();
    let on_disk = std::fs::read(&path).unwrap();
    assert!(on_disk.len() as u64 == thumb.bytes && on_disk != image && !on_disk.is_empty());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// Both clients are compared with the same literals, so their requests are the same.
pub(crate) fn headers_on_the_wire<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    let id = client.send(&friend(&server), small(), quiet).unwrap().msg_id;
    client.fetch(&id, ImageVariant::Original, FetchInto::Vec(&mut Vec::new())).unwrap();

    let post =
        "accept accept-encoding content-length content-type cookie host origin referer user-agent";
    let get = "accept accept-encoding cookie host referer user-agent";
    let base = server.base();
    let home = format!("{base}/?lang=zh_CN");
    let json = "application/json;charset=UTF-8";
    let image = "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
    for (endpoint, names, accept, referer, content_type) in [
        (
            "webwxuploadmedia",
            post,
            "*/*",
            &format!("{base}/"),
            Some("multipart/form-data; boundary=----WebKitFormBoundary"),
        ),
        ("webwxsendmsgimg", post, "application/json, text/plain, */*", &home, Some(json)),
        ("webwxgetmsgimg", get, image, &home, None),
    ] {
        let request =
            server.requests().into_iter().find(|request| request.endpoint == endpoint).unwrap();
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        assert_eq!(names_of(&request), names, "{endpoint}");
        assert_eq!(header("accept"), accept);
        assert_eq!(header("accept-encoding"), "identity");
        assert_eq!(&header("referer"), referer);
        assert_eq!(format!("http://{}", header("host")), base);
        assert!(header("user-agent").starts_with("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"));
        assert!(header("cookie").contains("webwx_data_ticket="));
        if let Some(content_type) = content_type {
            assert!(header("content-type").starts_with(content_type), "{endpoint}");
            assert_eq!(header("content-length"), request.body_len.to_string());
            assert_eq!(header("origin"), base);
        }
        // The client has not changed the core's encoding of the query.
        assert!(!request.target.contains(['@', '+', ' ']), "{endpoint}");
    }
}

/// Returns the names of all headers except for `connection`, which only concerns one connection.
fn names_of(request: &Request) -> String {
    let mut names: Vec<_> =
        request.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    names.retain(|name| name != "connection");
    names.sort_unstable();
    names.join(" ")
}

pub(crate) fn progress_is_reported_in_time<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    let mut observed = Vec::new();
    let before_the_message = |progress: &Progress| {
        if progress.in_doubt && !observed.contains(&server.requests_to("webwxsendmsgimg")) {
            observed.push(server.requests_to("webwxsendmsgimg"));
        }
    };
    client.send(&friend(&server), small(), before_the_message).unwrap();
    assert_eq!(observed.first(), Some(&0), "in_doubt was reported after the message had left");
}
