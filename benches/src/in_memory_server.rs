//! An in-memory server for measuring the cost of the core alone. The image is in memory, and every
//! reply is immediate and successful.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use wx_proto::flow::{Action, Fetch, FetchImage, Flow, Input, SendMessage};
use wx_proto::http::Response;
use wx_proto::{
    Attachment, CookieJar, HostRole, Hosts, ImageVariant, Media, MediaKind, MsgId, Policy,
    Recipient, Seed, Session, UnixMs,
};

use crate::alloc::Tally;

/// The length of a chunk in bytes.
pub const CHUNK: usize = 512 * 1024;
/// The length of the measured image in bytes.
pub const LEN: usize = 20 * 1024 * 1024;

const SEED: Seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [7; 16] };

/// Returns a session whose values are as long as real ones.
#[must_use]
pub fn session() -> Session {
    let text = |len| "k".repeat(len);
    let hosts = Hosts::from_base("https://wx.qq.com").expect("a valid host");
    let mut jar = CookieJar::default();
    for name in ["wxuin", "wxsid", "wxloadtime", "mm_lang", "webwx_auth_ticket", "webwxuvid"] {
        jar.store(
            &format!("{name}={}; Domain=wx.qq.com; Path=/", text(40)),
            &hosts.origin(HostRole::Base),
            UnixMs::EPOCH,
        );
    }
    let builder =
        Session::builder("https://wx.qq.com").uin(1_234_567_890).sid(text(16)).skey(text(44));
    let builder = builder.user_name(&format!("@{}", text(64))).pass_ticket(text(130)).cookies(jar);
    builder.data_ticket(text(50)).build().expect("a valid session")
}

/// The first bytes of a JPEG: SOI and two comments.
pub const SOI: [u8; 22] = *b"\xff\xd8\xff\xfe\0\x02\xff\xfe\0\x0ean image....";

/// The length of the measured video in bytes: the longest one that is sent.
pub const VIDEO: usize = LEN - 1;

/// The first bytes of an MP4: its brands, and the beginning of its data.
pub const FTYP: [u8; 32] = *b"\0\0\0\x18ftypmp42\0\0\0\0isommp42\0\0\0\0mdat";

/// Returns an image of `len` bytes.
#[must_use]
pub fn image(len: usize) -> Bytes {
    media(&SOI, len)
}

/// Returns the measured video.
#[must_use]
pub fn video() -> Bytes {
    media(&FTYP, VIDEO)
}

fn media(first: &[u8], len: usize) -> Bytes {
    let mut bytes = vec![0x5a; len];
    bytes[..first.len()].copy_from_slice(first);
    bytes.into()
}

/// Returns the description of an image of `len` bytes that begins with `first`.
///
/// # Panics
///
/// Panics if such an image cannot be sent.
#[must_use]
pub fn form(first: &[u8], len: u64) -> Media {
    Media::new("holiday.jpg", len, &first[..64]).expect("an image")
}

/// Returns the description of a video.
///
/// # Panics
///
/// Panics if it cannot be sent as one.
#[must_use]
pub fn video_form(video: &[u8]) -> Media {
    let media = Media::new("holiday.mp4", video.len() as u64, &video[..64]);
    media.and_then(|media| media.sent_as(MediaKind::Video)).expect("a video")
}

/// Returns the job that sends an image or a video.
#[must_use]
pub fn send(session: &Session, form: Media) -> SendMessage {
    let to = Recipient::new(format!("@{}", "a".repeat(64))).expect("a name");
    SendMessage::media(session, form, to, SEED, policy()).expect("a session that can send")
}

/// Returns a policy without limits.
fn policy() -> Policy {
    let mut policy = Policy::default();
    (policy.max_upload, policy.check_above, policy.max_fetch) = (u64::MAX, u64::MAX, u64::MAX);
    policy
}

/// Returns the job that fetches an image.
#[must_use]
pub fn fetch(session: &Session) -> FetchImage {
    let id = MsgId::new("4512345678901234567").expect("an id");
    FetchImage::new(session, id, ImageVariant::Original, true, SEED, policy()).expect("a session")
}

/// Returns the job that fetches a video.
#[must_use]
pub fn fetch_video(session: &Session) -> Fetch {
    let video = Attachment::video(MsgId::new("4512345678901234567").expect("an id"));
    Fetch::new(session, video, true, SEED, policy()).expect("a session")
}

/// Returns a reply that accepts either a chunk or a message.
#[must_use]
pub fn accepted(len: u64) -> Response<Bytes> {
    let text = format!(
        r#"{{"BaseResponse":{{"Ret":0,"ErrMsg":""}},"MediaId":"@crypt_{}","StartPos":{len},"CDNThumbImgHeight":100,"CDNThumbImgWidth":75,"MsgID":"4512345678901234567","LocalID":"15114939427950123","EncryFileName":"holiday%2Ejpg"}}"#,
        "m".repeat(500)
    );
    Response::builder().header("content-type", "text/plain").body(text.into()).unwrap_or_default()
}

