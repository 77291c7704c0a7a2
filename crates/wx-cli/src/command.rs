//! The commands, one per file.

mod batch;
mod contacts;
mod demo;
mod emulate;
mod fetch;
mod login;
mod logout;
mod resume;
mod send;
mod watch;
mod whoami;

use std::process::ExitCode;

use wx_client::temp_file;

use crate::args::{Args, Command, Fetch, FetchImage, Send, SendImage, SessionFile};
use crate::{files, place};

/// Runs the command and returns its exit code.
pub(crate) fn run(args: Args) -> ExitCode {
    sweep(&args.command);
    let global = args.global;
    match args.command {
        Command::Demo(demo) => demo::run(demo, global),
        Command::Emulate(emulate) => emulate::run(&emulate, &global),
        Command::Send(send) => send::run(send, global),
        Command::SendImage(send) => send::run_image(send, global),
        Command::Resume(resume) => resume::run(resume, global),
        Command::Fetch(fetch) => fetch::run(fetch, global),
        Command::FetchImage(fetch) => fetch::run_image(fetch, global),
        Command::Login(login) => login::run(login, global),
        Command::Whoami(args) => whoami::run(&args, global),
        Command::Contacts(args) => contacts::run(args, global),
        Command::Watch(watch) => watch::run(watch, global),
        Command::Logout(args) => logout::run(&args, global),
    }
}

/// Removes temporary files that killed processes left next to the files that the command writes.
fn sweep(command: &Command) {
    let (session, files, directory) = match command {
        Command::Demo(_) => (None, [None, None], None),
        Command::Emulate(args) => {
            (None, [args.port_file.as_ref(), args.session_file.as_ref()], None)
        }
        Command::Send(Send { options, .. }) | Command::SendImage(SendImage { options, .. }) => {
            (Some(&options.session), [None, None], options.resume_dir.as_ref())
        }
        Command::Resume(args) => (Some(&args.session), [None, None], Some(&args.dir)),
        Command::Fetch(Fetch { options, .. }) | Command::FetchImage(FetchImage { options, .. }) => {
            (Some(&options.session), [Some(&options.out), None], None)
        }
        Command::Login(args) => (Some(&args.session), [args.qr.as_ref(), None], None),
        Command::Watch(args) => (Some(&args.session), [None, None], args.saving_dir()),
        Command::Contacts(args) => (Some(&args.session), [None, None], None),
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
