//! Embed the core in any runtime: a whole driver over a plain `std::net::TcpStream`, with an HTTP
//! of its own.
//!
//! `cargo run -p wx-proto --example own_loop`: sends a picture to the emulator and fetches it back.
// I/O belongs to the driver.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::disallowed_types)]

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant, SystemTime};

use wx_proto::bytes::Bytes;
use wx_proto::flow::{
    Action, FetchImage, Flow, Input, SendMessage, TransportError, TransportErrorKind,
};
use wx_proto::http::response::{Builder, Parts};
use wx_proto::{
    ApiRequest, ErrorChain, IdSource, ImageVariant, Limits, Media, Policy, Recipient, Seed,
    Session, UnixMs,
};

/// The loop. It obeys: no status check, no JSON, no redirect, no cookie and no repeat is its
/// business, and what its limits are the request says.
fn drive<F: Flow>(
    session: &mut Session,
    flow: &mut F,
    picture: &[u8],
    sink: &mut Vec<u8>,
) -> F::Output {
    let start = Instant::now();
    let mut open: Option<Reply> = None;
    loop {
        let input = match flow.poll(session, start.elapsed()) {
            Action::Done(output) => return output,
            Action::Wait(until) => {
                std::thread::sleep(until.saturating_sub(start.elapsed()));
                continue;
            }
            Action::Read(span) => {
                let [from, to] = [span.start, span.end].map(|at| (at as usize).min(picture.len()));
                Input::Read(Bytes::copy_from_slice(&picture[from..to]))
            }
            Action::Write(at, bytes) => {
                sink.truncate(at as usize);
                sink.extend_from_slice(&bytes);
                Input::Written
            }
            // Only a checkpointed job asks for this: see `SendMessage::checkpointed`.
            Action::Save(_) => Input::Local(io::Error::from(io::ErrorKind::Unsupported).into()),
            Action::Send(id, request) => match send(&request) {
                Ok((head, reply)) => {
                    open = Some(reply);
                    Input::Head(id, head)
                }
                Err(error) => Input::Failed(id, error),
            },
            Action::Receive(id) => match open.as_mut().map(Reply::next) {
                Some(Ok(bytes)) if bytes.is_empty() => Input::End(id),
                Some(Ok(bytes)) => Input::Body(id, bytes),
                Some(Err(error)) => Input::Failed(id, on_the_way(error)),
                // Another driver had it.
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
        };
        flow.handle(input, start.elapsed()).expect("this loop obeys the contract");
    }
}

/// A connection that obeys the time limits of its one request. Storing takes no time in this
/// program; a driver that stores on a disk leaves that time out of its count.
struct Line {
    stream: TcpStream,
    limits: Limits,
    began: Instant,
    body_bytes: u64,
}

impl Line {
    /// How long the next read or write may take.
    fn patience(&self) -> io::Result<Option<Duration>> {
        let left = self.limits.give_up_after(self.body_bytes).saturating_sub(self.began.elapsed());
        match left.min(self.limits.stall) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            patience => Ok(Some(patience)),
        }
    }

    /// A little at a time, so that each piece counts as soon as it has left.
    fn write_body(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(16 * 1024).try_for_each(|piece| {
            self.write_all(piece)?;
            self.body_bytes += piece.len() as u64;
            Ok(())
        })
    }
}

impl Read for Line {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.patience()?)?;
        self.stream.read(room)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.patience()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn on_the_way(error: io::Error) -> TransportError {
    TransportError::on_the_way(match error.kind() {
        // Which of the two a timeout is depends on the platform.
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TransportErrorKind::Stalled,
        io::ErrorKind::InvalidData => TransportErrorKind::Protocol,
        _ => TransportErrorKind::Dropped,
    })
}

/// A connection a request: enough for an example, and always a new one without a proxy. Only what
/// certainly never connected is `Never` delivered.
fn send(request: &ApiRequest) -> Result<(Parts, Reply), TransportError> {
    let (limits, began) = (request.limits(), Instant::now());
    let authority = request.http().uri().authority().expect("an absolute URL").as_str();
    let stream = connect(authority, limits.stall.min(limits.give_up_after(0)))
        .map_err(|_| TransportError::never_connected(TransportErrorKind::Connect))?;
    let mut line = Line { stream, limits, began, body_bytes: 0 };
    write_request(&mut line, authority, request).map_err(on_the_way)?;
    let mut reader = BufReader::new(line);
    loop {
        let head = read_head(&mut reader, limits.max_head).map_err(on_the_way)?;
        // Those announce the reply, and only time ends them.
        if !head.status.is_informational() {
            let left = Left::announced(&head).map_err(on_the_way)?;
            return Ok((head, Reply { reader, left }));
        }
    }
}

