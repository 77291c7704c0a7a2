//! Instructions and allocations of the core, apart from any network and disk.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use md5::{Digest, Md5};
use wx_proto::flow::{Action, Flow, Input, SendImage};

use crate::alloc::{self, Tally};
use crate::hostile;
use crate::perfect::{self, CHUNK, LEN, Perfect};
use crate::row::Row;

/// All figures.
///
/// # Errors
/// If valgrind cannot be run.
pub fn rows() -> Result<Vec<Row>, String> {
    let mut rows = instructions()?;
    rows.extend([growth()?, hostile::peak()]);
    rows.extend(allocations());
    rows.extend(idle());
    Ok(rows)
}

/// What is run under callgrind: the same preparations, then one thing.
///
/// # Panics
/// If `what` is not known.
pub fn work(what: &str) {
    if let Some(len) = what.strip_prefix("hostile ") {
        return hostile::read_all(len.parse().expect("a length"));
    }
    let picture = perfect::picture(LEN);
    let session = perfect::session();
    let len = LEN as u64;
    let mut world = Perfect::new(&picture, len);
    match what {
        "nothing" => drop(black_box(picture)),
        "md5" => drop(black_box(Md5::digest(&picture))),
        "send" | "send-file" => {
            let form = perfect::form(&picture, len);
            let form = if what == "send" { form.immutable() } else { form };
            let mut flow = perfect::send(&session, form);
            black_box(world.run(&mut flow, &perfect::accepted(len))).expect("sent");
        }
        "fetch" => {
            let mut flow = perfect::fetch(&session);
            black_box(world.run(&mut flow, &perfect::image(&picture))).expect("fetched");
        }
        other => panic!("{other} is not known"),
    }
}

fn instructions() -> Result<Vec<Row>, String> {
    let nothing = count("nothing")?;
    let of = |what| Ok::<_, String>(count(what)? - nothing);
    let (md5, send, file, fetch) = (of("md5")?, of("send")?, of("send-file")?, of("fetch")?);
    let chunks = (LEN / CHUNK) as f64;
    let send_is =
        "instructions of a whole send of 20 MiB in the core, from memory / of its MD5 alone";
    let file_is = "the same where the source may change, as a file may";
    let fetch_is = "instructions of a whole fetch of 20 MiB in the core / of its MD5 alone";
    Ok(vec![
        Row::count(send_is, send / md5, 4, "").at_most(1.01),
        // Answers are looked through for odd bytes before they are read.
        Row::count("instructions a chunk besides MD5", (send - md5) / chunks, 0, "").was(38_347.0),
        // XXH3 takes what the CPU has: AVX2 here.
        Row::count(file_is, file / md5, 4, "").at_most(1.15),
        Row::count(fetch_is, fetch / md5, 4, "").at_most(1.01),
    ])
}

/// How the instructions that a costly answer takes grow with its length: by as much a byte.
fn growth() -> Result<Row, String> {
    let per_byte = |len: usize| Ok::<_, String>(count(&format!("hostile {len}"))? / len as f64);
    let [small, large] = hostile::SIZES;
    let growth = per_byte(large)? / per_byte(small)?;
    let what = "instructions a byte of costly answers of 256 KiB each / of 32 KiB each";
    Ok(Row::count(what, growth, 2, "").at_most(1.05))
}

/// Instructions of a run of this program.
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

const COPIED: &str = "bytes of picture that the core hands out from elsewhere than where it got them, send and fetch of 20 MiB";

