//! A child process with everything that it has started. On systems other than Unix, it is the child
//! process alone.

use std::process::{Child, Command};

/// Makes the command start a group of its own. Ctrl-C on the terminal does not reach that group.
pub(super) fn lead(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Asks the group to end.
pub(super) fn terminate(child: &mut Child) {
    #[cfg(unix)]
    signal(child, rustix::process::Signal::TERM);
    #[cfg(not(unix))]
    kill(child);
}

/// Returns whether a process of the group is left, once the child was waited for. On systems other
/// than Unix, this is not known.
pub(super) fn is_left(child: &Child) -> bool {
    #[cfg(unix)]
    return rustix::process::test_kill_process_group(rustix::process::Pid::from_child(child))
        .is_ok();
    #[cfg(not(unix))]
    {
        let _ = child;
        false
    }
}

/// Kills the group. If the child was waited for, another process of the group must be
/// [left](is_left), because its number could otherwise be another group's.
pub(super) fn kill(child: &mut Child) {
    #[cfg(unix)]
    signal(child, rustix::process::Signal::KILL);
    #[cfg(not(unix))]
    let _ = child.kill();
}

#[cfg(unix)]
fn signal(child: &Child, signal: rustix::process::Signal) {
    // If this fails, all processes of the group have ended.
    let _ = rustix::process::kill_process_group(rustix::process::Pid::from_child(child), signal);
}
