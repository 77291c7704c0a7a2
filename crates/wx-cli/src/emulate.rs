//! `wx emulate`.

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use wx_emulator::Emulator;
use wx_proto::Session;

use crate::args::{Emulate, Global};
use crate::files::Lock;
use crate::problem::Problem;
use crate::{files, job, out, session};

/// Pictures of the emulated account; only memory is the limit.
const LIMIT: u64 = 256 * 1024 * 1024;

pub(crate) fn run(args: &Emulate, global: &Global) -> ExitCode {
    match serve(args, global) {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            out::error(&line);
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &Emulate, global: &Global) -> Result<(), String> {
    let mut builder = Emulator::builder().addr(args.addr);
    for image in &args.images {
        builder = builder.image(files::read(image, LIMIT).map_err(|problem| on(image, problem.sentence()))?);
    }
    for fault in &args.faults {
        builder = builder.fault(fault.clone());
    }
    let _lock = args.session_file.as_deref().map(lock).transpose()?;
    args.session_file.as_deref().map_or(Ok(()), refuse_other_files)?;
    let no_signals = |error| format!("signals: {}", out::words(&error));
    // Before anybody can know that it is there to be stopped.
    let signals = job::Signals::catch().map_err(no_signals)?;
    let emulator = builder.start().map_err(|error| format!("{}: {}", args.addr, out::words(&error)))?;
    if let Some(path) = &args.session_file {
        save(path, &emulator.session_json(), true)?;
    }
    tell(&emulator, global);
    if out::lost() {
        return Err("standard output could not be written".to_owned());
    }
    if let Some(path) = &args.port_file {
        save(path, &format!("{}\n", emulator.addr().port()), false)?;
    }
    signals.wait().map_err(no_signals)?;
    emulator.stop();
    Ok(())
}

fn tell(emulator: &Emulator, global: &Global) {
    let incoming = emulator.incoming();
    if global.json {
        out::json(&json!({
            "event": "listening", "address": emulator.base(), "port": emulator.addr().port(),
            "friend": emulator.friend(), "incoming": incoming,
        }));
        return;
    }
    out::line(format!("listening on {}", emulator.base()));
    out::line(format!("friend {}", emulator.friend()));
    for msg_id in incoming {
        out::line(format!("incoming {msg_id}"));
    }
}

/// Makes this process the only writer of a session file.
fn lock(path: &Path) -> Result<Lock, String> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    match Lock::take(beside.into()) {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(on(path, "another process is writing it; choose another path")),
        Err(error) => Err(on(path, Problem::from(error).message)),
    }
}

/// Only the session of another emulator is replaced: a real login is worth more, and who knows what else there is.
fn refuse_other_files(path: &Path) -> Result<(), String> {
    if let Err(error) = std::fs::symlink_metadata(path)
        && error.kind() == ErrorKind::NotFound
    {
        return Ok(());
    }
    let text = files::read(path, session::LIMIT).map_err(|problem| on(path, problem.message))?;
    match Session::from_json_allow_loopback(text) {
        Ok(session) if session.hosts().is_loopback() => Ok(()),
        Ok(_) => Err(on(path, "holds a real login; choose another path")),
        Err(error) => Err(on(path, format!("not a session of an emulator: {error}; choose another path"))),
    }
}

fn save(path: &Path, text: &str, secret: bool) -> Result<(), String> {
    files::write(path, text.as_bytes(), secret).map_err(|error| on(path, Problem::from(error).message))
}

fn on(path: &Path, what: impl Display) -> String {
    format!("{}: {what}", path.display())
}
