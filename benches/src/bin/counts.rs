//! What does not depend on the machine's mood: instructions and allocations of the core.
//!
//! `cargo run --release -p wx-benches --no-default-features --bin counts`, and `-- --check` to fail
//! where a figure is above its limit or has risen. Instructions are counted by valgrind's
//! callgrind, which has to be there.
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
            print!("{}", wx_benches::row::table(&rows));
            let bad: Vec<_> = rows.iter().filter(|row| !row.holds() || row.has_risen()).collect();
            for row in &bad {
                let was = row.was.map(|was| format!(", it was {was}")).unwrap_or_default();
                eprintln!("counts: {} is {}{was}", row.what, row.figure);
            }
            if !args.is_empty() && !bad.is_empty() {
                eprintln!(
                    "counts: mend it, or set what it is now in benches/src/counts.rs and say why"
                );
                return ExitCode::FAILURE;
            }
        }
        _ => {
            eprintln!("counts: the one argument is --check");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
