//! Counts the instructions and allocations of the core, without network and disk.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use md5::{Digest, Md5};
use wx_proto::flow::{Action, Flow, Input, SendMessage};

use crate::alloc::{self, Tally};
use crate::figure::Figure;
use crate::hostile;
use crate::in_memory_server::{self, CHUNK, InMemoryServer, LEN};

/// Returns all counts.
///
/// # Errors
///
/// Returns an error if valgrind cannot be run.
pub fn rows() -> Result<Vec<Figure>, String> {
    let mut rows = instructions()?;
    rows.extend([growth()?, hostile::peak()]);
    rows.extend(allocations());
    rows.extend(video_allocations());
    rows.extend(idle());
    Ok(rows)
}

/// Prepares all operations and runs one of them under callgrind.
///
/// # Panics
///
/// Panics if `what` is unknown.
pub fn work(what: &str) {
    if let Some(len) = what.strip_prefix("hostile ") {
        return hostile::read_all(len.parse().expect("a length"));
    }
    if what.ends_with("video") {
        return work_on_video(what);
    }
    let image = in_memory_server::image(LEN);
    let session = in_memory_server::session();
    let len = LEN as u64;
    let mut server = InMemoryServer::new(&image, len);
    match what {
        "nothing" => drop(black_box(image)),
        "md5" => drop(black_box(Md5::digest(&image))),
        "send" | "send-file" => {
            let form = in_memory_server::form(&image, len);
            let form = if what == "send" { form.immutable() } else { form };
            let mut flow = in_memory_server::send(&session, form);
            black_box(server.run(&mut flow, &in_memory_server::accepted(len))).expect("sent");
        }
        "fetch" => {
            let mut flow = in_memory_server::fetch(&session);
            black_box(server.run(&mut flow, &in_memory_server::image_reply(&image)))
                .expect("fetched");
        }
        other => panic!("{other} is not known"),
    }
}

fn work_on_video(what: &str) {
    let video = in_memory_server::video();
    let session = in_memory_server::session();
    let len = video.len() as u64;
    let mut server = InMemoryServer::new(&video, len);
    match what {
        "no-video" => drop(black_box(video)),
        "md5-video" => drop(black_box(Md5::digest(&video))),
        "send-video" => {
            let form = in_memory_server::video_form(&video).immutable();
            let mut flow = in_memory_server::send(&session, form);
            black_box(server.run(&mut flow, &in_memory_server::accepted(len))).expect("sent");
        }
        "fetch-video" => {
            let mut flow = in_memory_server::fetch_video(&session);
            black_box(server.run(&mut flow, &in_memory_server::video_reply(&video)))
                .expect("fetched");
        }
        other => panic!("{other} is not known"),
    }
}

fn instructions() -> Result<Vec<Figure>, String> {
    let nothing = count("nothing")?;
    let of = |what| Ok::<_, String>(count(what)? - nothing);
    let (md5, send, file, fetch) = (of("md5")?, of("send")?, of("send-file")?, of("fetch")?);
    let without = count("no-video")?;
    let of_video = |what: &str| Ok::<_, String>(count(&format!("{what}-video"))? - without);
    let (video_md5, video_send) = (of_video("md5")?, of_video("send")?);
    let video_fetch = of_video("fetch")?;
    let chunks = (LEN / CHUNK) as f64;
    let send_is = "instructions of a send of 20 MiB from memory in the core / of its MD5 alone";
    let file_is =
        "instructions of a send of 20 MiB from a file, which compares chunks / of its MD5";
    let fetch_is = "instructions of a fetch of 20 MiB in the core / of its MD5 alone";
    let video_send_is = "instructions of a send of a video of 20 MiB − 1 from memory / of its MD5";
    let video_fetch_is = "instructions of a fetch of a video of 20 MiB − 1 / of its MD5";
    Ok(vec![
        Figure::count(send_is, send / md5, 4, "").at_most(1.01),
        // Includes the search for invalid bytes, which precedes the parsing of each reply.
        Figure::count("instructions per chunk without MD5", (send - md5) / chunks, 0, "")
            .baseline(38_347.0),
        // XXH3 uses the vector instructions of the CPU, here AVX2.
        Figure::count(file_is, file / md5, 4, "").at_most(1.15),
        Figure::count(fetch_is, fetch / md5, 4, "").at_most(1.01),
        Figure::count(video_send_is, video_send / video_md5, 4, "").at_most(1.01),
        Figure::count(video_fetch_is, video_fetch / video_md5, 4, "").at_most(1.01),
    ])
}

