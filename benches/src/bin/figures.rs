//! Prints the table of `benches/README.md`: `cargo run --release -p wx-benches`. With `-- --quick`,
//! it takes about two minutes. Names of parts select these parts.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints a table")]

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use wx_benches::clients::{
    self, Files, Load, at_once, busy_cores, commands, shared_session, waiting,
};
use wx_benches::server::{self, Server};
use wx_benches::{alloc, counts, figure};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

/// The number of repetitions of each measurement.
struct Times {
    pairs: usize,
    fetches: usize,
    files: usize,
    at_once: usize,
    runs: usize,
}

const FULL: Times = Times { pairs: 100, fetches: 100, files: 24, at_once: 100, runs: 11 };
const QUICK: Times = Times { pairs: 25, fetches: 10, files: 5, at_once: 1, runs: 3 };

const PARTS: [&str; 10] = [
    "core",
    "ureq",
    "reqwest",
    "video",
    "file",
    "curl",
    "memory",
    "at-once",
    "busy-cores",
    "waiting",
];

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => server::serve().map_err(|error| error.to_string()),
        ["work", what] => {
            counts::work(what);
            Ok(())
        }
        ["wait", kind, session, sessions] => waiting::wait(kind, session, sessions),
        ["measure", ref program @ ..] => commands::measure(program),
        ["--quick", ref parts @ ..] => print(&QUICK, parts),
        ref parts => print(&FULL, parts),
    };
    if let Err(problem) = done {
        eprintln!("figures: {problem}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn print(times: &Times, parts: &[&str]) -> Result<(), String> {
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(part)) {
        return Err(format!("{unknown} is neither --quick nor one of {}", PARTS.join(", ")));
    }
    if cfg!(debug_assertions) {
        return Err("figures of a build without --release are meaningless".to_owned());
    }
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    let text = |error: std::io::Error| error.to_string();
    // Uses a file system in memory if possible, because disks are not measured.
    let place = Some(PathBuf::from("/dev/shm")).filter(|place| place.is_dir());
    let scratch = tempfile::tempdir_in(place.unwrap_or_else(std::env::temp_dir)).map_err(text)?;
    let scratch = scratch.path();
    let server = Server::start().map_err(text)?;
    let base = server.base();
    let session = clients::session(&base).to_json();
    std::fs::write(scratch.join("session.json"), session.expose()).map_err(text)?;
    let image = Files::new(Load::IMAGE, &base, scratch);

    let mut rows = Vec::new();
    if wanted("core") {
        rows.extend(counts::rows()?);
        rows.extend(counts::late_chunks());
    }
    if wanted("ureq") {
        rows.extend(image.ureq(times.pairs, times.fetches));
    }
    if wanted("reqwest") {
        rows.extend(image.reqwest(times.pairs, times.fetches));
    }
    if wanted("video") {
        let video = Files::new(Load::VIDEO, &base, scratch);
        rows.extend(video.ureq(times.pairs, times.fetches));
        rows.extend(video.reqwest(times.pairs, times.fetches));
    }
    if wanted("file") {
        let file = Files::new(Load::FILE, &base, scratch);
        rows.extend(file.ureq(times.files, times.files));
        rows.extend(file.reqwest(times.files, times.files));
    }
    if wanted("curl") {
        rows.push(commands::curl(&build()?, scratch, &base, times.pairs));
    }
    if wanted("memory") {
        rows.extend(commands::memory(&build()?, scratch, times.runs));
    }
    if wanted("at-once") {
        rows.extend(shared_session::rows(times.runs));
        rows.extend(at_once::rows(&base, scratch, times.at_once));
    }
    if wanted("busy-cores") {
        rows.extend(busy_cores::rows(&server, times.runs));
    }
    if wanted("waiting") {
        rows.extend(waiting::rows(scratch)?);
    }
    print!("{}", figure::table(&rows));
    Ok(())
}

/// Builds the command as a user would, and returns its path.
fn build() -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built =
        Command::new(cargo).args(["build", "--quiet", "--release", "--package", "wx-cli"]).status();
    if !built.is_ok_and(|status| status.success()) {
        return Err("wx-cli could not be built".to_owned());
    }
    let this_program = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(this_program.with_file_name(format!("wx{}", std::env::consts::EXE_SUFFIX)))
}
