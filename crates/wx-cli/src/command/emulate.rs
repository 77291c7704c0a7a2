//! `wx emulate`.

mod deliveries;
mod printer;
mod received;

use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use wx_client::creation;
use wx_client::session_file::SessionFile;
use wx_emulator::{Emulator, Message, Profile};

use self::deliveries::Deliveries;
use self::printer::Printer;
use crate::args::{Emulate, Global, Page};
use crate::problem::Problem;
use crate::session;
use crate::signals::Signals;
use crate::{files, out};

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
    let mut deliveries = Deliveries::read(args)?;
    builder = builder.profile(match args.profile {
        Page::Web => Profile::Web,
        Page::Filehelper => Profile::FileHelper,
    });
    builder = builder.phone_steps(args.scan.iter().copied());
    for nick in &args.contacts {
        builder = builder.contact(nick, "");
    }
    for nick in &args.rooms {
        builder = builder.room_of_contacts(nick);
    }
    for fault in &args.faults {
        builder = builder.fault(fault.clone());
    }
    let json = global.json;
    let printer = Printer::start().map_err(no_thread)?;
    builder = builder
        .on_message(printer.observer::<Message>(move |message| received::tell(&message, json)));
    if global.verbose {
        let violation = |what| out::note(format!("violation: {what}"));
        builder = builder.on_violation(printer.observer::<str>(violation));
    }
    let session_file = args.session_file.as_deref().map(own).transpose()?;
    let no_signals = |error| format!("signals: {}", out::error_chain(&error));
    // Signals are caught before another process can find the emulator and stop it.
    let mut signals = Signals::catch().map_err(no_signals)?;
    // Clears the port of an earlier run, so that it is not mistaken for the new one.
    let mut port_file = args.port_file.as_deref().map(PortFile::clear).transpose()?;
    let emulator =
        builder.start().map_err(|error| format!("{}: {}", args.addr, out::error_chain(&error)))?;
    let emulator = Arc::new(emulator);
    deliveries.deliver_all(&emulator);
    // The file is unlocked at once, so that `watch` can use it.
    if let Some(file) = session_file {
        let saved = file.save_json(&emulator.session_json()).map_err(Problem::from);
        saved.map_err(|problem| on(file.path(), problem.message))?;
    }
    if let Some(file) = &mut port_file {
        file.write(emulator.addr().port())?;
    }
    tell(&emulator, global);
    if let Some(why) = out::lost() {
        return Err(format!("standard output could not be written: {why}"));
    }
    if let Some(every) = args.deliver_every.filter(|_| !deliveries.is_empty()) {
        let emulator = Arc::clone(&emulator);
        // The thread ends with the process.
        let thread = std::thread::Builder::new().spawn(move || {
            loop {
                std::thread::sleep(every);
                deliveries.deliver_next(&emulator);
            }
        });
        thread.map_err(no_thread)?;
    }
    signals.wait().map_err(no_signals)?;
    // The file exists only while the server is listening.
    drop(port_file);
    printer.finish();
    if global.verbose {
        summarize(&emulator);
    }
    Ok(())
}

fn no_thread(error: std::io::Error) -> String {
    format!("no thread could be started: {}", out::error_chain(&error))
}

/// A file that contains the port, and exists only while the server is listening.
struct PortFile<'a> {
    path: &'a Path,
    text: Option<String>,
}

impl<'a> PortFile<'a> {
    fn clear(path: &'a Path) -> Result<Self, String> {
        let refused = |error| on(path, out::error_chain(&creation::explain(path, error)));
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(refused(error)),
            Ok(found) if found.is_file() && !is_port(path) => {
                return Err(on(path, "holds something other than a port; choose another path"));
            }
            Ok(_) => fs::remove_file(path).map_err(refused)?,
        }
        Ok(PortFile { path, text: None })
    }

    fn write(&mut self, port: u16) -> Result<(), String> {
        let text = self.text.insert(format!("{port}\n"));
        let written = files::write(self.path, text.as_bytes(), false);
        written.map_err(|error| on(self.path, Problem::from(error).message))
    }
}

/// Returns whether a file is empty or contains a port, so that it can be replaced.
fn is_port(path: &Path) -> bool {
    files::read(path, 6).is_ok_and(|bytes| {
        bytes.is_empty()
            || str::from_utf8(&bytes).is_ok_and(|text| text.trim_end().parse::<u16>().is_ok())
    })
}

impl Drop for PortFile<'_> {
    fn drop(&mut self) {
        // Another emulator may have written its port to the file in the meantime.
        let is_ours = self.text.is_some() && fs::read_to_string(self.path).ok() == self.text;
        if is_ours {
            let _ = fs::remove_file(self.path);
        }
    }
}

fn summarize(emulator: &Emulator) {
    let violations = emulator.violation_counts();
    let times: usize = violations.iter().map(|(_, count)| count).sum();
    match violations.len() {
        0 => out::note("no violations"),
        kinds => out::note(format!(
            "violations: {times} of {kinds} kinds; the official page does none of them"
        )),
    }
    for (what, count) in violations {
        out::note(format!("  {count} x {what}"));
    }
}

fn tell(emulator: &Emulator, global: &Global) {
    let incoming = emulator.incoming();
    let bound = emulator.bound_addr();
    let address = format!("http://{bound}");
    if !bound.ip().is_loopback() {
        out::note(format!(
            "warning: {bound} is not a loopback address: anyone who can reach it can use the \
             emulated account"
        ));
    }
    if global.json {
        out::json(&json!({
            "event": "listening", "address": address, "port": emulator.addr().port(),
            "friend": emulator.friend(), "incoming": incoming,
        }));
        return;
    }
    out::line(format!("listening on {address}"));
    out::line(format!("friend {}", emulator.friend()));
    for msg_id in incoming {
        out::line(format!("incoming {msg_id}"));
    }
}

/// Locks a session file. Only the session of another emulator is replaced.
fn own(path: &Path) -> Result<SessionFile, String> {
    let owned = SessionFile::open_or_create(path).map_err(Problem::from);
    let owned = owned.and_then(|file| session::check_replaceable(&file, true).map(|_| file));
    owned.map_err(|problem| on(path, format!("{}; choose another path", problem.message)))
}

fn on(path: &Path, what: impl Display) -> String {
    format!("{}: {what}", path.display())
}
