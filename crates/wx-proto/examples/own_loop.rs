//! Embed the core in any runtime: a whole driver over a plain `std::net::TcpStream`, in 40 lines.
//!
//! `cargo run -p wx-proto --example own_loop`: sends a picture to the emulator and fetches it back.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::disallowed_types)] // I/O is the driver's

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Instant, SystemTime};

use wx_proto::bytes::Bytes;
use wx_proto::flow::{Action, Failure, FailureKind, FetchImage, Flow, Input, SendImage};
use wx_proto::http::response::{Builder, Parts};
use wx_proto::{IdSource, ImageSize, Outgoing, Picture, Policy, Seed, Session, UserName};

/// The loop. It obeys: no status check, no JSON, no limit and no repeat is its business.
fn drive<F: Flow>(flow: &mut F, picture: &[u8], sink: &mut Vec<u8>) -> F::Output {
    let start = Instant::now();
    let mut open: Option<BufReader<TcpStream>> = None;
    loop {
        let input = match flow.poll(start.elapsed()) {
            Action::Done(output) => return output,
            Action::Wait(until) => {
                std::thread::sleep(until.saturating_sub(start.elapsed()));
                continue;
            }
            Action::Load(span) => {
                let [from, to] = [span.start, span.end].map(|at| (at as usize).min(picture.len()));
                Input::Loaded(Bytes::copy_from_slice(&picture[from..to]))
            }
            Action::Store(at, bytes) => {
                sink.truncate(at as usize);
                sink.extend_from_slice(&bytes);
                Input::Stored
            }
            Action::Send(id, outgoing) => match send(&outgoing) {
                Ok((head, body)) => {
                    open = Some(body);
                    Input::Head(id, head)
                }
                Err(failure) => Input::Failed(id, failure),
            },
            Action::Pull(id) => match open.as_mut().map(read_piece) {
                Some(Ok(bytes)) if bytes.is_empty() => Input::End(id),
                Some(Ok(bytes)) => Input::Chunk(id, bytes),
                _ => Input::Failed(id, Failure::on_the_way(FailureKind::Dropped)),
            },
        };
        flow.handle(input, start.elapsed()).expect("this loop obeys the contract");
    }
}

/// A connection a request: enough for an example. Only what certainly never connected is `Never` delivered.
fn send(outgoing: &Outgoing) -> Result<(Parts, BufReader<TcpStream>), Failure> {
    let never = |_| Failure::never_connected(FailureKind::Connect);
    let unknown = |_| Failure::on_the_way(FailureKind::Dropped);
    let authority = outgoing.http().uri().authority().expect("an absolute URL").as_str();
    let stream = TcpStream::connect(authority).map_err(never)?;
    stream.set_read_timeout(Some(outgoing.limits().stall)).map_err(never)?;
    stream.set_write_timeout(Some(outgoing.limits().stall)).map_err(never)?;
    write_request(&stream, authority, outgoing).map_err(unknown)?;
    read_head(stream).map_err(unknown)
}

fn write_request(mut stream: &TcpStream, authority: &str, outgoing: &Outgoing) -> io::Result<()> {
    let http = outgoing.http();
    let target = http.uri().path_and_query().expect("a path");
    write!(stream, "{} {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n", http.method())?;
    for (name, value) in http.headers() {
        stream.write_all(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat())?;
    }
    stream.write_all(b"\r\n")?;
    http.body().segments().iter().try_for_each(|segment| stream.write_all(segment))
}

fn read_head(stream: TcpStream) -> io::Result<(Parts, BufReader<TcpStream>)> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut head = Builder::new().status(line.split(' ').nth(1).ok_or_else(invalid)?);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) => head = head.header(name, value.trim()),
            None => return Ok((head.body(()).map_err(|_| invalid())?.into_parts().0, reader)),
        }
    }
}

/// `Connection: close` ends the body; whether it came whole, the core finds out.
fn read_piece(body: &mut BufReader<TcpStream>) -> io::Result<Bytes> {
    let mut piece = vec![0; 16 * 1024];
    let len = body.read(&mut piece)?;
    piece.truncate(len);
    Ok(piece.into())
}

fn seed() -> Result<Seed, Box<dyn Error>> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    // Use your platform's random numbers here.
    let entropy = now.as_nanos().to_le_bytes();
    Ok(IdSource::process().seed(now.as_millis() as u64, entropy))
}

fn main() {
    if let Err(error) = send_and_fetch() {
        println!("{error}");
        std::process::exit(1);
    }
}

fn send_and_fetch() -> Result<(), Box<dyn Error>> {
    let server = wx_emulator::Emulator::start()?;
    let session = Session::from_json_allow_loopback(server.session_json())?;
    let policy = Policy::default();
    let bytes = include_bytes!("../tests/pictures/tiny.png");

    let picture = Picture::new("tiny.png", bytes.len() as u64, bytes, &policy)?;
    let mut flow =
        SendImage::new(&session, picture, UserName::new(server.friend())?, seed()?, policy.clone())?;
    let sent = drive(&mut flow, bytes, &mut Vec::new())?;
    println!("sent {} bytes as message {}", sent.uploaded.bytes, sent.msg_id);

    let mut back = Vec::new();
    let mut flow = FetchImage::new(&session, sent.msg_id, ImageSize::Original, true, seed()?, policy)?;
    let fetched = drive(&mut flow, &[], &mut back)?;
    println!("fetched {} bytes of {}, equal: {}", fetched.bytes, fetched.format, back == bytes);
    assert_eq!(back, bytes);
    Ok(())
}
