//! Black-box tests of the emulator, over plain sockets.

#![allow(clippy::unwrap_used, clippy::type_complexity, reason = "helpers and tables of tests")]

mod avatars;
mod capture;
mod earlier_logins;
mod fault_effects;
mod faults;
mod files;
mod forwarding;
mod host_names;
mod incoming;
mod lies;
mod logins;
mod more_calls;
mod odd_bodies;
mod odd_clients;
mod other_clients;
mod page;
mod parallel_lies;
mod recordings;
mod refusals;
mod repeats;
mod revoking;
mod sending;
mod vector_clients;
