//! Measures the throughput of the core, for orientation: `cargo bench -p wx-benches`. The ratios in
//! the README are the relevant figures.
#![allow(missing_docs, clippy::unwrap_used)]

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use md5::{Digest, Md5};
use wx_benches::in_memory_server::{self, InMemoryServer, LEN};
use wx_proto::http::Response;

fn main() {
    divan::main();
}

#[divan::bench]
fn md5_of_20_mib(bencher: Bencher<'_, '_>) {
    let image = in_memory_server::image(LEN);
    bencher.counter(BytesCount::new(LEN)).bench_local(|| Md5::digest(&image));
}

#[divan::bench(args = ["in memory", "in a file"])]
fn send_of_20_mib(bencher: Bencher<'_, '_>, from: &str) {
    let (image, session, len) =
        (in_memory_server::image(LEN), in_memory_server::session(), LEN as u64);
    let (form, answer) = (in_memory_server::form(&image, len), in_memory_server::accepted(len));
    let form = if from == "in memory" { form.immutable() } else { form };
    bencher.counter(BytesCount::new(LEN)).bench_local(|| {
        let mut flow = in_memory_server::send(&session, form.clone());
        InMemoryServer::new(&image, len).run(&mut flow, &answer).unwrap()
    });
}

#[divan::bench]
fn fetch_of_20_mib(bencher: Bencher<'_, '_>) {
    let (image, session) = (in_memory_server::image(LEN), in_memory_server::session());
    let answer: Response<Bytes> = in_memory_server::image_reply(&image);
    bencher.counter(BytesCount::new(LEN)).bench_local(|| {
        let mut flow = in_memory_server::fetch(&session);
        InMemoryServer::new(&image, LEN as u64).run(&mut flow, &answer).unwrap()
    });
}
