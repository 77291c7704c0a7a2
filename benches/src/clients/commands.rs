//! Measures the process of the `wx` command: its peak memory, and its CPU time compared with curl
//! and md5sum.

use std::path::Path;
use std::process::{Command, Stdio};

use wait4::Wait4;

use crate::figure::Figure;
use crate::in_memory_server::{CHUNK, LEN, image};
use crate::paired_timing::median;

/// The resources used by a process.
#[derive(Clone, Copy, Debug)]
struct ResourceUsage {
    /// User and system time in seconds.
    cpu: f64,
    /// The peak of resident memory in bytes.
    peak: f64,
}

/// Runs a program and prints the resources that it used, for `figures measure PROGRAM …`. A process
/// inherits the peak of its parent, so the parent has to be small.
///
/// # Errors
///
/// Returns an error if the program fails.
pub fn measure(program: &[&str]) -> Result<(), String> {
    let [program, args @ ..] = program else { return Err("no program".to_owned()) };
    let child = Command::new(program).args(args).stdout(Stdio::null()).spawn();
    let used =
        child.and_then(|mut child| child.wait4()).map_err(|error| format!("{program}: {error}"))?;
    if !used.status.success() {
        return Err(format!("{program}: {}", used.status));
    }
    let rusage = used.rusage;
    println!("{} {}", (rusage.utime + rusage.stime).as_secs_f64(), rusage.maxrss);
    Ok(())
}

fn run(scratch: &Path, program: &Path, args: &[&str]) -> ResourceUsage {
    let this_program = std::env::current_exe().expect("this program");
    let ran = Command::new(this_program)
        .current_dir(scratch)
        .arg("measure")
        .arg(program)
        .args(args)
        .output();
    let ran = ran.expect("the program starts");
    assert!(
        ran.status.success(),
        "{}: {}",
        program.display(),
        String::from_utf8_lossy(&ran.stderr)
    );
    let text = String::from_utf8_lossy(&ran.stdout);
    let (cpu, peak) = text.trim().split_once(' ').expect("two numbers");
    let number = |text: &str| text.parse().expect("a number");
    ResourceUsage { cpu: number(cpu), peak: number(peak) }
}

fn send(wx: &Path, scratch: &Path, transport: &str, args: &[&str]) -> ResourceUsage {
    let fixed = ["--session", "session.json", "--to", "filehelper", "--transport", transport];
    run(scratch, wx, &[&args[..1], &fixed, &args[1..]].concat())
}

/// Measures peak resident memory.
///
/// # Panics
///
/// Panics if a send or a fetch fails.
#[must_use]
pub fn memory(wx: &Path, scratch: &Path, runs: usize) -> Vec<Figure> {
    const MIB: usize = 1024 * 1024;
    for mib in [1, 20, 200] {
        std::fs::write(scratch.join(format!("{mib}.jpg")), image(mib * MIB)).expect("a file");
        let message = format!(r#"{{"attachment":{}}}"#, super::file(mib * MIB));
        std::fs::write(scratch.join(format!("{mib}.json")), message).expect("a file");
    }
    std::fs::write(scratch.join("20.mp4"), crate::in_memory_server::video()).expect("a file");
    let mut rows = Vec::new();
    for (transport, limit) in [("ureq", 9.0), ("reqwest", 11.0)] {
        let peak = |used: &dyn Fn() -> ResourceUsage| {
            let one = |_| used().peak / MIB as f64;
            median((0..runs).map(one).collect())
        };
        let image = |file: &str| {
            let args = ["send-image", "--max-size", "1000000000", file];
            peak(&|| send(wx, scratch, transport, &args))
        };
        let file = |file: &str| {
            let args = ["send", "--as", "file", file];
            peak(&|| send(wx, scratch, transport, &args))
        };
        let video = || peak(&|| send(wx, scratch, transport, &["send", "--as", "video", "20.mp4"]));
        let fetch = |message: &str| {
            let args = ["fetch", "--session", "session.json", "--transport", transport, "--force"];
            let args = [&args[..], &["--out", "fetched", "--message", message]].concat();
            peak(&|| run(scratch, wx, &args))
        };
        let mut row = |what: String, figure, limit| {
            rows.push(Figure::count(what, figure, 2, " MiB").at_most(limit));
        };
        row(
            format!("peak memory of `wx send-image` of 20 MiB, {transport}"),
            image("20.jpg"),
            limit,
        );
        let longer = "of 200 MiB minus that of 1 MiB";
        let difference = image("200.jpg") - image("1.jpg");
        row(format!("peak memory of `wx send-image` {longer}, {transport}"), difference, 0.5);
        row(
            format!("peak memory of `wx send --as file` of 200 MiB, {transport}"),
            file("200.jpg"),
            limit,
        );
        row(
            format!("peak memory of `wx send --as video` of 20 MiB − 1, {transport}"),
            video(),
            limit,
        );
        // Not minus that of 1 MiB: hyper enlarges its read buffer during the first few MiB.
        let difference = fetch("200.json") - fetch("20.json");
        let longer = "of 200 MiB minus that of 20 MiB";
        row(format!("peak memory of `wx fetch` of a file {longer}, {transport}"), difference, 0.5);
    }
    rows
}

/// Compares the CPU time of a send of 20 MiB with the CPU time of md5sum and of curl with the same
/// bodies.
///
/// # Panics
///
/// Panics if a program fails.
#[must_use]
pub fn curl(wx: &Path, scratch: &Path, base: &str, pairs: usize) -> Figure {
    let bytes = image(LEN);
    std::fs::write(scratch.join("20.jpg"), &bytes).expect("a file");
    let mut config = String::new();
    for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
        let name = format!("body{index}");
        let text =
            [&vec![b'-'; 1800][..], chunk, b"\r\n------WebKitFormBoundaryAAAAAAAAAAAAAAAA--\r\n"]
                .concat();
        std::fs::write(scratch.join(&name), text).expect("a file");
        let next = if index > 0 { "next\n" } else { "" };
        config += &format!(
            "{next}silent\nheader = \"Expect:\"\ndata-binary = \"@{name}\"\noutput = \
             \"/dev/null\"\n\
             url = \"{base}/cgi-bin/mmwebwx-bin/webwxuploadmedia?f=json\"\n"
        );
    }
    std::fs::write(scratch.join("curl.config"), config).expect("a file");
    let ours = || send(wx, scratch, "ureq", &["send-image", "20.jpg"]).cpu;
    let theirs = || {
        let posted = run(scratch, Path::new("curl"), &["-q", "--config", "curl.config"]);
        posted.cpu + run(scratch, Path::new("md5sum"), &["20.jpg"]).cpu
    };
    let rounds: Vec<_> = (0..pairs).map(|_| (theirs(), ours(), theirs())).collect();
    let ratio = median(rounds.iter().map(|(one, ours, two)| 2.0 * ours / (one + two)).collect());
    let identical = median(rounds.iter().map(|(one, _, two)| one / two).collect());
    Figure {
        identical: Some(identical),
        ..Figure::count(
            "CPU time of `wx send-image` of 20 MiB / of curl with the same 40 bodies and md5sum",
            ratio,
            3,
            "",
        )
        .at_most(0.75)
    }
}
