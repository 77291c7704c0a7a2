//! `wx emulate`.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use wx_emulator::Emulator;
use wx_proto::Session;

use crate::args::{Emulate, Global};
use crate::problem::Problem;
use crate::{files, job, out};

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
    if let Some(path) = &args.session_file {
        refuse_real_login(path)?;
    }
    let emulator = builder.start().map_err(|error| format!("{}: {}", args.addr, out::words(&error)))?;
    if let Some(path) = &args.session_file {
        save(path, &emulator.session_json(), true)?;
    }
    tell(&emulator, global);
    if let Some(path) = &args.port_file {
        save(path, &format!("{}\n", emulator.addr().port()), false)?;
    }
    job::wait_for_signal().map_err(|error| format!("signals: {}", out::words(&error)))?;
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

/// A real login is worth too much to be written over by a made-up one.
fn refuse_real_login(path: &Path) -> Result<(), String> {
    let real = std::fs::read(path).is_ok_and(|text| Session::from_json(text).is_ok());
    if real { Err(on(path, "holds a real login; choose another path")) } else { Ok(()) }
}

fn save(path: &Path, text: &str, secret: bool) -> Result<(), String> {
    files::write(path, text.as_bytes(), secret).map_err(|error| on(path, Problem::from(error).message))
}

fn on(path: &Path, what: impl Display) -> String {
    format!("{}: {what}", path.display())
}
