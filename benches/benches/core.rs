//! Throughput of the core, for orientation: `cargo bench -p wx-benches`. The figures that count are
//! ratios, see the README.
#![allow(missing_docs, clippy::unwrap_used)]

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use md5::{Digest, Md5};
use wx_benches::perfect::{self, LEN, Perfect};
use wx_proto::http::Response;

fn main() {
    divan::main();
}

#[divan::bench]
fn md5_of_20_mib(bencher: Bencher<'_, '_>) {
    let picture = perfect::picture(LEN);
    bencher.counter(BytesCount::new(LEN)).bench_local(|| Md5::digest(&picture));
}

#[divan::bench(args = ["in memory", "in a file"])]
fn send_of_20_mib(bencher: Bencher<'_, '_>, from: &str) {
    let (picture, session, len) = (perfect::picture(LEN), perfect::session(), LEN as u64);
    let (form, answer) = (perfect::form(&picture, len), perfect::accepted(len));
    let form = if from == "in memory" { form.immutable() } else { form };
    bencher.counter(BytesCount::new(LEN)).bench_local(|| {
        let mut flow = perfect::send(&session, form.clone());
        Perfect::new(&picture, len).run(&mut flow, &answer).unwrap()
    });
}

#[divan::bench]
fn fetch_of_20_mib(bencher: Bencher<'_, '_>) {
    let (picture, session) = (perfect::picture(LEN), perfect::session());
    let answer: Response<Bytes> = perfect::image(&picture);
    bencher.counter(BytesCount::new(LEN)).bench_local(|| {
        let mut flow = perfect::fetch(&session);
        Perfect::new(&picture, LEN as u64).run(&mut flow, &answer).unwrap()
    });
}
