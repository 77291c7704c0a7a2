//! A QR code: in the terminal, and as a file.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Cursor, Write};
use std::path::Path;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::render::svg;
use qrcode::{Color, QrCode};
use wx_proto::Advice;

use crate::files;
use crate::out;
use crate::problem::Problem;

/// Empty modules around the code, as the standard asks for.
const QUIET: usize = 4;
/// Pixels of a module in a PNG.
const SCALE: usize = 8;

/// A code for an address.
pub(crate) fn code(link: &str) -> Result<QrCode, Problem> {
    QrCode::new(link).map_err(|error| Problem::local(format!("the QR code: {error}"), Advice::Report))
}

/// Whether a module is dark; outside the code none is.
fn is_dark(code: &QrCode, x: usize, y: usize) -> bool {
    let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.width());
    inside(x).zip(inside(y)).is_some_and(|at| code[at] == Color::Dark)
}

/// Draws it on standard error, two modules a character.
pub(crate) fn draw(code: &QrCode) {
    let side = code.width() + 2 * QUIET;
    // Black on white whatever the terminal's own colours are; without a terminal the marks alone, dark ones drawn.
    let (on, off) = if out::colours() { ("\x1b[38;5;16;48;5;231m", "\x1b[0m") } else { ("", "") };
    let mut text = String::new();
    for y in (0..side).step_by(2) {
        text += on;
        text.extend((0..side).map(|x| match (is_dark(code, x, y), is_dark(code, x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        }));
        let _ = writeln!(text, "{off}");
    }
    // Nobody may be looking, which is no reason to stop.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// A file that codes are written to, for the user alone: whoever sees one can take part in the
/// login.
pub(crate) struct QrFile<'a> {
    path: &'a Path,
    /// Whether what is there may be replaced: it was asked for, or is the code before this one.
    replaces: bool,
}

impl<'a> QrFile<'a> {
    /// Checks that nothing is lost by it. A problem does not name it.
    pub(crate) fn new(path: &'a Path, force: bool) -> Result<Self, Problem> {
        if !force && fs::symlink_metadata(path).is_ok() {
            return Err(exists());
        }
        Ok(Self { path, replaces: force })
    }

    /// Replaces the code in it.
    pub(crate) fn save(&mut self, code: &QrCode) -> Result<(), Problem> {
        let bytes = if self.path.extension().is_some_and(|extension| extension == "svg") {
            code.render::<svg::Color<'_>>().min_dimensions(256, 256).build().into_bytes()
        } else {
            png(code)?
        };
        // It may have come there meanwhile.
        if !self.replaces && fs::symlink_metadata(self.path).is_ok() {
            return Err(exists().at_output(self.path));
        }
        self.replaces = true;
        files::write(self.path, &bytes, true)
            .map_err(|error| on_file(&out::words(&error)).at_output(self.path))
    }
}

fn exists() -> Problem {
    on_file("exists already").hint("--force replaces it")
}

fn on_file(what: &str) -> Problem {
    Problem::local(what, Advice::CheckFile).with_output()
}

fn png(code: &QrCode) -> Result<Vec<u8>, Problem> {
    let side = ((code.width() + 2 * QUIET) * SCALE) as u32;
    let picture = GrayImage::from_fn(side, side, |x, y| {
        Luma([if is_dark(code, x as usize / SCALE, y as usize / SCALE) { 0 } else { 255 }])
    });
    let mut bytes = Cursor::new(Vec::new());
    let written = picture.write_to(&mut bytes, ImageFormat::Png);
    written.map_err(|error| Problem::local(format!("the QR code: {error}"), Advice::Report))?;
    Ok(bytes.into_inner())
}
