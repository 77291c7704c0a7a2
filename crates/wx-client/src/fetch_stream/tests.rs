use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use wx_proto::flow::{TransportError, TransportErrorKind};
use wx_proto::http::Response;
use wx_proto::http::response::Parts;
use wx_proto::{
    ApiRequest, ErrorKind, ImageVariant, Md5, MsgId, Policy, ReplyError, Session, Site,
};

use super::*;
use crate::BuildError;
use crate::blocking::{Sink, Source};

/// A server in memory, which replies to each request with an image in pieces. It counts the pieces
/// that are in use.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<State>>);

#[derive(Clone, Copy, Default)]
struct State {
    /// The number of pieces of each reply, and how many of them arrive.
    pieces: usize,
    arriving: usize,
    requests: usize,
    open_replies: usize,
    received: usize,
    pieces_in_use: usize,
    most_in_use: usize,
}

const PIECE: usize = 64 * 1024;

impl Server {
    fn new(pieces: usize, arriving: usize) -> Self {
        Self(Arc::new(Mutex::new(State { pieces, arriving, ..State::default() })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Returns a copy of the current state.
    fn state(&self) -> State {
        *self.lock()
    }

    fn client(&self) -> Client<Self> {
        let session = Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k");
        let session = session.user_name("@me").build().unwrap();
        let mut policy = Policy::default();
        policy.back_off = Duration::ZERO;
        Client::builder(session).policy(policy).http(self).build().unwrap()
    }

    fn stream(&self) -> FetchStream<'static, Self> {
        let id = MsgId::new("7").unwrap();
        self.client().fetch_stream(&Attachment::image(id, ImageVariant::Original))
    }
}

/// Returns the bytes of a piece. The first piece begins like a GIF.
fn piece(number: usize) -> Vec<u8> {
    let mut bytes = vec![u8::try_from(number % 251).unwrap(); PIECE];
    if number == 0 {
        bytes[..13].copy_from_slice(b"GIF89a\x01\0\x01\0\0\0\0");
    }
    bytes
}

/// A piece that is in use.
struct CountedPiece(Vec<u8>, Server);

impl AsRef<[u8]> for CountedPiece {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for CountedPiece {
    fn drop(&mut self) {
        self.1.lock().pieces_in_use -= 1;
    }
}

struct Reply {
    server: Server,
    next: usize,
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.server.lock().open_replies -= 1;
    }
}

impl Transport for Server {
    type Source = Source;
    type Sink<'a> = Sink<'a>;
    type Reply = Reply;

    fn for_site(_: &Site) -> Result<Self, BuildError> {
        Ok(Self::default())
    }

    fn is_for_loopback(&self) -> bool {
        false
    }

    async fn send(&self, _: ApiRequest, _: &CancelToken) -> Result<(Parts, Reply), TransportError> {
        let mut state = self.lock();
        (state.requests, state.open_replies) = (state.requests + 1, state.open_replies + 1);
        let head = Response::builder().header("content-length", state.pieces * PIECE);
        let head = head.body(()).unwrap().into_parts().0;
        Ok((head, Reply { server: self.clone(), next: 0 }))
    }

    async fn receive(reply: &mut Reply) -> Result<Option<Bytes>, TransportError> {
        let (number, server) = (reply.next, reply.server.clone());
        reply.next += 1;
        let mut state = server.lock();
        if number >= state.pieces {
            return Ok(None);
        }
        if number >= state.arriving {
            return Err(TransportError::on_the_way(TransportErrorKind::Dropped));
        }
        state.received += 1;
        state.pieces_in_use += 1;
        state.most_in_use = state.most_in_use.max(state.pieces_in_use);
        drop(state);
        Ok(Some(Bytes::from_owner(CountedPiece(piece(number), server))))
    }

    async fn sleep(_: Duration, _: &CancelToken) {}

    async fn unblock<T: Send + 'static>(
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        work()
    }
}

impl BlockingTransport for Server {}
impl AsyncTransport for Server {}

fn next(media: &mut FetchStream<'_, Server>) -> Option<Result<Bytes, Error>> {
    pollster::block_on(FetchStream::next(media))
}

/// Returns the error that a reader has got.
fn inner(error: io::Error) -> Error {
    error.downcast().unwrap()
}

const MANY: usize = 30;

#[test]
fn one_piece_of_a_long_image_is_in_memory_and_nothing_is_received_in_advance() {
    let server = Server::new(MANY, MANY);
    let mut media = server.stream();
    assert_eq!(server.state().requests, 0, "nothing is requested before it is read");
    for number in 0..MANY {
        let bytes = next(&mut media).unwrap().unwrap();
        assert!(bytes == piece(number), "other bytes");
        assert_eq!(server.state().received, number + 1);
        assert_eq!(media.fetched(), None, "the end is not known yet");
    }
    assert_eq!(server.state().most_in_use, 1);
    assert!(next(&mut media).is_none() && next(&mut media).is_none());
    let fetched = media.fetched().unwrap();
    let all: Vec<_> = (0..MANY).flat_map(piece).collect();
    assert_eq!((fetched.bytes, fetched.md5), (all.len() as u64, Md5::digest(&all)));
    assert!(fetched.format.is_some());
    assert_eq!((server.state().requests, server.state().open_replies), (1, 0));

    // A reader that takes parts of the pieces.
    let server = Server::new(MANY, MANY);
    let (mut media, mut read, mut part) = (server.stream(), 0, [0; 5000]);
    loop {
        let len = media.read(&mut part).unwrap();
        assert!(part[..len] == all[read..read + len], "other bytes");
        read += len;
        assert!(server.state().received * PIECE < read + PIECE);
        if len == 0 {
            break;
        }
    }
    assert_eq!((read, media.read(&mut part).unwrap()), (all.len(), 0));
    assert_eq!((server.state().most_in_use, media.fetched().unwrap().bytes), (1, read as u64));
}

#[test]
fn an_interrupted_stream_ends_in_an_error_and_stays_ended() {
    let server = Server::new(3, 2);
    let mut bytes = Vec::new();
    let mut media = server.stream();
    let error = inner(media.read_to_end(&mut bytes).unwrap_err());
    assert!(matches!(error.kind, ErrorKind::Network { .. }), "{error:?}");
    assert!(bytes == [piece(0), piece(1)].concat());
    // It must not look like the end of the media later.
    assert_eq!(inner(media.read(&mut [0; 9]).unwrap_err()), error);
    assert_eq!((media.fetched(), server.state().requests), (None, 1), "it was not restarted");

    let mut media = server.stream();
    let results = [next(&mut media), next(&mut media), next(&mut media), next(&mut media)];
    assert!(matches!(&results[..2], [Some(Ok(_)), Some(Ok(_))]));
    assert_eq!((results[2].as_ref(), results[3].as_ref()), (Some(&Err(error)), None));
    assert!(media.is_terminated());
}

#[test]
fn a_stream_is_retried_until_its_first_byte() {
    let server = Server::new(3, 0);
    let error = next(&mut server.stream()).unwrap().unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Network { tries: 3, .. }), "{error:?}");
    assert_eq!((server.state().requests, server.state().open_replies), (3, 0));
}