fn connect(authority: &str, patience: Duration) -> io::Result<TcpStream> {
    let address = authority.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    TcpStream::connect_timeout(&address, patience)
}

fn write_request(line: &mut Line, authority: &str, request: &ApiRequest) -> io::Result<()> {
    let http = request.http();
    let target = http.uri().path_and_query().expect("a path");
    let mut head = format!(
        "{} {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n",
        http.method()
    )
    .into_bytes();
    for (name, value) in http.headers() {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    line.write_all(&head)?;
    http.body().segments().iter().try_for_each(|segment| line.write_body(segment))
}

/// Reads a head. The flow refuses one above `max_head`; this stops reading a little later.
fn read_head(reader: &mut BufReader<Line>, max_head: usize) -> io::Result<Parts> {
    let mut reader = reader.take(max_head as u64 + 4096);
    let line = read_line(&mut reader)?;
    let mut head = Builder::new().status(line.split(' ').nth(1).ok_or_else(invalid)?);
    loop {
        let line = read_line(&mut reader)?;
        if line.is_empty() {
            return Ok(head.body(()).map_err(|_| invalid())?.into_parts().0);
        }
        let (name, value) = line.split_once(':').ok_or_else(invalid)?;
        head = head.header(name, value.trim());
    }
}

/// Reads a line of a head, or of the framing of a body.
fn read_line(reader: &mut io::Take<impl BufRead>) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    match line.strip_suffix('\n') {
        Some(line) => Ok(line.trim_end().to_owned()),
        None if reader.limit() == 0 => Err(io::ErrorKind::InvalidData.into()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// A reply whose head has arrived.
struct Reply {
    reader: BufReader<Line>,
    left: Left,
}

/// How much of a body is left.
enum Left {
    Bytes(u64),
    /// This much of the current chunk, and further chunks.
    Chunk(u64),
    /// All until the server closes the connection.
    Unknown,
}

impl Left {
    fn announced(head: &Parts) -> io::Result<Self> {
        let value = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        Ok(match (value("transfer-encoding"), value("content-length")) {
            _ if [204, 304].contains(&head.status.as_u16()) => Self::Bytes(0),
            (Some(_), _) => Self::Chunk(0),
            (None, Some(len)) => Self::Bytes(len.parse().map_err(|_| invalid())?),
            (None, None) => Self::Unknown,
        })
    }
}

impl Reply {
    /// Returns the next piece of the body, which is empty at its end.
    fn next(&mut self) -> io::Result<Bytes> {
        if let Left::Chunk(0) = self.left {
            let mut lines = (&mut self.reader).take(LONGEST_FRAMING);
            let size = read_line(&mut lines)?;
            let size = size.split(';').next().unwrap_or_default().trim();
            self.left = Left::Chunk(u64::from_str_radix(size, 16).map_err(|_| invalid())?);
            if let Left::Chunk(0) = self.left {
                // What stands between the last chunk and the blank line are trailers.
                while !read_line(&mut lines)?.is_empty() {}
                self.left = Left::Bytes(0);
            }
        }
        let left = match self.left {
            Left::Bytes(0) => return Ok(Bytes::new()),
            Left::Bytes(left) | Left::Chunk(left) => left,
            Left::Unknown => u64::MAX,
        };
        let mut piece = vec![0; left.min(16 * 1024) as usize];
        let len = self.reader.read(&mut piece)?;
        self.reader.get_mut().body_bytes += len as u64;
        piece.truncate(len);
        match &mut self.left {
            Left::Unknown => {}
            Left::Bytes(_) | Left::Chunk(_) if len == 0 => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Left::Bytes(left) => *left -= len as u64,
            Left::Chunk(left) => {
                *left -= len as u64;
                if *left == 0 && !read_line(&mut (&mut self.reader).take(2))?.is_empty() {
                    return Err(invalid());
                }
            }
        }
        Ok(piece.into())
    }
}

/// The longest line with the size of a chunk, and the longest trailers.
const LONGEST_FRAMING: u64 = 16 * 1024;

fn invalid() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn seed() -> Result<Seed, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    // Use your platform's random numbers here.
    let entropy = now.as_nanos().to_le_bytes();
    Ok(IdSource::process().seed(UnixMs::EPOCH.saturating_add(now), entropy))
}

fn main() {
    if let Err(error) = send_and_fetch() {
        println!("{}", ErrorChain(&*error));
        std::process::exit(1);
    }
}

fn send_and_fetch() -> Result<(), Box<dyn Error>> {
    let server = wx_emulator::Emulator::start()?;
    let mut session = Session::from_json_allow_loopback(server.session_json())?;
    let policy = Policy::default();
    let bytes = include_bytes!("../tests/pictures/tiny.png");

    let picture = Media::new("tiny.png", bytes.len() as u64, bytes)?;
    let mut flow = SendMessage::media(
        &session,
        picture,
        Recipient::new(server.friend())?,
        seed()?,
        policy.clone(),
    )?;
    let sent = drive(&mut session, &mut flow, bytes, &mut Vec::new())?;
    println!("sent message {}", sent.msg_id);

    let mut back = Vec::new();
    let mut flow =
        FetchImage::new(&session, sent.msg_id, ImageVariant::Original, true, seed()?, policy)?;
    let fetched = drive(&mut session, &mut flow, &[], &mut back)?;
    println!("fetched {} bytes, equal: {}", fetched.bytes, back == bytes);
    assert_eq!(back, bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{Shutdown, TcpListener};
    use std::thread::{sleep, spawn};

    use wx_emulator::driver_test::Io;
    use wx_proto::flow::ListContacts;
    use wx_proto::{Error, ErrorKind, ReplyError};

    use super::*;

    #[test]
    fn the_driver_keeps_the_contract() {
        let report = wx_emulator::driver_test!(drive_for_test).run();
        assert!(report.passed(), "{report}");
    }

    /// Runs any flow with this driver. It cannot be stopped in the middle.
    fn drive_for_test<F: Flow>(
        session: &mut Session,
        flow: &mut F,
        io: &mut Io,
    ) -> Option<F::Output> {
        let (image, mut sink) = (io.image().clone(), Vec::new());
        let output = drive(session, flow, &image, &mut sink);
        io.write(0, &sink);
        Some(output)
    }

    /// What the loop makes of an answer: `start`, then the end if `piece` is empty, else `piece`
    /// again and again for five seconds.
    fn ask(start: impl Into<Vec<u8>>, piece: &'static str) -> Error {
        let start = start.into();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let mut going = stream.write_all(&start).is_ok();
            if piece.is_empty() {
                let _ = stream.shutdown(Shutdown::Write);
                let _ = io::copy(&mut stream, &mut io::sink());
                return;
            }
            for _ in 0..1000 {
                sleep(Duration::from_millis(5));
                going = going && stream.write_all(piece.as_bytes()).is_ok();
            }
        });
        let server = wx_emulator::Emulator::start().unwrap();
        let json = server.session_json().replace(&server.addr().to_string(), &address);
        let mut session = Session::from_json_allow_loopback(json).unwrap();
        let mut policy = Policy::default().with_stall(Duration::from_secs(5));
        (policy.chunk_tries, policy.slow_after) = (1, Duration::from_millis(300));
        let mut flow = ListContacts::new(&session, seed().unwrap(), policy).unwrap();
        drive(&mut session, &mut flow, &[], &mut Vec::new()).unwrap_err()
    }

    fn kind(error: &Error) -> TransportErrorKind {
        let ErrorKind::Network { error, .. } = error.kind else { panic!("{error:?}") };
        error.kind
    }

    #[test]
    fn no_answer_is_endless() {
        const BODY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
        for (start, piece) in [
            ("HTTP/1.1 200 O", "K"),
            ("HTTP/1.1 200 OK\r\nx: ", "x"),
            ("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
            (BODY, "x"),
        ] {
            assert_eq!(
                kind(&ask(start, piece)),
                TransportErrorKind::Stalled,
                "{start:?}, {piece:?}"
            );
        }
    }

    #[test]
    fn heads_have_a_limit_and_any_status_is_passed_on() {
        let head = |len| format!("HTTP/1.1 403 Forbidden\r\nx: {}\r\n\r\n", "x".repeat(len));
        for len in [32 * 1024, 100_000, 10_000_000] {
            assert_eq!(kind(&ask(head(len), "")), TransportErrorKind::Protocol, "{len}");
        }
        let announced = format!("HTTP/1.1 100 Continue\r\n\r\n{}", head(10));
        assert_eq!(ask(announced, "").kind, ErrorKind::Reply(ReplyError::Status(403)));
    }
}
