//! Counts the instructions and allocations of the core, which do not depend on other load.
//!
//! `cargo run --release -p wx-benches --no-default-features --bin counts` prints the figures. With
//! `-- --check`, it fails if a figure is above its limit or has risen. It needs valgrind, because
//! callgrind counts the instructions.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints a table")]

use std::process::ExitCode;

use wx_benches::{alloc, counts};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["work", what] => counts::work(what),
        [] | ["--check"] => {
            let rows = match counts::rows() {
                Ok(rows) => rows,
                Err(problem) => {
                    eprintln!("counts: {problem}");
                    return ExitCode::FAILURE;
                }
            };
            print!("{}", wx_benches::figure::table(&rows));
            let bad: Vec<_> =
                rows.iter().filter(|row| !row.is_within_limit() || row.has_risen()).collect();
            for row in &bad {
                let baseline = row.baseline.map(|baseline| format!(" (baseline {baseline})"));
                eprintln!("counts: {} is {}{}", row.what, row.value, baseline.unwrap_or_default());
            }
            if !args.is_empty() && !bad.is_empty() {
                eprintln!(
                    "counts: fix the code, or update the baseline in benches/src/counts.rs, with a \
                     reason"
                );
                return ExitCode::FAILURE;
            }
        }
        _ => {
            eprintln!("counts: the only argument is --check");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
