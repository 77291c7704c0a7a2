//! Hand-written loops for a single image, video or file. They compute the same digest and send the
//! same bytes, but prepare their requests in advance and ignore the replies.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use md5::{Digest, Md5};
use tokio::io::AsyncWriteExt;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::check_upload::{CheckUpload, UploadCheck};
use wx_proto::endpoint::get_media::GetMedia;
use wx_proto::endpoint::get_msg_img::GetMsgImg;
use wx_proto::endpoint::get_video::GetVideo;
use wx_proto::endpoint::send_msg::SendMsg;
use wx_proto::endpoint::upload_media::UploadMedia;
use wx_proto::http::request::Parts;
use wx_proto::http::{Request, Response};
use wx_proto::{
    ApiRequest, Attachment, AttachmentKind, Body, ImageVariant, Media, MediaId, MediaKind, Seed,
    Session, UnixMs,
};

use super::Load;
use crate::in_memory_server::{CHECKED, CHUNK, FTYP, SOI};

/// All requests of a send and a fetch, without the image.
#[derive(Debug)]
pub struct Prepared {
    /// For each chunk, the request head and the bytes of the body before and after the chunk.
    chunks: Vec<(Parts, Bytes, Bytes)>,
    /// The check before the upload of a file.
    check: Option<(Parts, Bytes)>,
    message: (Parts, Bytes),
    fetch: Parts,
}

const SEED: Seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [7; 16] };

/// Returns an agent with default settings.
#[must_use]
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().into()
}

/// Returns a client with default settings.
///
/// # Panics
///
/// Panics if the client cannot be created.
#[must_use]
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().http1_only().build().expect("a client")
}

impl Prepared {
    /// Prepares the requests of a load.
    #[must_use]
    pub fn new(session: &Session, load: Load) -> Self {
        let len = load.sent;
        let (name, first) = match load.kind {
            MediaKind::Video => ("video.mp4", &FTYP[..]),
            _ => ("image.jpg", &SOI[..]),
        };
        let media = Media::new(name, len as u64, first)
            .and_then(|media| media.sent_as(load.kind))
            .expect("media");
        let md5 = wx_proto::Md5::from([0; 16]);
        let whole = |request: ApiRequest| {
            let (head, body) = request.into_http().into_parts();
            (head, body.into_iter().next().unwrap_or_default())
        };
        let check = (load.kind == MediaKind::File).then(|| {
            let check = CheckUpload::new(&media, md5, super::to(), SEED);
            whole(check.request(session).expect("a request"))
        });
        let mut upload = UploadMedia::new(media, md5, super::to(), SEED);
        if check.is_some() {
            let reply = Response::new(CHECKED.into());
            if let Ok(UploadCheck::Unknown(ticket)) = CheckUpload::read(&reply) {
                upload = upload.ticket(ticket);
            }
        }
        let split = |body: Body| {
            let mut segments = body.into_iter();
            let mut next = || segments.next().unwrap_or_default();
            (next(), next(), next())
        };
        let chunks = (0..upload.chunks()).map(|index| {
            let at = index as usize * CHUNK;
            let bytes = Bytes::from(vec![0; CHUNK.min(len - at)]);
            let request =
                upload.chunk(index, bytes).request(session).expect("a request").into_http();
            let (head, body) = request.into_parts();
            let (before, _, after) = split(body);
            (head, before, after)
        });
        let chunks = chunks.collect();
        let media_id = MediaId::new("@crypt").expect("an id");
        let message = match load.kind {
            MediaKind::File => SendMsg::file(media_id, name, len as u64, super::to(), SEED),
            MediaKind::Video => SendMsg::video(media_id, super::to(), SEED),
            _ => SendMsg::image(media_id, super::to(), SEED),
        };
        let message = whole(message.request(session).expect("a request"));
        let fetch = match load.attachment() {
            Attachment { kind: AttachmentKind::File(file), .. } => {
                GetMedia::new(file, SEED).request(session)
            }
            Attachment { kind: AttachmentKind::Video, msg_id, .. } => {
                GetVideo::new(msg_id, SEED).request(session)
            }
            Attachment { msg_id, .. } => {
                GetMsgImg::new(msg_id, ImageVariant::Original, SEED).request(session)
            }
        };
        let (fetch, _) = whole(fetch.expect("a request"));
        Self { chunks, check, message, fetch }
    }

    /// Sends a file with ureq.
    ///
    /// # Panics
    ///
    /// Panics if a request fails.
    pub fn send_ureq(&self, agent: &ureq::Agent, file: &Path) {
        let mut file = File::open(file).expect("a file");
        let mut memory = Vec::new();
        let buffer = aligned(&mut memory, CHUNK);
        let mut md5 = Md5::new();
        loop {
            match fill(&mut file, buffer).expect("readable") {
                0 => break,
                len => md5.update(&buffer[..len]),
            }
        }
        std::hint::black_box(md5.finalize());
        file.seek(SeekFrom::Start(0)).expect("seekable");
        if let Some((head, body)) = &self.check {
            post(agent, head, Pieces([body, &[], &[]]));
        }
        for (head, before, after) in &self.chunks {
            let len = fill(&mut file, buffer).expect("readable");
            post(agent, head, Pieces([before, &buffer[..len], after]));
        }
        let (head, body) = &self.message;
        post(agent, head, Pieces([body, &[], &[]]));
    }

