//! The commands, one per file.

mod avatar;
mod batch;
mod contacts;
mod demo;
mod doctor;
mod download;
mod emulate;
mod event_file;
mod fetch;
mod forward;
mod import;
mod login;
mod logout;
mod resume;
mod revoke;
mod send;
mod watch;
mod whoami;

use std::process::ExitCode;

use wx_client::temp_file;

use crate::args::{
    Args, Avatar, Command, Fetch, FetchImage, Forward, Send, SendImage, SessionFile,
};
use crate::{files, out, place};

/// Runs the command and returns its exit code.
pub(crate) fn run(args: Args) -> ExitCode {
    // Nothing is done whose result could not be printed.
    if let Some(why) = out::check(acts(&args.command)) {
        out::error(&format!("standard output: {why}; nothing was done"));
        return ExitCode::FAILURE;
    }
    sweep(&args.command);
    let global = args.global;
    match args.command {
        Command::Demo(demo) => demo::run(demo, global),
        Command::Doctor(doctor) => doctor::run(&doctor, global),
        Command::Emulate(emulate) => emulate::run(&emulate, &global),
        Command::Send(send) => send::run(send, global),
        Command::SendImage(send) => send::run_image(send, global),
        Command::Forward(args) => forward::run(args, global),
        Command::Resume(resume) => resume::run(resume, global),
        Command::Revoke(revoke) => revoke::run(revoke, global),
        Command::Fetch(fetch) => fetch::run(fetch, global),
        Command::FetchImage(fetch) => fetch::run_image(fetch, global),
        Command::Avatar(args) => avatar::run(args, global),
        Command::Import(import) => import::run(import, global),
        Command::Login(login) => login::run(login, global),
        Command::Whoami(args) => whoami::run(&args, global),
        Command::Contacts(args) => contacts::run(args, global),
        Command::Watch(watch) => watch::run(watch, global),
        Command::Logout(args) => logout::run(&args, global),
    }
}

/// Returns whether the command does something that must not be done twice.
fn acts(command: &Command) -> bool {
    match command {
        Command::Demo(_)
        | Command::Doctor(_)
        | Command::Emulate(_)
        | Command::Avatar(_)
        | Command::Fetch(_)
        | Command::FetchImage(_)
        | Command::Whoami(_)
        | Command::Contacts(_) => false,
        Command::Send(_)
        | Command::SendImage(_)
        | Command::Forward(_)
        | Command::Resume(_)
        | Command::Revoke(_)
        | Command::Import(_)
        | Command::Login(_)
        | Command::Watch(_)
        | Command::Logout(_) => true,
    }
}

/// Removes temporary files that killed processes left next to the files that the command writes.
fn sweep(command: &Command) {
    let (session, files, directory) = match command {
        // It changes nothing.
        Command::Doctor(_) => return,
        Command::Demo(_) => (None, [None, None], None),
        Command::Emulate(args) => {
            (None, [args.port_file.as_ref(), args.session_file.as_ref()], None)
        }
        Command::Send(Send { options, .. })
        | Command::SendImage(SendImage { options, .. })
        | Command::Forward(Forward { options, .. }) => {
            (Some(&options.session), [None, None], options.resume_dir.as_ref())
        }
        Command::Resume(args) => (Some(&args.session), [None, None], Some(&args.dir)),
        Command::Fetch(Fetch { download, .. })
        | Command::FetchImage(FetchImage { download, .. })
        | Command::Avatar(Avatar { download, .. }) => {
            (Some(&download.session), [Some(&download.out), None], None)
        }
        Command::Login(args) => (Some(&args.session), [args.qr.as_ref(), None], None),
        Command::Import(args) => (Some(&args.session), [None, None], None),
        Command::Watch(args) => (Some(&args.session), [None, None], args.saving_dir()),
        Command::Contacts(args) => (Some(&args.session), [None, None], None),
        Command::Revoke(args) => (Some(&args.session), [None, None], None),
        Command::Whoami(args) | Command::Logout(args) => (Some(&args.session), [None, None], None),
    };
    let session = session.map_or_else(place::default_path, SessionFile::place);
    files
        .into_iter()
        .flatten()
        .chain([&session])
        .for_each(|file| files::remove_stale_temp_files(file));
    if let Some(directory) = directory {
        temp_file::sweep(directory);
    }
}