fn allocations() -> Vec<Row> {
    let session = perfect::session();
    let picture = perfect::picture(LEN);
    let len = LEN as u64;
    let mut world = Perfect::new(&picture, len);
    let form = perfect::form(&picture, len).immutable();
    world.run(&mut perfect::send(&session, form), &perfect::accepted(len)).expect("sent");
    // Between the hand-out of a chunk and that of the next: its answer, and the next one's request.
    let most = |of: fn(&Tally) -> u64| {
        world.allocations[1..40].iter().map(of).max().unwrap_or_default() as f64
    };
    let mut fetched = Perfect::new(&picture, len);
    fetched.run(&mut perfect::fetch(&session), &perfect::image(&picture)).expect("fetched");
    let copied = 2 * len - world.uncopied - fetched.uncopied;
    let bytes = fetched.allocations.iter().map(|tally| tally.bytes).sum::<u64>() as f64 / 1024.0;
    let per_piece = fetched.allocations.iter().map(|tally| tally.blocks).sum::<u64>() as f64
        / (LEN / (64 * 1024)) as f64;
    vec![
        Row::count("allocations a chunk in the core", most(|tally| tally.blocks), 0, "")
            .at_most(12.0)
            .was(9.0),
        Row::count("their bytes", most(|tally| tally.bytes), 0, " B").at_most(8192.0).was(4933.0),
        Row::count("allocations a 64 KiB piece of a fetch", per_piece, 2, "").was(0.18),
        Row::count("bytes allocated in a whole fetch of 20 MiB", bytes, 0, " KiB").at_most(64.0),
        Row::count(COPIED, copied as f64, 0, "").at_most(0.0),
    ]
}

fn idle() -> Vec<Row> {
    let mut session = perfect::session();
    let picture = perfect::picture(2 * CHUNK);
    let before = alloc::live();
    let form = perfect::form(&picture, picture.len() as u64);
    let mut flow = perfect::send(&session, form);
    let size = |flow: &SendImage| (alloc::live() - before) as f64 + size_of_val(flow) as f64;
    let fresh = size(&flow);
    // Both chunks digested, the first one loaded and handed out; what is handed out is not kept by
    // the driver here.
    for _ in 0..3 {
        let Action::Read(span) = flow.poll(&mut session, Duration::ZERO) else {
            unreachable!("it loads three times")
        };
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(picture.len());
        let bytes = picture.slice(at(span.start)..at(span.end));
        flow.handle(Input::Read(bytes), Duration::ZERO).expect("it asked");
    }
    drop(flow.poll(&mut session, Duration::ZERO));
    vec![
        // With the limits of a request, the time of the first hand-out, and why the last try
        // failed.
        Row::count("size of an idle SendImage, heap and stack", fresh, 0, " B")
            .at_most(4096.0)
            .was(2374.0),
        Row::count(
            "its size with a chunk on the way, the chunk's bytes excepted",
            size(&flow),
            0,
            " B",
        ),
    ]
}

/// What a chunk costs late in a long picture: the time of the 10 000th over that of the 100th,
/// medians of a hundred each, all of a file that may change. Where one half of the hundred is
/// compared with the other, that is what chance does.
///
/// # Panics
/// If the send fails.
#[must_use]
pub fn flat() -> Vec<Row> {
    let session = perfect::session();
    let chunk = perfect::picture(CHUNK);
    let len = 10_100 * CHUNK as u64;
    let mut world = Perfect::new(&chunk, len);
    world
        .run(&mut perfect::send(&session, perfect::form(&chunk, len)), &perfect::accepted(len))
        .expect("sent");
    let took = |from: usize, step: usize| {
        let pairs = world.sent[from..from + 101].windows(2).step_by(step);
        let mut times: Vec<_> = pairs.map(|pair| (pair[1] - pair[0]).as_nanos()).collect();
        times.sort_unstable();
        times[times.len() / 2] as f64
    };
    let cost = |at: usize| world.allocations[at];
    let row = Row::count(
        "time of the 10 000th chunk besides MD5 / of the 100th",
        took(9_950, 1) / took(50, 1),
        2,
        "",
    );
    let more = |of: fn(Tally) -> u64| {
        of(cost(9_999)).abs_diff(of(cost(100))) + of(cost(100)).abs_diff(of(cost(1)))
    };
    vec![
        Row { identical: Some(took(50, 2) / took(51, 2)), ..row.at_most(1.05) },
        Row::count(
            "allocations by which the 1st, the 100th and the 10 000th chunk differ",
            more(|tally| tally.blocks) as f64,
            0,
            "",
        )
        .at_most(0.0),
    ]
}
