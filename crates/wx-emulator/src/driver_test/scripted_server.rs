//! A server that follows a script byte by byte, and records the requests that it receives. The
//! checks need replies that are more broken than hyper, which serves the emulator, can send.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A reply without an end is stopped after this time, so that a driver without limits fails a check
/// instead of hanging.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// A reply without pauses is stopped after this many bytes.
pub(super) const FLOOD: usize = 16 << 20;

/// One step of a reply. After the last step, the server reads the next request on the connection,
/// unless the client has asked to close it.
#[derive(Clone)]
pub(super) enum Step {
    Write(Vec<u8>),
    Pause(Duration),
    /// Writes the same bytes again and again, with this pause after each time.
    Repeat(Vec<u8>, Duration),
    /// Waits until the client closes the connection.
    Hold,
    /// Closes the connection.
    Close,
}

/// The replies to requests in their order of arrival, across all connections. The last reply is
/// repeated for further requests.
pub(super) type Script = Vec<Vec<Step>>;

/// Returns a reply that is written in one step.
pub(super) fn reply(head: &str, body: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Step::Write(message(head, body))]
}

/// Returns the bytes of a reply with a Content-Length. `head` is the status line without the
/// version, and optional headers.
pub(super) fn message(head: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A received request.
pub(super) struct Received {
    pub(super) request_line: String,
    /// The names in lowercase, in the order received.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

impl Received {
    fn parse(head: &[u8]) -> Self {
        let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.trim_ascii());
        let request_line = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let headers = lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        });
        Self { request_line, headers: headers.collect(), body: Vec::new() }
    }

    /// Returns the values of the headers with this lowercase name.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(other, _)| other == name).map(|(_, value)| &value[..])
    }

    /// Returns whether this is a request to the call `name`.
    pub(super) fn is_to(&self, name: &str) -> bool {
        self.request_line.contains(&format!("/{name}?"))
    }

    fn content_len(&self) -> usize {
        let value = self.values("content-length").next().unwrap_or_default();
        String::from_utf8_lossy(value).parse().unwrap_or(0)
    }
}

/// The requests that a server has received.
#[derive(Default)]
pub(super) struct Log {
    pub(super) requests: Vec<Received>,
    pub(super) connections: usize,
    /// The number of connections that the client closed while the server kept them open.
    pub(super) abandoned: usize,
    /// The number of bytes that were sent in replies without an end.
    pub(super) flooded: usize,
}

/// Listens on the loopback address until it is dropped.
pub(super) struct ScriptedServer {
    addr: SocketAddr,
    state: Arc<ScriptState>,
}

struct ScriptState {
    script: Script,
    log: Mutex<Log>,
    is_over: AtomicBool,
}

impl ScriptedServer {
    pub(super) fn start(script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        let state = Arc::new(ScriptState {
            script,
            log: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let server = Self { addr, state: Arc::clone(&state) };
        thread::Builder::new().name("driver-test".to_owned()).spawn(move || {
            for stream in listener.incoming() {
                if state.is_over() {
                    return;
                }
                let Ok(stream) = stream else { continue };
                state.log().connections += 1;
                let state = Arc::clone(&state);
                // An error means that the client has closed the connection, or that no thread could
                // be started, in which case the connection is closed here.
                let _ =
                    thread::Builder::new().spawn(move || state.serve(stream).unwrap_or_default());
            }
        })?;
        Ok(server)
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.state.log()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.state.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts connections.
        let _ = TcpStream::connect(self.addr);
    }
}

impl ScriptState {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        while let Some(head) = read_until(&mut stream, b"\r\n\r\n")? {
            let mut received = Received::parse(&head);
            if received.values("transfer-encoding").next().is_some() {
                received.body = read_until(&mut stream, b"0\r\n\r\n")?.unwrap_or_default();
            } else {
                received.body.resize(received.content_len(), 0);
                stream.read_exact(&mut received.body)?;
            }
            let is_last =
                received.values("connection").any(|value| value.eq_ignore_ascii_case(b"close"));
            let steps = {
                let mut log = self.log();
                let at = log.requests.len().min(self.script.len().saturating_sub(1));
                log.requests.push(received);
                self.script.get(at).cloned().unwrap_or_default()
            };
            for step in steps {
                match step {
                    Step::Write(bytes) => stream.write_all(&bytes)?,
                    Step::Pause(time) => thread::sleep(time),
                    Step::Repeat(piece, pause) => return self.repeat(stream, &piece, pause),
                    Step::Hold => return self.hold(stream),
                    Step::Close => return Ok(()),
                }
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    fn repeat(&self, mut stream: TcpStream, piece: &[u8], pause: Duration) -> io::Result<()> {
        let (began, mut sent) = (Instant::now(), 0);
        while began.elapsed() < PATIENCE && sent < FLOOD && !self.is_over() {
            stream.write_all(piece)?;
            sent += piece.len();
            self.log().flooded = sent;
            if !pause.is_zero() {
                thread::sleep(pause);
            }
        }
        Ok(())
    }

    fn hold(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE && !self.is_over() {
            match stream.read(&mut [0; 1024]) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Ok(len) if len > 0 => {}
                Ok(_) | Err(_) => {
                    self.log().abandoned += 1;
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Reads up to and including `end`. Returns `None` if the connection is closed before that.
fn read_until(stream: &mut TcpStream, end: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(end) {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        bytes.push(byte[0]);
    }
    Ok(Some(bytes))
}
