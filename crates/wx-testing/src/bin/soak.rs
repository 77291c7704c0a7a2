//! Waits for messages for a long time, with faults:
//! `cargo run --release -p wx-testing --bin soak -- [SECONDS]`, 600 seconds by default. Each client
//! is a separate process whose memory is printed; the emulator runs in this process. The exit code
//! is 1 if a message was lost or delivered twice.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use wx_emulator::Emulator;
use wx_proto::{Policy, Session};
use wx_testing::samples::TINY_JPEG;

/// The faults, each injected in turn into the next request of its endpoint.
const FAULTS: [&str; 10] = [
    "drop=before@synccheck",
    "drop=after@webwxsync",
    "status=503@synccheck",
    "delay=2500@synccheck",
    "status=503@webwxsync",
    "cut=30@webwxsync",
    "html@synccheck",
    "ret=3@webwxsync",
    "trickle=3@webwxsync",
    "drop=before@webwxgetmsgimg",
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [transport, session] = &args[..] {
        client(transport, session);
        return ExitCode::SUCCESS;
    }
    let seconds = args.first().map_or(600, |seconds| seconds.parse().unwrap());
    let soaks = ["ureq", "reqwest"]
        .map(|name| std::thread::spawn(move || soak(name, Duration::from_secs(seconds))));
    let good = soaks.map(|soak| soak.join().unwrap());
    if good.iter().all(|good| *good) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Fetches the image of each message, and then prints its MsgId.
fn client(transport: &str, session: &str) {
    let session = Session::from_json_allow_loopback(std::fs::read(session).unwrap()).unwrap();
    let mut policy = Policy::default();
    (policy.back_off, policy.longest_back_off) =
        (Duration::from_millis(20), Duration::from_millis(500));
    policy.poll_stall = Duration::from_secs(2);
    if transport == "ureq" {
        let client = wx_ureq::Client::builder(session).policy(policy).build().unwrap();
        for batch in client.messages() {
            let batch = batch.unwrap();
            for message in &batch {
                let mut image = Vec::new();
                let sink = wx_ureq::Sink::vec(&mut image);
                let attachment = message.attachment().unwrap();
                client.fetch(&attachment, sink).run().unwrap();
                println!("{}", attachment.msg_id);
            }
            batch.acknowledge();
        }
    } else {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = wx_reqwest::Client::builder(session).policy(policy).build().unwrap();
            let mut messages = client.messages();
            while let Some(batch) = messages.next().await {
                let batch = batch.unwrap();
                for message in &batch {
                    let mut image = Vec::new();
                    let sink = wx_reqwest::Sink::vec(&mut image);
                    let attachment = message.attachment().unwrap();
                    client.fetch(&attachment, sink).await.unwrap();
                    println!("{}", attachment.msg_id);
                }
                batch.acknowledge();
            }
        });
    }
}

fn soak(transport: &'static str, time: Duration) -> bool {
    let server = Emulator::builder().duplicates(true).start().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let session = dir.path().join("session.json");
    std::fs::write(&session, server.session_json()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    let mut child = child.arg(transport).arg(&session).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let received = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>());

    let (began, mut delivered, mut memory, mut faults) =
        (Instant::now(), Vec::new(), Vec::new(), 0);
    while began.elapsed() < time {
        delivered.push(server.deliver(TINY_JPEG));
        std::thread::sleep(Duration::from_millis(100));
        if delivered.len() % 10 == 0 {
            let fault = FAULTS[faults % FAULTS.len()];
            let endpoint = fault.rsplit_once('@').unwrap().1;
            server.add_fault(
                format!("{fault}#{}", server.requests_to(endpoint) + 1).parse().unwrap(),
            );
            faults += 1;
        }
        if delivered.len() % 100 == 50 {
            memory.push(resident(&child));
        }
    }
    // Waits for messages that are still on their way.
    std::thread::sleep(Duration::from_secs(10));
    child.kill().unwrap();
    child.wait().unwrap();
    let received = received.join().unwrap();

    let mut once = received.clone();
    once.sort_unstable();
    once.dedup();
    let lost = delivered.iter().filter(|id| once.binary_search(id).is_err()).count();
    let (repeated, order) = (received.len() - once.len(), received == delivered);
    let kib: Vec<_> = memory.iter().map(|kib| kib.to_string()).collect();
    println!(
        "{transport}: {} s, {} messages, {faults} faults, {} requests; lost {lost}, repeated \
         {repeated}, in order: {order}; \
         resident KiB every 10 s: {}",
        time.as_secs(),
        delivered.len(),
        server.requests().len(),
        kib.join(" "),
    );
    lost == 0 && repeated == 0
}

/// Returns the resident memory of a process in KiB, or 0 if it cannot be read.
fn resident(child: &Child) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}