/// Compares the instructions per byte for long and for short replies that are costly to read.
fn growth() -> Result<Figure, String> {
    let per_byte = |len: usize| Ok::<_, String>(count(&format!("hostile {len}"))? / len as f64);
    let [small, large] = hostile::SIZES;
    let growth = per_byte(large)? / per_byte(small)?;
    let what = "instructions per byte of costly replies of 256 KiB / of 32 KiB";
    Ok(Figure::count(what, growth, 2, "").at_most(1.05))
}

/// Returns the number of instructions of a run of this program.
fn count(what: &str) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let ran = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["work", what])
        .output()
        .map_err(|error| format!("valgrind: {error}"))?;
    let text = String::from_utf8_lossy(&ran.stderr);
    let collected =
        text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    collected.filter(|_| ran.status.success()).ok_or_else(|| format!("valgrind: {text}"))
}

const VIDEO_COPIED: &str =
    "bytes of the video that the core copies in a send and a fetch of 20 MiB − 1";

/// Returns the bytes that the core allocates in a fetch of a video, and those that it copies.
fn video_allocations() -> [Figure; 2] {
    let session = in_memory_server::session();
    let video = in_memory_server::video();
    let len = video.len() as u64;
    let mut sent = InMemoryServer::new(&video, len);
    let form = in_memory_server::video_form(&video).immutable();
    sent.run(&mut in_memory_server::send(&session, form), &in_memory_server::accepted(len))
        .expect("sent");
    let mut fetched = InMemoryServer::new(&video, len);
    let mut flow = in_memory_server::fetch_video(&session);
    fetched.run(&mut flow, &in_memory_server::video_reply(&video)).expect("fetched");
    let bytes = fetched.allocations.iter().map(|tally| tally.bytes).sum::<u64>() as f64 / 1024.0;
    let copied = (2 * len - sent.uncopied - fetched.uncopied) as f64;
    let allocated = "bytes allocated in a fetch of a video of 20 MiB − 1";
    [
        Figure::count(allocated, bytes, 0, " KiB").at_most(64.0),
        Figure::count(VIDEO_COPIED, copied, 0, "").at_most(0.0),
    ]
}

const COPIED: &str = "bytes of the image that the core copies in a send and a fetch of 20 MiB";

fn allocations() -> Vec<Figure> {
    let session = in_memory_server::session();
    let image = in_memory_server::image(LEN);
    let len = LEN as u64;
    let mut server = InMemoryServer::new(&image, len);
    let form = in_memory_server::form(&image, len).immutable();
    server
        .run(&mut in_memory_server::send(&session, form), &in_memory_server::accepted(len))
        .expect("sent");
    // From one chunk to the next: the reply to the first one, and the request of the second one.
    let max_per_chunk = |of: fn(&Tally) -> u64| {
        server.allocations[1..40].iter().map(of).max().unwrap_or_default() as f64
    };
    let mut fetched = InMemoryServer::new(&image, len);
    fetched
        .run(&mut in_memory_server::fetch(&session), &in_memory_server::image_reply(&image))
        .expect("fetched");
    let copied = 2 * len - server.uncopied - fetched.uncopied;
    let bytes = fetched.allocations.iter().map(|tally| tally.bytes).sum::<u64>() as f64 / 1024.0;
    let per_piece = fetched.allocations.iter().map(|tally| tally.blocks).sum::<u64>() as f64
        / (LEN / (64 * 1024)) as f64;
    vec![
        Figure::count(
            "allocations per chunk in the core",
            max_per_chunk(|tally| tally.blocks),
            0,
            "",
        )
        .at_most(12.0)
        .baseline(9.0),
        Figure::count(
            "bytes allocated per chunk in the core",
            max_per_chunk(|tally| tally.bytes),
            0,
            " B",
        )
        .at_most(8192.0)
        .baseline(4933.0),
        Figure::count("allocations per 64 KiB of a fetch", per_piece, 2, "").baseline(0.18),
        Figure::count("bytes allocated in a fetch of 20 MiB", bytes, 0, " KiB").at_most(64.0),
        Figure::count(COPIED, copied as f64, 0, "").at_most(0.0),
    ]
}

