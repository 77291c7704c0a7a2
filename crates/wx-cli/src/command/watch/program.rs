//! Checks that a program can be started.

use std::ffi::OsStr;

/// Checks that there is a program of this name, as the system looks it up: in the directories of
/// `PATH`, unless the name contains a slash. On error, returns what is wrong with it.
#[cfg(unix)]
pub(super) fn check(program: &OsStr) -> Result<(), &'static str> {
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    if program.is_empty() {
        return Err(EMPTY);
    }
    if program.as_bytes().contains(&b'/') {
        return check_file(Path::new(program));
    }
    // What the system uses if PATH is not set.
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut reason = "no directory of PATH contains it";
    for directory in std::env::split_paths(&path) {
        match check_file(&directory.join(program)) {
            Ok(()) => return Ok(()),
            Err(NOT_EXECUTABLE) => reason = NOT_EXECUTABLE,
            Err(_) => {}
        }
    }
    Err(reason)
}

/// Checks that the name is not empty. The system finds programs by other rules.
#[cfg(not(unix))]
pub(super) fn check(program: &OsStr) -> Result<(), &'static str> {
    if program.is_empty() { Err(EMPTY) } else { Ok(()) }
}

const EMPTY: &str = "the name of the command is empty";

#[cfg(unix)]
const NOT_EXECUTABLE: &str = "it is not executable";

#[cfg(unix)]
fn check_file(path: &std::path::Path) -> Result<(), &'static str> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err("there is no such file"),
        Err(_) => Err("it cannot be reached"),
        Ok(found) if !found.is_file() => Err("it is not a regular file"),
        Ok(_) => rustix::fs::access(path, rustix::fs::Access::EXEC_OK).map_err(|_| NOT_EXECUTABLE),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_a_program_that_can_be_started_is_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).into_os_string();
        for (name, mode) in [("program", 0o700), ("text", 0o600)] {
            fs::write(at(name), "").unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(at("directory")).unwrap();
        for (program, expected) in [
            (at("program"), Ok(())),
            ("sh".into(), Ok(())),
            (at("text"), Err(NOT_EXECUTABLE)),
            (at("none"), Err("there is no such file")),
            (at("text/program"), Err("it cannot be reached")),
            (at("directory"), Err("it is not a regular file")),
            ("wx-no-such-program".into(), Err("no directory of PATH contains it")),
            ("".into(), Err(EMPTY)),
        ] {
            assert_eq!(check(&program), expected, "{}", program.display());
        }
    }
}
