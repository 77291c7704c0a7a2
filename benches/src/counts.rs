//! Instructions and allocations of the core, apart from any network and disk.

use std::hint::black_box;
use std::process::Command;

use md5::{Digest, Md5};

use crate::alloc::{self, Tally};
use crate::perfect::{self, CHUNK, LEN, Perfect};
use crate::row::Row;

/// All figures.
///
/// # Errors
/// If valgrind cannot be run.
pub fn rows() -> Result<Vec<Row>, String> {
    let mut rows = instructions()?;
    rows.extend(allocations());
    rows.push(idle());
    Ok(rows)
}

/// What is run under callgrind: the same preparations, then one thing.
///
/// # Panics
/// If `what` is not known.
pub fn work(what: &str) {
    let picture = perfect::picture(LEN);
    let session = perfect::session();
    let len = LEN as u64;
    let mut world = Perfect::new(&picture, len);
    match what {
        "nothing" => drop(black_box(picture)),
        "md5" => drop(black_box(Md5::digest(&picture))),
        "send" => {
            let mut flow = perfect::send(&session, &picture[..64], len);
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
    let [md5, send, fetch] = ["md5", "send", "fetch"].map(|what| Ok::<_, String>(count(what)? - nothing));
    let (md5, send, fetch) = (md5?, send?, fetch?);
    let chunks = (LEN / CHUNK) as f64;
    Ok(vec![
        Row::count(
            "instructions of a whole send of 20 MiB in the core / of its MD5 alone",
            send / md5,
            4,
            "",
        )
        .at_most(1.01),
        Row::count("instructions a chunk besides MD5", (send - md5) / chunks, 0, "").at_most(50_000.0),
        Row::count(
            "instructions of a whole fetch of 20 MiB in the core / of its MD5 alone",
            fetch / md5,
            4,
            "",
        )
        .at_most(1.01),
    ])
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
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    collected.filter(|_| ran.status.success()).ok_or_else(|| format!("valgrind: {text}"))
}

fn allocations() -> Vec<Row> {
    let session = perfect::session();
    let picture = perfect::picture(LEN);
    let len = LEN as u64;
    let mut world = Perfect::new(&picture, len);
    world.run(&mut perfect::send(&session, &picture[..64], len), &perfect::accepted(len)).expect("sent");
    // Between the hand-out of a chunk and that of the next: its answer, and the next one's request.
    let most =
        |of: fn(&Tally) -> u64| world.allocations[1..40].iter().map(of).max().unwrap_or_default() as f64;
    let mut fetched = Perfect::new(&picture, len);
    fetched.run(&mut perfect::fetch(&session), &perfect::image(&picture)).expect("fetched");
    let copied = 2 * len - world.uncopied - fetched.uncopied;
    let per_piece =
        fetched.allocations.iter().map(|tally| tally.blocks).sum::<u64>() as f64 / (LEN / (64 * 1024)) as f64;
    vec![
        Row::count("allocations a chunk in the core", most(|tally| tally.blocks), 0, "").at_most(12.0),
        Row::count("their bytes", most(|tally| tally.bytes), 0, " B").at_most(8192.0),
        Row::count("allocations a 64 KiB piece of a fetch", per_piece, 2, "").at_most(0.25),
        Row::count(
            "bytes of picture copied by the core, in a send and a fetch of 20 MiB",
            copied as f64,
            0,
            "",
        )
        .at_most(0.0),
    ]
}

fn idle() -> Row {
    let session = perfect::session();
    let first = perfect::picture(64);
    let before = alloc::live();
    let flow = perfect::send(&session, &first, LEN as u64);
    let heap = alloc::live() - before;
    let size = heap + size_of_val(&flow) as u64;
    Row::count("size of an idle SendImage, heap and stack", size as f64, 0, " B").at_most(4096.0)
}