    /// Sends a file with reqwest. The file is read on a thread for blocking work.
    ///
    /// # Panics
    ///
    /// Panics if a request fails.
    pub async fn send_reqwest(&self, client: &reqwest::Client, file: &Path) {
        let path = file.to_owned();
        let mut file = blocking(move || File::open(path)).await;
        let mut md5 = Md5::new();
        for _ in &self.chunks {
            let bytes;
            (file, bytes) = blocking(move || chunk(file)).await;
            md5.update(&bytes);
        }
        std::hint::black_box(md5.finalize());
        file = blocking(move || file.seek(SeekFrom::Start(0)).map(|_| file)).await;
        if let Some((head, body)) = &self.check {
            post_async(client, head, [body.clone(), Bytes::new(), Bytes::new()]).await;
        }
        for (head, before, after) in &self.chunks {
            let bytes;
            (file, bytes) = blocking(move || chunk(file)).await;
            post_async(client, head, [before.clone(), bytes, after.clone()]).await;
        }
        let (head, body) = &self.message;
        post_async(client, head, [body.clone(), Bytes::new(), Bytes::new()]).await;
    }

    /// Sends an image in memory with reqwest.
    ///
    /// # Panics
    ///
    /// Panics if a request fails.
    pub async fn send_memory(&self, client: &reqwest::Client, image: &Bytes) {
        std::hint::black_box(Md5::digest(image));
        for (index, (head, before, after)) in self.chunks.iter().enumerate() {
            let bytes = image.slice(index * CHUNK..image.len().min((index + 1) * CHUNK));
            post_async(client, head, [before.clone(), bytes, after.clone()]).await;
        }
        let (head, body) = &self.message;
        post_async(client, head, [body.clone(), Bytes::new(), Bytes::new()]).await;
    }

    /// Fetches to a file with ureq, and computes the digest.
    ///
    /// # Panics
    ///
    /// Panics if a request fails.
    pub fn fetch_ureq(&self, agent: &ureq::Agent, out: &Path) {
        let reply = agent.run(Request::from_parts(self.fetch.clone(), ())).expect("a reply");
        let mut reader = reply.into_body().into_reader();
        let partial = out.with_extension("part");
        let mut file = File::create(&partial).expect("a file");
        let mut md5 = Md5::new();
        let mut memory = Vec::new();
        let buffer = aligned(&mut memory, 64 * 1024);
        loop {
            match reader.read(buffer).expect("a reply") {
                0 => break,
                len => {
                    md5.update(&buffer[..len]);
                    file.write_all(&buffer[..len]).expect("writable");
                }
            }
        }
        std::hint::black_box(md5.finalize());
        file.sync_all().expect("writable");
        std::fs::rename(partial, out).expect("renamed");
    }

    /// Fetches to a file with reqwest, and computes the digest.
    ///
    /// # Panics
    ///
    /// Panics if a request fails.
    pub async fn fetch_reqwest(&self, client: &reqwest::Client, out: &Path) {
        let request = Request::from_parts(self.fetch.clone(), reqwest::Body::from(""));
        let request = reqwest::Request::try_from(request).expect("a request");
        let mut reply = client.execute(request).await.expect("a reply");
        let partial = out.with_extension("part");
        let mut file = tokio::fs::File::create(&partial).await.expect("a file");
        let mut md5 = Md5::new();
        while let Some(piece) = reply.chunk().await.expect("a reply") {
            md5.update(&piece);
            file.write_all(&piece).await.expect("writable");
        }
        std::hint::black_box(md5.finalize());
        file.sync_all().await.expect("writable");
        tokio::fs::rename(partial, out).await.expect("renamed");
    }
}

/// Returns a page-aligned buffer, like those of the clients. At other addresses, some CPUs copy at
/// a third of the speed, which would make the ratio random.
fn aligned(memory: &mut Vec<u8>, len: usize) -> &mut [u8] {
    memory.resize(len + 4096, 0);
    let at = memory.as_ptr().align_offset(4096);
    &mut memory[at..at + len]
}

fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            len => filled += len,
        }
    }
    Ok(filled)
}

/// A reader over three consecutive pieces.
struct Pieces<'a>([&'a [u8]; 3]);

impl Read for Pieces<'_> {
    fn read(&mut self, mut out: &mut [u8]) -> io::Result<usize> {
        let space = out.len();
        for piece in &mut self.0 {
            let (now, later) = piece.split_at(piece.len().min(out.len()));
            let (filled, rest) = out.split_at_mut(now.len());
            filled.copy_from_slice(now);
            (*piece, out) = (later, rest);
        }
        Ok(space - out.len())
    }
}

fn post(agent: &ureq::Agent, head: &Parts, mut body: Pieces<'_>) {
    let request = Request::from_parts(head.clone(), ureq::SendBody::from_reader(&mut body));
    let reply = agent.run(request).expect("a reply");
    reply.into_body().read_to_vec().expect("a reply");
}

/// A body of three frames.
struct Frames {
    pieces: std::array::IntoIter<Bytes, 3>,
    left: u64,
}

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = self.pieces.find(|piece| !piece.is_empty());
        self.left -= next.as_ref().map_or(0, |piece| piece.len() as u64);
        Poll::Ready(next.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

async fn post_async(client: &reqwest::Client, head: &Parts, pieces: [Bytes; 3]) {
    let left = pieces.iter().map(|piece| piece.len() as u64).sum();
    let body = reqwest::Body::wrap(Frames { pieces: pieces.into_iter(), left });
    let request =
        reqwest::Request::try_from(Request::from_parts(head.clone(), body)).expect("a request");
    client.execute(request).await.expect("a reply").bytes().await.expect("a reply");
}

async fn blocking<T: Send + 'static>(read: impl FnOnce() -> io::Result<T> + Send + 'static) -> T {
    tokio::task::spawn_blocking(read).await.expect("no panic").expect("readable")
}

fn chunk(mut file: File) -> io::Result<(File, Bytes)> {
    let mut bytes = Vec::with_capacity(CHUNK);
    (&mut file).take(CHUNK as u64).read_to_end(&mut bytes)?;
    Ok((file, bytes.into()))
}
