//! What the core costs beside the one thing it cannot do without, the MD5 of the picture.
//!
//! `cargo bench -p wx-benches --bench core`. Only the ratios of one run mean anything.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use md5::{Digest, Md5};
use wx_proto::flow::{Action, FetchImage, Flow, Input, SendImage};
use wx_proto::http::Response;
use wx_proto::{ImageSize, MsgId, Picture, Policy, Seed, Session, UserName};

const SEED: Seed = Seed { unix_ms: 1_511_493_942_795, entropy: [7; 16] };

fn session() -> Session {
    let session =
        Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k").user_name("@me").data_ticket("t");
    session.build().unwrap()
}

/// A perfect network: every answer is good and there at once.
fn drive<F: Flow>(flow: &mut F, picture: &Bytes, answer: impl Fn(&str) -> Response<Bytes>) -> F::Output {
    let mut body = None;
    loop {
        let input = match flow.poll(Duration::ZERO) {
            Action::Done(output) => return output,
            Action::Load(span) => {
                let [from, to] =
                    [span.start, span.end].map(|at| usize::try_from(at).unwrap().min(picture.len()));
                Input::Loaded(picture.slice(from..to))
            }
            Action::Send(id, outgoing) => {
                // A driver has to write them; looking at each is what is left when the network costs nothing.
                black_box(outgoing.http().body().segments());
                let (head, bytes) = answer(outgoing.endpoint()).into_parts();
                body = Some(bytes);
                Input::Head(id, head)
            }
            Action::Pull(id) => match body.as_mut().filter(|body| !body.is_empty()) {
                Some(rest) => Input::Chunk(id, rest.split_to(rest.len().min(64 * 1024))),
                None => Input::End(id),
            },
            Action::Store(_, bytes) => {
                black_box(bytes);
                Input::Stored
            }
            Action::Wait(_) => unreachable!("nothing fails here"),
        };
        flow.handle(input, Duration::ZERO).unwrap();
    }
}

/// The middle of nine runs.
fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..9)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[4]
}

fn main() {
    let len = 20 * 1024 * 1024;
    let picture: Bytes =
        [0xff, 0xd8, 0xff, 0xe0].into_iter().chain((0..).map(|n: u32| n as u8)).take(len).collect();
    let policy = Policy::default();
    let session = session();
    let md5 = median(|| {
        black_box(Md5::digest(&picture));
    });
    let send = median(|| {
        let form = Picture::new("a.jpg", len as u64, &picture, &policy).unwrap();
        let to = UserName::new("@you").unwrap();
        let mut flow = SendImage::new(&session, form, to, SEED, policy.clone()).unwrap();
        let reply = format!(r#"{{"BaseResponse":{{"Ret":0}},"MediaId":"@m","StartPos":{len},"MsgID":"1"}}"#);
        drive(&mut flow, &picture, |_| Response::new(Bytes::from(reply.clone()))).unwrap();
    });
    let fetch = median(|| {
        let id = MsgId::new("1").unwrap();
        let mut flow =
            FetchImage::new(&session, id, ImageSize::Original, true, SEED, policy.clone()).unwrap();
        let reply = || Response::builder().header("content-length", len).body(picture.clone()).unwrap();
        drive(&mut flow, &picture, |_| reply()).unwrap();
    });
    let ratio = |time: Duration| time.as_secs_f64() / md5.as_secs_f64();
    println!("a picture of 20 MiB, 40 chunks; MD5 alone = 1.00");
    println!("send  {:.2}", ratio(send));
    println!("fetch {:.2}", ratio(fetch));
}
