use std::fmt;

use crate::regular::FileId;

/// The commands of `wx`. No other part of a command line is shown, because it may contain secrets.
const COMMANDS: [&str; 17] = [
    "avatar",
    "contacts",
    "demo",
    "doctor",
    "emulate",
    "fetch",
    "fetch-image",
    "forward",
    "import",
    "login",
    "logout",
    "resume",
    "revoke",
    "send",
    "send-image",
    "watch",
    "whoami",
];

/// The options of `wx` that take no value and may precede the command.
#[cfg(target_os = "linux")]
const FLAGS: [&str; 3] = ["--json", "--verbose", "-v"];

/// The process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    process: u32,
    program: String,
    command: Option<&'static str>,
}

impl Holder {
    /// Returns the process id.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Returns the name of the program, without directories and unusual characters.
    #[must_use]
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Returns the command, if the program is `wx`.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.command
    }

    /// Returns `None`, because only Linux reports the process that has locked a file.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn find(_: FileId) -> Option<Self> {
        None
    }

    /// Finds the process that has locked a file.
    #[cfg(target_os = "linux")]
    pub(super) fn find(id: FileId) -> Option<Self> {
        // The list may miss a lock while others are added and removed.
        (0..3).find_map(|_| Self::find_once(id))
    }

    #[cfg(target_os = "linux")]
    fn find_once(id: FileId) -> Option<Self> {
        let locks = std::fs::read_to_string("/proc/locks").ok()?;
        locks.lines().filter_map(|line| lock_on(line, id.inode())).find_map(|process| {
            // Another file system may use the same inode number.
            has_open(process, id).then(|| Self::from_process(process))?
        })
    }

    #[cfg(target_os = "linux")]
    fn from_process(process: u32) -> Option<Self> {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).ok()?;
        let mut words = line.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let program = words.next()?;
        let program = program.rsplit('/').next().unwrap_or_default();
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
        let program: String = program.chars().filter(is_plain).take(32).collect();
        let command = if program == "wx" { command_of(words) } else { None };
        Some(Self { process, program, command })
    }
}

/// Returns the command among the arguments of `wx`: the first argument that is neither an option
/// nor an option's value.
#[cfg(target_os = "linux")]
fn command_of(mut words: impl Iterator<Item = impl AsRef<str>>) -> Option<&'static str> {
    loop {
        let word = words.next()?;
        let word = word.as_ref();
        if !word.starts_with('-') {
            return COMMANDS.into_iter().find(|command| *command == word);
        }
        if !FLAGS.contains(&word) && !word.contains('=') {
            words.next();
        }
    }
}

/// Returns the process of a line of `/proc/locks`, if it has locked a file with this inode.
///
/// ```text
/// 1: FLOCK  ADVISORY  WRITE 24373 fe:00:10338330 0 EOF
/// ```
#[cfg(target_os = "linux")]
fn lock_on(line: &str, inode: u64) -> Option<u32> {
    let mut words = line.split_whitespace().skip(1);
    // A process that waits for the lock has "->" here.
    (words.next()? == "FLOCK").then_some(())?;
    let process = words.nth(2)?.parse().ok()?;
    let locked: u64 = words.next()?.rsplit(':').next()?.parse().ok()?;
    (locked == inode).then_some(process)
}

#[cfg(target_os = "linux")]
fn has_open(process: u32, id: FileId) -> bool {
    let Ok(open) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    open.flatten().any(|entry| {
        std::fs::metadata(entry.path()).is_ok_and(|file| FileId::from_metadata(&file) == id)
    })
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.process == std::process::id() {
            return f.write_str("this process itself");
        }
        match self.command {
            Some(command) => write!(f, "`{} {command}` (process {})", self.program, self.process),
            None => write!(f, "`{}` (process {})", self.program, self.process),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_option_is_not_a_command() {
        for (line, command) in [
            ("watch --save-images login", Some("watch")),
            ("--trace login watch", Some("watch")),
            ("--session login whoami", Some("whoami")),
            ("--trace=login --json -v --timeout 3 send-image watch", Some("send-image")),
            ("--verbose --trace logout", None),
            ("other login", None),
            ("", None),
        ] {
            assert_eq!(command_of(line.split(' ')), command, "{line}");
        }
    }
}