/// A reply to `webwxcheckupload`: the server does not have the file.
pub const CHECKED: &str =
    r#"{"BaseResponse":{"Ret":0,"ErrMsg":""},"MediaId":"","Signature":"s","AESKey":"a"}"#;

/// Returns the reply to a fetch.
#[must_use]
pub fn image_reply(image: &Bytes) -> Response<Bytes> {
    let head = Response::builder().header("content-length", image.len());
    head.body(image.clone()).unwrap_or_default()
}

/// Returns the reply to a fetch of a video, which has the range of all bytes.
#[must_use]
pub fn video_reply(video: &Bytes) -> Response<Bytes> {
    let len = video.len();
    let head = Response::builder().status(206).header("content-length", len);
    let head = head.header("content-range", range(len));
    head.body(video.clone()).unwrap_or_default()
}

/// Returns the `Content-Range` of all bytes.
#[must_use]
pub fn range(len: usize) -> String {
    format!("bytes 0-{}/{len}", len - 1)
}

/// Serves a flow, and records the cost.
#[derive(Debug)]
pub struct InMemoryServer {
    /// The image, or a chunk that is used for every part of it.
    pub source: Bytes,
    /// The length of the whole image in bytes.
    pub len: u64,
    /// The allocations of the core before each request and after the last one.
    pub allocations: Vec<Tally>,
    /// The time at which each request was handed out.
    pub sent: Vec<std::time::Instant>,
    /// The session that the flow borrows.
    pub session: Session,
    /// The number of image bytes that were handed out without a copy.
    pub uncopied: u64,
}

impl InMemoryServer {
    /// Creates a server for an image of `len` bytes. `source` is the whole image, or one chunk of
    /// it.
    #[must_use]
    pub fn new(source: &Bytes, len: u64) -> Self {
        let requests = usize::try_from(len).unwrap_or_default() / CHUNK + 10;
        Self {
            source: source.clone(),
            len,
            allocations: Vec::with_capacity(requests),
            sent: Vec::with_capacity(requests),
            session: session(),
            uncopied: 0,
        }
    }

    fn read(&self, start: u64, end: u64) -> Bytes {
        let len = end.min(self.len) - start;
        let start = start % self.source.len() as u64;
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        self.source.slice(at(start)..at(start + len))
    }

    fn uncopied_len(&self, bytes: &Bytes) -> u64 {
        let inside = self.source.as_ptr_range().contains(&bytes.as_ptr());
        if inside { bytes.len() as u64 } else { 0 }
    }

    /// Runs a flow to its end.
    ///
    /// # Panics
    ///
    /// Panics if the flow waits or refuses a reply.
    pub fn run<F: Flow>(&mut self, flow: &mut F, answer: &Response<Bytes>) -> F::Output {
        let mut body = Bytes::new();
        let mut spent = Tally::default();
        let count = |spent: &mut Tally, before: Tally| {
            let cost = Tally::now() - before;
            (spent.blocks, spent.bytes) = (spent.blocks + cost.blocks, spent.bytes + cost.bytes);
        };
        loop {
            let before = Tally::now();
            let action = flow.poll(&mut self.session, Duration::ZERO);
            count(&mut spent, before);
            let input = match action {
                Action::Done(output) => {
                    self.allocations.push(spent);
                    return output;
                }
                Action::Read(span) => Input::Read(self.read(span.start, span.end)),
                Action::Send(id, request) => {
                    self.allocations.push(std::mem::take(&mut spent));
                    self.sent.push(std::time::Instant::now());
                    let segments = request.http().body().segments();
                    self.uncopied +=
                        segments.iter().map(|segment| self.uncopied_len(segment)).sum::<u64>();
                    let (head, bytes) = answer.clone().into_parts();
                    body = bytes;
                    Input::Head(id, head)
                }
                Action::Receive(id) if body.is_empty() => Input::End(id),
                Action::Receive(id) => Input::Body(id, body.split_to(body.len().min(64 * 1024))),
                Action::Write(_, bytes) => {
                    self.uncopied += self.uncopied_len(&bytes);
                    black_box(bytes);
                    Input::Written
                }
                Action::Save(_) | Action::Wait(_) => {
                    unreachable!("the flow saves nothing, and nothing fails")
                }
            };
            let before = Tally::now();
            flow.handle(input, Duration::ZERO).expect("the input answers the action");
            count(&mut spent, before);
        }
    }
}
