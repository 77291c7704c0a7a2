//! Sessions that wait for messages concurrently: the memory and the creation time of each.
//!
//! The client is a separate process. The emulator runs in this process, holds all long polls, and
//! reports when all of them have arrived.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use wx_emulator::Emulator;
use wx_testing::TestBed;

use crate::alloc;
use crate::figure::Figure;

mod child;

pub use child::wait;

/// The number of sessions over plain HTTP.
const SESSIONS: usize = 1000;
/// The number of sessions with TLS, and of the plain sessions they are compared with. Each
/// connection needs five more file descriptors in this process.
const SESSIONS_WITH_TLS: usize = 100;
/// Longer than the measurement, so that no long poll ends during it.
const HOLD: Duration = Duration::from_secs(600);
/// The time after which the client has failed if its long polls have not arrived.
const TIMEOUT: Duration = Duration::from_secs(120);

const KIB: f64 = 1024.0;

/// The cost of a session.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// Resident memory in bytes while the session waits.
    resident: f64,
    /// Allocated memory in bytes while the session waits.
    allocated: f64,
    /// Allocated memory in bytes before the session waits.
    created: f64,
    /// The seconds it takes to create the client.
    time: f64,
}

/// Measures the sessions of both clients, plain requests of reqwest, and the additional cost of
/// TLS.
///
/// # Errors
///
/// Returns an error if a client fails or if the test bed cannot be started.
pub fn rows(scratch: &Path) -> Result<Vec<Figure>, String> {
    let ours = plain(scratch, "reqwest", SESSIONS)?;
    let bare = plain(scratch, "bare", SESSIONS)?;
    let threads = plain(scratch, "ureq", SESSIONS)?;
    let few = plain(scratch, "reqwest", SESSIONS_WITH_TLS)?;
    let tls = with_tls(scratch, "reqwest", SESSIONS_WITH_TLS)?;
    let kib = |what: &str, bytes: f64| Figure::count(what, bytes / KIB, 1, " KiB");
    Ok(vec![
        kib(
            "resident memory of each of 1 000 sessions on one HTTP client that wait for messages, \
             wx-reqwest",
            ours.resident,
        )
        .at_most(32.0),
        kib("allocated memory of each, wx-reqwest", ours.allocated),
        kib("allocated memory of each before it waits, wx-reqwest", ours.created),
        kib("resident memory of each of 1 000 bare requests of reqwest that wait", bare.resident),
        kib("allocated memory of each bare request", bare.allocated),
        kib("resident memory that TLS adds to each of 100 sessions", tls.resident - few.resident),
        kib(
            "allocated memory that TLS adds to each of 100 sessions",
            tls.allocated - few.allocated,
        ),
        Figure::count(
            "time to create the client of a session on a shared HTTP client, wx-reqwest",
            ours.time * 1e6,
            1,
            " µs",
        )
        .at_most(50.0),
        kib(
            "resident memory of each of 1 000 sessions on one HTTP client that wait for messages, \
             wx-ureq, a thread each",
            threads.resident,
        ),
        kib("allocated memory of each, wx-ureq", threads.allocated),
        Figure::count(
            "time to create the client of a session on a shared HTTP client, wx-ureq",
            threads.time * 1e6,
            1,
            " µs",
        ),
    ])
}

fn plain(scratch: &Path, kind: &str, sessions: usize) -> Result<Cost, String> {
    let emulator = Emulator::builder().hold(HOLD).start().map_err(text)?;
    measure(scratch, kind, sessions, &emulator, &emulator.session_json(), &[])
}

/// Like [`plain`], but through a proxy and TLS, under the host names of the real server.
fn with_tls(scratch: &Path, kind: &str, sessions: usize) -> Result<Cost, String> {
    let bed = TestBed::start(Emulator::builder().hold(HOLD)).map_err(text)?;
    let session = bed.emulator().session_json_at("wx.qq.com");
    measure(scratch, kind, sessions, bed.emulator(), &session, &bed.environment())
}

fn measure(
    scratch: &Path,
    kind: &str,
    sessions: usize,
    emulator: &Emulator,
    session: &str,
    environment: &[(&str, String)],
) -> Result<Cost, String> {
    let path = scratch.join("waiting.json");
    std::fs::write(&path, session).map_err(text)?;
    let mut client = Client::start(kind, &path, sessions, environment).map_err(text)?;
    client.wait_until(emulator, 1)?;
    client.signal().map_err(text)?;
    client.wait_until(emulator, 1 + sessions)?;
    // Waits until the client has noticed that its requests are written.
    thread::sleep(Duration::from_secs(1));
    client.signal().map_err(text)?;
    let line = client.line().map_err(text)?;
    let numbers: Vec<f64> = line.split_whitespace().filter_map(|text| text.parse().ok()).collect();
    let [resident, allocated, created, time] = numbers[..] else {
        return Err(format!("{kind}: {line}"));
    };
    Ok(Cost { resident, allocated, created, time })
}

fn text(error: io::Error) -> String {
    error.to_string()
}

/// The process to measure.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(
        kind: &str,
        session: &Path,
        sessions: usize,
        environment: &[(&str, String)],
    ) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["wait", kind])
            .arg(session)
            .arg(sessions.to_string())
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { child, input, output: BufReader::new(output) })
    }

    fn wait_until(&mut self, emulator: &Emulator, requests: usize) -> Result<(), String> {
        let start = Instant::now();
        while emulator.requests_to("synccheck") < requests {
            if let Some(status) = self.child.try_wait().map_err(text)? {
                return Err(format!("the client that waits has ended: {status}"));
            }
            if start.elapsed() > TIMEOUT {
                return Err("the long polls do not arrive".to_owned());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn signal(&mut self) -> io::Result<()> {
        self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write_all(b"\n")
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