fn idle() -> Vec<Figure> {
    let mut session = in_memory_server::session();
    let image = in_memory_server::image(2 * CHUNK);
    let before = alloc::live();
    let form = in_memory_server::form(&image, image.len() as u64);
    let mut flow = in_memory_server::send(&session, form);
    let size = |flow: &SendMessage| (alloc::live() - before) as f64 + size_of_val(flow) as f64;
    let fresh = size(&flow);
    // Both chunks are hashed, and the first one is read again and handed out. This driver does not
    // keep the bytes.
    for _ in 0..3 {
        let Action::Read(span) = flow.poll(&mut session, Duration::ZERO) else {
            unreachable!("the flow reads three times")
        };
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(image.len());
        let bytes = image.slice(at(span.start)..at(span.end));
        flow.handle(Input::Read(bytes), Duration::ZERO).expect("it asked");
    }
    drop(flow.poll(&mut session, Duration::ZERO));
    vec![
        Figure::count("size of an idle SendMessage, heap and stack", fresh, 0, " B")
            .at_most(4096.0)
            .baseline(2374.0),
        Figure::count(
            "size of a SendMessage during a chunk, without the bytes of the chunk",
            size(&flow),
            0,
            " B",
        ),
    ]
}

/// Compares late chunks of a long file with early ones, by the medians of a hundred chunks each.
/// The spread is the ratio of the two halves of a hundred.
///
/// # Panics
///
/// Panics if the send fails.
#[must_use]
pub fn late_chunks() -> Vec<Figure> {
    let session = in_memory_server::session();
    let chunk = in_memory_server::image(CHUNK);
    let len = 10_100 * CHUNK as u64;
    let mut server = InMemoryServer::new(&chunk, len);
    server
        .run(
            &mut in_memory_server::send(&session, in_memory_server::form(&chunk, len)),
            &in_memory_server::accepted(len),
        )
        .expect("sent");
    let median_time = |from: usize, step: usize| {
        let pairs = server.sent[from..from + 101].windows(2).step_by(step);
        let mut times: Vec<_> = pairs.map(|pair| (pair[1] - pair[0]).as_nanos()).collect();
        times.sort_unstable();
        times[times.len() / 2] as f64
    };
    let cost = |at: usize| server.allocations[at];
    let row = Figure::count(
        "time of the 10 000th chunk without MD5 / of the 100th",
        median_time(9_950, 1) / median_time(50, 1),
        2,
        "",
    );
    let more = |of: fn(Tally) -> u64| {
        of(cost(9_999)).abs_diff(of(cost(100))) + of(cost(100)).abs_diff(of(cost(1)))
    };
    vec![
        Figure { identical: Some(median_time(50, 2) / median_time(51, 2)), ..row.at_most(1.05) },
        Figure::count(
            "difference in allocations of the 1st, the 100th and the 10 000th chunk",
            more(|tally| tally.blocks) as f64,
            0,
            "",
        )
        .at_most(0.0),
    ]
}