#[test]
fn a_limit_a_cancelled_token_and_the_end_of_the_login_end_a_stream_with_an_error() {
    let server = Server::new(3, 3);
    let mut policy = server.client().policy();
    policy.max_fetch = 2 * PIECE as u64;
    let client = Client::builder(server.client().session()).policy(policy).http(&server);
    let image = Attachment::image(MsgId::new("7").unwrap(), ImageVariant::Original);
    let mut media = client.build().unwrap().fetch_stream(&image);
    let error = next(&mut media).unwrap().unwrap_err();
    let limit = 2 * PIECE as u64;
    assert_eq!(error.kind, ErrorKind::Reply(ReplyError::TooLarge { limit }));

    for is_cancelled in [true, false] {
        let (client, token) = (server.client(), CancelToken::new());
        let mut media = client.fetch_stream(&image).cancel(&token);
        assert!(next(&mut media).unwrap().is_ok());
        let expected = match is_cancelled {
            true => {
                token.cancel();
                ErrorKind::Cancelled
            }
            false => {
                client.session_cell().lend(Session::clear_login);
                ErrorKind::LoginChanged
            }
        };
        assert_eq!(next(&mut media).unwrap().unwrap_err().kind, expected);
        assert!(next(&mut media).is_none() && media.fetched().is_none());
        assert_eq!(server.state().open_replies, 0);
    }
}

#[test]
fn a_dropped_stream_ends_its_request_and_options_are_used() {
    let server = Server::new(3, 3);
    let (mut done, mut exchanges, mut requests) = (0, 0, 0);
    let image = Attachment::image(MsgId::new("7").unwrap(), ImageVariant::Original);
    let client = server.client();
    let mut media = client
        .fetch_stream(&image)
        .progress(|progress| done = progress.done)
        .trace(|_| exchanges += 1)
        .on_request(|_| requests += 1);
    assert!(next(&mut media).unwrap().is_ok());
    assert_eq!(server.state().open_replies, 1);
    drop(media);
    assert_eq!((server.state().open_replies, server.state().pieces_in_use), (0, 0));
    assert_eq!((done, exchanges, requests), (PIECE as u64, 1, 1));
}
