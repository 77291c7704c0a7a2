//! A complete driver over a plain `std::net::TcpStream`, with a minimal HTTP client. A driver
//! embeds the core in any runtime.
//!
//! Run with `cargo run -p wx-proto --example custom_driver`. The server is an emulator.
// A driver performs I/O, unlike the core.
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

/// Drives a flow to its end. The flow makes every decision; the driver performs the I/O. It keeps
/// no cookies, follows no redirects, retries nothing, and obeys the limits of each request.
fn drive<F: Flow>(
    session: &mut Session,
    flow: &mut F,
    image: &[u8],
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
                let [from, to] = [span.start, span.end].map(|at| (at as usize).min(image.len()));
                Input::Read(Bytes::copy_from_slice(&image[from..to]))
            }
            Action::Write(at, bytes) => {
                sink.truncate(at as usize);
                sink.extend_from_slice(&bytes);
                Input::Written
            }
            // Only checkpointed jobs require this: see `SendMessage::checkpointed`.
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
                // An earlier driver of this flow had the reply.
                None => Input::Failed(id, TransportError::on_the_way(TransportErrorKind::Dropped)),
            },
        };
        flow.handle(input, start.elapsed()).expect("this driver keeps the contract");
    }
}

/// A connection that obeys the time limits of its only request. A driver that writes to a disk has
/// to pause these limits during the write.
struct Connection {
    stream: TcpStream,
    limits: Limits,
    began: Instant,
    body_bytes: u64,
}

impl Connection {
    /// Returns how long the next read or write may take.
    fn timeout(&self) -> io::Result<Option<Duration>> {
        let left = self.limits.give_up_after(self.body_bytes).saturating_sub(self.began.elapsed());
        match left.min(self.limits.stall) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            timeout => Ok(Some(timeout)),
        }
    }

    /// Writes in small pieces, so that each one counts as soon as it is written.
    fn write_body(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(16 * 1024).try_for_each(|piece| {
            self.write_all(piece)?;
            self.body_bytes += piece.len() as u64;
            Ok(())
        })
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.timeout()?)?;
        self.stream.read(buffer)
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.timeout()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn on_the_way(error: io::Error) -> TransportError {
    TransportError::on_the_way(match error.kind() {
        // The kind of a timeout depends on the platform.
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TransportErrorKind::Stalled,
        io::ErrorKind::InvalidData => TransportErrorKind::Protocol,
        _ => TransportErrorKind::Dropped,
    })
}

/// Sends a request on a new connection, and reads the head of its reply. Only a request without a
/// connection is reported as never delivered.
fn send(request: &ApiRequest) -> Result<(Parts, Reply), TransportError> {
    let (limits, began) = (request.limits(), Instant::now());
    let authority = request.http().uri().authority().expect("an absolute URL").as_str();
    let stream = connect(authority, limits.stall.min(limits.give_up_after(0)))
        .map_err(|_| TransportError::never_connected(TransportErrorKind::Connect))?;
    let mut connection = Connection { stream, limits, began, body_bytes: 0 };
    write_request(&mut connection, authority, request).map_err(on_the_way)?;
    let mut reader = BufReader::new(connection);
    loop {
        let head = read_head(&mut reader, limits.max_head).map_err(on_the_way)?;
        // Skip informational replies. Only the time limits end them.
        if !head.status.is_informational() {
            let left = Remaining::announced(&head).map_err(on_the_way)?;
            return Ok((head, Reply { reader, left }));
        }
    }
}

fn connect(authority: &str, timeout: Duration) -> io::Result<TcpStream> {
    let address = authority.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    TcpStream::connect_timeout(&address, timeout)
}

fn write_request(
    connection: &mut Connection,
    authority: &str,
    request: &ApiRequest,
) -> io::Result<()> {
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
    connection.write_all(&head)?;
    http.body().segments().iter().try_for_each(|segment| connection.write_body(segment))
}

