//! The default path of the session file.

use std::env;
use std::path::PathBuf;

use wx_client::directory;
use wx_client::temp_file::Access;

/// Returns the default path of the session file, and creates its directory, readable only by the
/// user.
pub(crate) fn default_place() -> PathBuf {
    let path = default_path();
    if let Some(place) = path.parent() {
        // If this fails, writing the file fails too, and that error is reported.
        let _ = directory::create_all(place, Access::Private);
    }
    path
}

/// Returns the default path of the session file.
pub(crate) fn default_path() -> PathBuf {
    // Without a home directory, the current directory is used.
    state_directory()
        .map_or_else(|| PathBuf::from("wx-session.json"), |dir| dir.join("session.json"))
}

/// Returns the directory in which the platform keeps the state of programs on this computer.
fn state_directory() -> Option<PathBuf> {
    let set = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::home_dir().filter(|home| home.is_absolute());
    let base = if cfg!(windows) {
        // Not the roaming directory, because a login belongs to this computer.
        set("LOCALAPPDATA")?
    } else if cfg!(target_os = "macos") {
        home()?.join("Library/Application Support")
    } else {
        set("XDG_STATE_HOME").or_else(|| Some(home()?.join(".local/state")))?
    };
    Some(base.join("wx"))
}
