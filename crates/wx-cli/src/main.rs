#![doc = include_str!("../README.md")]

mod account;
mod args;
mod batch;
mod demo;
mod emulate;
mod escape;
mod event;
mod fetch;
mod file_stamp;
mod files;
mod job;
mod job_dir;
mod login;
mod out;
mod pace;
mod problem;
mod qr;
mod rate_limit;
mod report;
mod resume;
mod send;
mod session;
mod signals;
mod trace;
mod transport;
mod watch;
mod withhold;

use std::process::ExitCode;

use args::{Args, Command};

fn main() -> ExitCode {
    let args = match Args::read() {
        Ok(args) => args,
        Err(code) => return code,
    };
    std::env::args_os().for_each(|arg| withhold::allow_in_path(&arg.to_string_lossy()));
    files::sweep(&args.command);
    let global = args.global;
    match args.command {
        Command::Demo(demo) => demo::run(demo, global),
        Command::Emulate(emulate) => emulate::run(&emulate, &global),
        Command::SendImage(send) => send::run(send, global),
        Command::Resume(resume) => resume::run(resume, global),
        Command::FetchImage(fetch) => fetch::run(fetch, global),
        Command::Login(login) => login::run(login, global),
        Command::Whoami(args) => account::whoami(&args, global),
        Command::Contacts(args) => account::contacts(&args, global),
        Command::Watch(watch) => watch::run(watch, global),
        Command::Logout(args) => account::logout(&args, global),
    }
}
