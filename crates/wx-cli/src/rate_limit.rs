//! The time of the last "too frequent" reply (Ret 1205). It is stored next to the session file,
//! because the limit outlasts the command. Errors are ignored.

use std::fs;
use std::path::{Path, PathBuf};

use wx_client::clock::unix_ms;
use wx_proto::UnixMs;

use crate::files;

/// The Ret of "too frequent".
pub(crate) const RET: i64 = 1205;
/// Older replies are not mentioned.
const HOURS: u64 = 24;

fn path_for(session: &Path) -> PathBuf {
    let mut path = session.as_os_str().to_owned();
    path.push(".limited");
    path.into()
}

/// Stores the current time.
pub(crate) fn remember(session: &Path) {
    let _ = files::write(&path_for(session), format!("{}\n", unix_ms()).as_bytes(), true);
}

/// Returns a note on that reply, if it was recent.
pub(crate) fn note(session: &Path) -> Option<String> {
    Some(format!("{}: {}", session.display(), sentence(&ago(session)?)))
}

/// Says how long ago that reply was.
pub(crate) fn sentence(ago: &str) -> String {
    format!("the server said \"too frequent\" (Ret {RET}) {ago} ago")
}

/// Returns how long ago that reply was, if it was recent.
pub(crate) fn ago(session: &Path) -> Option<String> {
    let path = path_for(session);
    // Anything but a regular file is ignored.
    fs::symlink_metadata(&path).ok().filter(|found| found.is_file())?;
    let text = files::read(&path, 32).ok()?;
    let then = UnixMs::new(str::from_utf8(&text).ok()?.trim_end().parse().ok()?);
    let minutes = unix_ms().checked_duration_since(then)?.as_secs() / 60;
    Some(match minutes {
        0 => "less than a minute".to_owned(),
        1 => "a minute".to_owned(),
        2..=119 => format!("{minutes} minutes"),
        _ if minutes < HOURS * 60 => format!("{} hours", minutes / 60),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_for_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let session = dir.path().join("s.json");
        assert_eq!(note(&session), None);
        remember(&session);
        assert!(note(&session).unwrap().ends_with("(Ret 1205) less than a minute ago"));
        for (minutes, told) in
            [(1, Some("a minute")), (90, Some("90 minutes")), (300, Some("5 hours")), (1440, None)]
        {
            let then = unix_ms().get() - minutes * 60_000 - 500;
            fs::write(path_for(&session), format!("{then}\n")).unwrap();
            assert_eq!(note(&session).is_some(), told.is_some(), "{minutes}");
            assert!(note(&session).is_none_or(|note| note.contains(told.unwrap_or_default())));
        }
        // The clock was set back, or the file contains no time.
        for text in [
            (unix_ms().get() + 3_600_000).to_string(),
            "x".to_owned(),
            "1".repeat(40),
            String::new(),
        ] {
            fs::write(path_for(&session), text).unwrap();
            assert_eq!(note(&session), None);
        }
        fs::remove_file(path_for(&session)).unwrap();
        fs::create_dir(path_for(&session)).unwrap();
        remember(&session);
        assert_eq!(note(&session), None);
    }
}
