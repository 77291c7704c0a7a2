//! Whole uploads to the emulator: both clients beside a bare loop that posts the same bodies with ureq and checks
//! nothing, and how much memory a client's peak grows by with the picture's size.
//!
//! `cargo bench -p wx-benches --bench transports`. Only the ratios of one run mean anything. Memory is shown on Linux.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use wx_emulator::Emulator;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::upload_media::{CHUNK, UploadMedia};
use wx_proto::{IdSource, Picture, Policy, Session, UserName};

fn jpeg(len: usize, seed: u8) -> Bytes {
    let start = *include_bytes!("../../crates/wx-proto/tests/pictures/tiny.jpg");
    start.into_iter().chain((0..).map(|n: u32| (n as u8) ^ seed)).take(len).collect()
}

/// One agent, the same bodies, no digest, no look at any answer.
fn bare(session: &Session, to: &UserName, bytes: &Bytes) {
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    let picture = Picture::new("a.jpg", bytes.len() as u64, bytes, &Policy::default()).unwrap();
    let upload = UploadMedia::new(picture, "", to.clone(), IdSource::process().seed(1, [1; 16]));
    for index in 0..upload.chunks() {
        let start = index as usize * CHUNK as usize;
        let chunk = bytes.slice(start..bytes.len().min(start + CHUNK as usize));
        let (head, body) = upload.chunk(index, chunk).request(session).unwrap().into_http().into_parts();
        let request = wx_proto::http::Request::from_parts(head, body.to_vec());
        agent.run(request).unwrap().body_mut().read_to_vec().unwrap();
    }
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Emulator::start().unwrap();
    let session = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let to = UserName::new(server.friend()).unwrap();
    let bytes = jpeg(8 * 1024 * 1024, 1);
    let blocking = wx_ureq::Client::new(session.clone()).unwrap();
    let asynchronous = wx_reqwest::Client::new(session.clone()).unwrap();

    let base = median(|| bare(&session, &to, &bytes));
    let ureq = median(|| {
        blocking.upload(&to, wx_ureq::Source::bytes("a.jpg", bytes.clone())).unwrap();
    });
    let mut times = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        asynchronous.upload(&to, wx_reqwest::Source::bytes("a.jpg", bytes.clone())).await.unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    let ratio = |time: Duration| time.as_secs_f64() / base.as_secs_f64();
    println!(
        "an upload of 8 MiB, 16 chunks; a bare ureq loop = 1.00 (the emulator's own work is in all three)"
    );
    println!("wx-ureq    {:.2}", ratio(ureq));
    println!("wx-reqwest {:.2}", ratio(times[2]));
}