/// Reads a head. It may be a little longer than `max_head`; the flow then refuses it.
fn read_head(reader: &mut BufReader<Connection>, max_head: usize) -> io::Result<Parts> {
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
    reader: BufReader<Connection>,
    left: Remaining,
}

/// How much of a body has not been read yet.
enum Remaining {
    Bytes(u64),
    /// This number of bytes of the current chunk, and further chunks.
    Chunk(u64),
    /// All bytes until the server closes the connection.
    Unknown,
}

impl Remaining {
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
        if let Remaining::Chunk(0) = self.left {
            let mut lines = (&mut self.reader).take(LONGEST_FRAMING);
            let size = read_line(&mut lines)?;
            let size = size.split(';').next().unwrap_or_default().trim();
            self.left = Remaining::Chunk(u64::from_str_radix(size, 16).map_err(|_| invalid())?);
            if let Remaining::Chunk(0) = self.left {
                // Skip the trailers between the last chunk and the blank line.
                while !read_line(&mut lines)?.is_empty() {}
                self.left = Remaining::Bytes(0);
            }
        }
        let left = match self.left {
            Remaining::Bytes(0) => return Ok(Bytes::new()),
            Remaining::Bytes(left) | Remaining::Chunk(left) => left,
            Remaining::Unknown => u64::MAX,
        };
        let mut data = vec![0; left.min(16 * 1024) as usize];
        let len = self.reader.read(&mut data)?;
        self.reader.get_mut().body_bytes += len as u64;
        data.truncate(len);
        match &mut self.left {
            Remaining::Unknown => {}
            Remaining::Bytes(_) | Remaining::Chunk(_) if len == 0 => {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Remaining::Bytes(left) => *left -= len as u64,
            Remaining::Chunk(left) => {
                *left -= len as u64;
                if *left == 0 && !read_line(&mut (&mut self.reader).take(2))?.is_empty() {
                    return Err(invalid());
                }
            }
        }
        Ok(data.into())
    }
}

/// The maximum length of a line with the size of a chunk, and of the trailers.
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

    let image = Media::new("tiny.png", bytes.len() as u64, bytes)?;
    let mut flow = SendMessage::media(
        &session,
        image,
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

    /// Returns the error of a flow whose server replies with `start`, and then repeats `piece` for
    /// five seconds, unless it is empty.
    fn run_against(start: impl Into<Vec<u8>>, piece: &'static str) -> Error {
        let start = start.into();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let mut is_open = stream.write_all(&start).is_ok();
            if piece.is_empty() {
                let _ = stream.shutdown(Shutdown::Write);
                let _ = io::copy(&mut stream, &mut io::sink());
                return;
            }
            for _ in 0..1000 {
                sleep(Duration::from_millis(5));
                is_open = is_open && stream.write_all(piece.as_bytes()).is_ok();
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
    fn no_reply_is_endless() {
        const BODY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
        for (start, piece) in [
            ("HTTP/1.1 200 O", "K"),
            ("HTTP/1.1 200 OK\r\nx: ", "x"),
            ("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
            (BODY, "x"),
        ] {
            assert_eq!(
                kind(&run_against(start, piece)),
                TransportErrorKind::Stalled,
                "{start:?}, {piece:?}"
            );
        }
    }

    #[test]
    fn heads_have_a_limit_and_any_status_is_passed_on() {
        let head = |len| format!("HTTP/1.1 403 Forbidden\r\nx: {}\r\n\r\n", "x".repeat(len));
        for len in [32 * 1024, 100_000, 10_000_000] {
            assert_eq!(kind(&run_against(head(len), "")), TransportErrorKind::Protocol, "{len}");
        }
        let announced = format!("HTTP/1.1 100 Continue\r\n\r\n{}", head(10));
        assert_eq!(run_against(announced, "").kind, ErrorKind::Reply(ReplyError::Status(403)));
    }
}
