//! Each client from login to logout.

use std::path::Path;

use wx_emulator::Emulator;

use crate::recording::Recording;
use crate::replay::{Outcome, replay};

/// The official page does nothing that the official page does not do.
#[test]
fn the_official_page() {
    let Outcome { server, refused } = replay(&Recording::read("official-page-2022"), true);
    assert_eq!(refused, [""; 0]);
    assert_eq!(server.violations(), [""; 0]);
    assert_eq!(kinds(&server), [1, 3, 3, 6, 47, 43, 6]);
    assert!(!server.is_logged_in());
}

/// The page of the File Transfer Helper, with the official page's upload library.
#[test]
fn the_helper_page_in_a_browser() {
    let Outcome { server, refused } = replay(&Recording::read("filehelper-browser"), true);
    assert_eq!(refused, [""; 0]);
    assert_eq!(server.violations(), [""; 0]);
    assert_eq!(kinds(&server), [3]);
}

#[test]
fn wx_filehelper_api() {
    // The recorder asked for a file that does not exist.
    check("wx-filehelper-api", &["17 webwxgetmedia: nothing"], &[1, 3, 3, 6]);
}

#[test]
fn wxfilehelper() {
    check("wxfilehelper", &[], &[1, 3, 3]);
}

#[test]
fn weixinbot() {
    let refused = [
        // It tries one host after the other until one answers it; the last is not in the recording.
        "8 synccheck: retcode 1100",
        "9 synccheck: retcode 1100",
        "10 synccheck: retcode 1100",
        // It sends through another HTTP library than it logs in with, without any cookie.
        "13 webwxsendmsg: Ret 1100",
        "15 webwxsendmsgimg: Ret 1100",
    ];
    check("weixinbot", &refused, &[]);
}

#[test]
fn wechat_go() {
    // Its last poll ran during the logout. All that it sends in one second has one ClientMsgId, so
    // that only the first is stored.
    check("wechat-go", &["20 synccheck: retcode 1100"], &[1]);
}

/// Compares what a client could not do, what it sent, and its violations: those are in a file,
/// which `UPDATE=1` writes.
fn check(name: &str, refused: &[&str], sent: &[u32]) {
    let outcome = replay(&Recording::read(name), false);
    assert_eq!(outcome.refused, refused);
    assert_eq!(kinds(&outcome.server), sent);
    let violations: String =
        outcome.server.violations().iter().map(|what| format!("{what}\n")).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("captures/{name}.violations"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &violations).unwrap();
    }
    assert_eq!(violations, std::fs::read_to_string(&path).unwrap());
}

fn kinds(server: &Emulator) -> Vec<u32> {
    server.messages().iter().map(|message| message.kind).collect()
}
