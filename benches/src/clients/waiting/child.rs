//! The measured process. Its sessions wait until the process is killed.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::sync_check::SyncCheck;
use wx_proto::http::Request;
use wx_proto::{Policy, Seed, Session, UnixMs};

use super::alloc;
use crate::clients::bare;

/// A time limit that no long poll reaches, even on a slow machine.
const STALL: Duration = Duration::from_secs(3600);

/// Waits for messages with `sessions` copies of the session in the file `session`, and prints the
/// cost of each. One more session starts to wait before them, so that shared costs are not counted.
///
/// # Errors
///
/// Returns an error if the kind of client is unknown or if the session cannot be read.
pub fn wait(kind: &str, session: &str, sessions: &str) -> Result<(), String> {
    let json = std::fs::read_to_string(session).map_err(|error| error.to_string())?;
    let count = sessions.parse().map_err(|_| format!("{sessions} is not a number"))?;
    let json = restored(&json)?;
    // Each session is parsed again, because clones could share memory.
    let read = || parse(&json);
    match kind {
        "reqwest" => reqwest(read, count),
        "ureq" => ureq(read, count),
        "bare" => bare(&read(), count),
        _ => return Err(format!("there is no client {kind}")),
    }
    Ok(())
}

fn parse(json: &str) -> Session {
    let session = Session::from_json_allow_loopback(json);
    session.or_else(|_| Session::from_json(json)).expect("a session")
}

/// Returns the session with a sync position, so that it starts with the long poll.
fn restored(json: &str) -> Result<String, String> {
    let client = wx_ureq::Client::new(parse(json)).map_err(|error| error.to_string())?;
    client.restore().run().map_err(|error| error.chain().to_string())?;
    Ok(client.session().to_json().expose().clone())
}

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.poll_stall = STALL;
    policy
}

fn reqwest(read: impl Fn() -> Session, count: usize) {
    use wx_reqwest::{Client, Http};

    async fn messages(client: Client) {
        let batch = client.messages().next().await;
        panic!("nothing was delivered, but there is {batch:?}");
    }
    crate::clients::runtime().block_on(async {
        let http = Http::new(None, read().site()).expect("an HTTP client");
        let create = |session| {
            let client = Client::builder(session).policy(policy()).http(&http);
            client.build().expect("a client")
        };
        tokio::spawn(messages(create(read())));
        let baseline = Memory::at_signal_async().await;
        let (clients, times) = create_all(&read, create, count);
        let created = Memory::now();
        for client in clients {
            tokio::spawn(messages(client));
        }
        report(baseline, created, Memory::at_signal_async().await, times);
    });
}

fn ureq(read: impl Fn() -> Session, count: usize) {
    use wx_ureq::{Client, Http};

    let http = Http::new(None, read().site()).expect("an HTTP client");
    let create = |session| {
        let client = Client::builder(session).policy(policy()).http(&http);
        client.build().expect("a client")
    };
    let messages = |client: Client| {
        thread::spawn(move || {
            let batch = client.messages().next();
            panic!("nothing was delivered, but there is {batch:?}");
        })
    };
    messages(create(read()));
    let baseline = Memory::at_signal();
    let (clients, times) = create_all(&read, create, count);
    let created = Memory::now();
    for client in clients {
        messages(client);
    }
    report(baseline, created, Memory::at_signal(), times);
}

/// Sends the same requests with reqwest alone.
fn bare(session: &Session, count: usize) {
    let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [7; 16] };
    let request = SyncCheck::new(seed).request(session).expect("a request").into_http();
    let (head, _) = request.into_parts();
    crate::clients::runtime().block_on(async {
        let client = bare::client();
        let wait = || {
            let request = Request::from_parts(head.clone(), reqwest::Body::from(""));
            let request = reqwest::Request::try_from(request).expect("a request");
            let reply = client.execute(request);
            tokio::spawn(
                async move { panic!("nothing was delivered, but there is {:?}", reply.await) },
            );
        };
        wait();
        let baseline = Memory::at_signal_async().await;
        (0..count).for_each(|_| wait());
        report(baseline, baseline, Memory::at_signal_async().await, vec![0.0; count]);
    });
}

/// Creates the clients, and returns the seconds that each of them took.
fn create_all<C>(
    read: impl Fn() -> Session,
    create: impl Fn(Session) -> C,
    count: usize,
) -> (Vec<C>, Vec<f64>) {
    let mut clients = Vec::with_capacity(count);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let session = read();
        let start = Instant::now();
        clients.push(create(session));
        times.push(start.elapsed().as_secs_f64());
    }
    (clients, times)
}

fn report(baseline: Memory, created: Memory, waiting: Memory, times: Vec<f64>) {
    let each = |bytes: u64, before: u64| bytes.saturating_sub(before) as f64 / times.len() as f64;
    println!(
        "{} {} {} {}",
        each(waiting.resident, baseline.resident),
        each(waiting.allocated, baseline.allocated),
        each(created.allocated, baseline.allocated),
        crate::paired_timing::median(times.clone()),
    );
}

/// The memory of this process, in bytes.
#[derive(Clone, Copy)]
struct Memory {
    resident: u64,
    allocated: u64,
}

impl Memory {
    fn now() -> Self {
        // More precise than the counters in `/proc/self/status`.
        let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux");
        let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        Self { resident: kib.expect("a number") * 1024, allocated: alloc::live() }
    }

    /// Waits for the signal that all requests have arrived, and measures.
    fn at_signal() -> Self {
        io::stdin().read_line(&mut String::new()).expect("a line");
        Self::now()
    }

    async fn at_signal_async() -> Self {
        tokio::task::spawn_blocking(Self::at_signal).await.expect("no panic")
    }
}
