//! Provokes each fault of `docs/faults.md` at each place of each job, and compares the results with
//! the rules in `rules.rs`: the full product in virtual time, and a part of it over sockets with
//! both clients. `UPDATE=1 cargo test -p wx-testing --test faults` writes the tables from the
//! rules.
#![allow(clippy::unwrap_used)]

mod docs;
mod ends;
mod faults;
mod in_memory;
mod jobs;
mod rules;
mod sockets;
