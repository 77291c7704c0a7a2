//! `wx emulate`.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use wx_emulator::{Emulator, Profile};

use crate::args::{Emulate, Global, Page};
use crate::problem::Problem;
use crate::session::Owned;
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
    let mut images = Vec::new();
    for image in &args.images {
        let bytes = files::read(image, LIMIT).map_err(|problem| on(image, problem.sentence()))?;
        images.push(wx_emulator::Bytes::from(bytes));
    }
    for image in &images {
        builder = builder.image(image.clone());
    }
    builder = builder.profile(match args.profile {
        Page::Web => Profile::Web,
        Page::Filehelper => Profile::FileHelper,
    });
    builder = builder.scan(args.scan.iter().copied());
    for nick in &args.contacts {
        builder = builder.contact(nick, "");
    }
    for fault in &args.faults {
        builder = builder.fault(fault.clone());
    }
    let _owned = args.session_file.as_deref().map(own).transpose()?;
    let no_signals = |error| format!("signals: {}", out::words(&error));
    // Before anybody can know that it is there to be stopped.
    let signals = job::Signals::catch().map_err(no_signals)?;
    let emulator = builder.start().map_err(|error| format!("{}: {}", args.addr, out::words(&error)))?;
    let emulator = Arc::new(emulator);
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
    if let Some(every) = args.deliver_every.filter(|_| !images.is_empty()) {
        let emulator = Arc::clone(&emulator);
        // It ends with the process.
        std::thread::spawn(move || {
            for image in images.iter().cycle() {
                std::thread::sleep(every);
                emulator.deliver(image.clone());
            }
        });
    }
    signals.wait().map_err(no_signals)?;
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

/// Makes this process the only writer of a session file. Only the session of another emulator is replaced.
fn own(path: &Path) -> Result<Owned, String> {
    let owned = Owned::take(path).and_then(|owned| owned.check_replaceable(true).map(|_| owned));
    owned.map_err(|problem| on(path, format!("{}; choose another path", problem.message)))
}

fn save(path: &Path, text: &str, secret: bool) -> Result<(), String> {
    files::write(path, text.as_bytes(), secret).map_err(|error| on(path, Problem::from(error).message))
}

fn on(path: &Path, what: impl Display) -> String {
    format!("{}: {what}", path.display())
}
