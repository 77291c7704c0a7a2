#![doc = include_str!("../README.md")]

mod args;
mod client;
mod command;
mod escape;
mod event;
mod file_stamp;
mod files;
mod job_dir;
mod out;
mod pace;
mod place;
mod problem;
mod qr;
mod rate_limit;
mod report;
mod session;
mod signals;
mod trace;
mod withhold;
mod worker;

use std::process::ExitCode;

use args::Args;

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(code) => return code,
    };
    std::env::args_os().for_each(|arg| withhold::allow_in_path(&arg.to_string_lossy()));
    // ureq would use this provider anyway; reqwest is built without one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    command::run(args)
}
