//! A thousand concurrent sends on one client.

use std::path::Path;
use std::time::Instant;

use tokio::task::LocalSet;
use wx_reqwest::Source;

use super::bare::Prepared;
use super::{Load, timed};
use crate::alloc;
use crate::figure::Figure;
use crate::paired_timing::compare;

const SENDS: usize = 1000;
const LEN: usize = 1024 * 1024;

/// Measures the peak memory and the throughput of concurrent sends of 1 MiB on one thread. Sends
/// from memory share the image, whereas each send from a file keeps its current chunk in memory.
///
/// # Panics
///
/// Panics if a send fails.
#[must_use]
pub fn rows(base: &str, scratch: &Path, pairs: usize) -> [Figure; 3] {
    let image = crate::in_memory_server::image(LEN);
    let session = super::session(base);
    let load = Load { sent: LEN, ..Load::IMAGE };
    let prepared: &'static Prepared = Box::leak(Box::new(Prepared::new(&session, load)));
    let (runtime, to) = (super::runtime(), super::to());
    let runtime = &runtime;
    let file = &scratch.join("1.jpg");
    std::fs::write(file, &image).expect("a file");
    let ours = |from_file: bool| {
        let client = wx_reqwest::Client::new(session.clone()).expect("a client");
        let (image, to) = (image.clone(), to.clone());
        move || {
            let sends = LocalSet::new();
            for _ in 0..SENDS {
                let (client, to, image, file) =
                    (client.clone(), to.clone(), image.clone(), file.clone());
                sends.spawn_local(async move {
                    let source = match from_file {
                        true => Source::path(file).await.expect("a file"),
                        false => Source::bytes("picture.jpg", image),
                    };
                    client.send_image(&to, source).await.expect("sent");
                });
            }
            runtime.block_on(sends);
        }
    };
    let bare = || {
        let (client, image) = (super::bare::client(), image.clone());
        move || {
            let sends = LocalSet::new();
            for _ in 0..SENDS {
                let (client, image) = (client.clone(), image.clone());
                sends.spawn_local(async move { prepared.send_memory(&client, &image).await });
            }
            runtime.block_on(sends);
        }
    };
    let in_flight = |from_file| {
        let before = alloc::live();
        alloc::forget_peak();
        ours(from_file)();
        (alloc::peak() - before) as f64 / SENDS as f64 / 1024.0
    };
    let [memory, files] = [false, true].map(in_flight);
    let started = Instant::now();
    let ratios = compare(pairs, || [timed(ours(false)), timed(bare()), timed(bare())]);
    eprintln!("a thousand sends at once: {:.0} s for all rounds", started.elapsed().as_secs_f64());
    [
        Figure::count(
            "peak memory per send of 1 000 concurrent sends of 1 MiB from memory, wx-reqwest, \
             without the image",
            memory,
            0,
            " KiB",
        )
        .at_most(160.0),
        Figure::count(
            "peak memory per send of 1 000 concurrent sends from files, with a chunk each",
            files,
            0,
            " KiB",
        ),
        Figure {
            identical: Some(ratios.identical_wall),
            ..Figure::count(
                "throughput of the 1 000 sends from memory / of the bare loop",
                1.0 / ratios.wall,
                3,
                "",
            )
            .at_least(0.95)
        },
    ]
}
