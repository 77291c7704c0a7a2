//! Draws a QR code on the terminal, and writes it to a file.

use std::fs;
use std::io::{self, Cursor, Write};
use std::path::Path;

use image::{ImageFormat, Luma};
use qrcode::QrCode;
use qrcode::render::svg;
use qrcode::render::unicode::Dense1x2;
use wx_proto::Advice;

use crate::files;
use crate::out;
use crate::problem::Problem;

/// Returns the QR code of a link.
pub(crate) fn code(link: &str) -> Result<QrCode, Problem> {
    QrCode::new(link)
        .map_err(|error| Problem::local(format!("the QR code: {error}"), Advice::Report))
}

/// Draws the code on standard error, with two modules per character.
pub(crate) fn draw(code: &QrCode) {
    // Black on white, whatever the colours of the terminal are. If standard error is not a
    // terminal, the dark modules are drawn as characters.
    let (on, off) = if out::colours() { ("\x1b[38;5;16;48;5;231m", "\x1b[0m") } else { ("", "") };
    let drawn = code.render::<Dense1x2>().module_dimensions(1, 1).build();
    let text: String = drawn.lines().map(|line| format!("{on}{line}{off}\n")).collect();
    // The login continues even if standard error is closed.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A file for QR codes. Only the user can read it, because anyone who sees a code can take part in
/// the login.
pub(crate) struct QrFile<'a> {
    path: &'a Path,
    /// Whether an existing file may be replaced, because of `--force` or because it contains the
    /// previous code.
    replaces: bool,
}

impl<'a> QrFile<'a> {
    /// Checks that no existing file would be overwritten. The problem does not name the file.
    pub(crate) fn new(path: &'a Path, force: bool) -> Result<Self, Problem> {
        if !force && fs::symlink_metadata(path).is_ok() {
            return Err(exists());
        }
        Ok(Self { path, replaces: force })
    }

    /// Writes a code, and replaces the previous one.
    pub(crate) fn save(&mut self, code: &QrCode) -> Result<(), Problem> {
        let bytes = if self.path.extension().is_some_and(|extension| extension == "svg") {
            code.render::<svg::Color<'_>>().min_dimensions(256, 256).build().into_bytes()
        } else {
            png(code)?
        };
        // Another process may have created the file in the meantime.
        if !self.replaces && fs::symlink_metadata(self.path).is_ok() {
            return Err(exists().at_output(self.path));
        }
        self.replaces = true;
        files::write(self.path, &bytes, true)
            .map_err(|error| on_file(&out::error_chain(&error)).at_output(self.path))
    }
}

fn exists() -> Problem {
    on_file("exists already").hint("--force replaces it")
}

fn on_file(what: &str) -> Problem {
    Problem::local(what, Advice::CheckFile).with_output()
}

fn png(code: &QrCode) -> Result<Vec<u8>, Problem> {
    let picture = code.render::<Luma<u8>>().module_dimensions(8, 8).build();
    let mut bytes = Cursor::new(Vec::new());
    let written = picture.write_to(&mut bytes, ImageFormat::Png);
    written.map_err(|error| Problem::local(format!("the QR code: {error}"), Advice::Report))?;
    Ok(bytes.into_inner())
}
