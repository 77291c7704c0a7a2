//! Runs the released clients and compares the results with `docs/clients.md`.
//!
//! Usage: `clients [--write] [--installed DIR] [CLIENT]...`. With `--write`, the table is written
//! into the document instead of compared. `--installed` is the directory of the packages from
//! `clients/install.sh`, by default `target/clients`; the output of the clients is written to its
//! subdirectory `logs`. If clients are named, only these are run, and the document is neither
//! compared nor written.

#![expect(clippy::print_stdout, reason = "prints the results for the person who started it")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Instant;

use wx_testing::clients::{Client, ROSTER, Run, run, table};

/// Clients mostly wait, so more clients run in parallel than there are cores.
const AT_ONCE: usize = 3;
const BEGIN: &str = "<!-- table -->\n";
const END: &str = "<!-- end of table -->\n";

fn main() -> ExitCode {
    match judge() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("clients: {error}");
            ExitCode::FAILURE
        }
    }
}

fn judge() -> Result<bool, Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let (mut write, mut installed, mut names) = (false, root.join("target/clients"), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--write" => write = true,
            "--installed" => installed = PathBuf::from(arguments.next().unwrap_or_default()),
            name => names.push(name.to_owned()),
        }
    }
    if write && !names.is_empty() {
        return Err("--write needs the results of all clients".into());
    }
    let known = |name: &String| ROSTER.iter().any(|client| client.name == name);
    if let Some(name) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no client {name}").into());
    }
    let chosen: Vec<&Client> = ROSTER
        .iter()
        .filter(|client| names.is_empty() || names.iter().any(|name| name == client.name))
        .collect();
    let drivers = root.join("crates/wx-testing/clients");
    let runs = run_all(&chosen, &drivers, &installed)?;
    let mut good = true;
    for (client, run) in &runs {
        println!("== {}: {} requests for messages", client.name, run.polls);
        for (what, count) in &run.violations {
            println!("   violation, {count} x {what}");
        }
        for difference in run.differences(client) {
            good = false;
            println!("   NOT AS EXPECTED: {difference}");
        }
    }
    let table = table(&runs);
    println!("{table}");
    if names.is_empty() {
        good &= compare(&root.join("docs/clients.md"), &table, write)?;
    }
    println!("{} clients, {}", runs.len(), if good { "as expected" } else { "NOT as expected" });
    Ok(good)
}

fn run_all<'a>(
    clients: &[&'a Client],
    drivers: &Path,
    installed: &Path,
) -> std::io::Result<Vec<(&'a Client, Run)>> {
    let scratch = tempfile::tempdir()?;
    let (next, done) = (Mutex::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let place = {
                        let mut next =
                            next.lock().expect("no thread panics while it holds the lock");
                        *next += 1;
                        *next - 1
                    };
                    let Some(client) = clients.get(place) else { return };
                    let began = Instant::now();
                    let run = run(client, drivers, installed, scratch.path());
                    println!("   {} took {:.1} s", client.name, began.elapsed().as_secs_f32());
                    done.lock()
                        .expect("no thread panics while it holds the lock")
                        .push((place, run));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("no thread panics while it holds the lock");
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(place, run)| Ok((clients[place], run?))).collect()
}

/// Compares the table with the document, or writes it there. Returns whether they are equal.
fn compare(document: &Path, table: &str, write: bool) -> Result<bool, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(document)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("docs/clients.md has no table")?;
    let (old, after) = rest.split_once(END).ok_or("docs/clients.md has no end of its table")?;
    if write {
        std::fs::write(document, format!("{before}{BEGIN}\n{table}\n{END}{after}"))?;
        return Ok(true);
    }
    let same = old.trim() == table.trim();
    if !same {
        println!("docs/clients.md has another table: run this with --write and review the change");
    }
    Ok(same)
}
