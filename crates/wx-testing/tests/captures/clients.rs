//! Each client, from login to logout.

use std::path::Path;

use wx_emulator::Emulator;

use crate::recording::Recording;
use crate::replay::{Outcome, replay};

/// The official page itself must not cause violations.
#[test]
fn the_official_page() {
    let Outcome { server, refused } = replay(&Recording::read("official-page-2022"), true);
    assert_eq!(refused, [""; 0]);
    assert_eq!(server.violations(), [""; 0]);
    assert_eq!(kinds(&server), [1, 3, 3, 6, 47, 43, 6]);
    assert!(!server.is_logged_in());
}

/// The page of the File Transfer Helper, which uses the upload library of the official page.
#[test]
fn the_helper_page_in_a_browser() {
    let Outcome { server, refused } = replay(&Recording::read("filehelper-browser"), true);
    assert_eq!(refused, [""; 0]);
    assert_eq!(server.violations(), [""; 0]);
    assert_eq!(kinds(&server), [3]);
}

#[test]
fn wx_filehelper_api() {
    // The recorder requested a file that does not exist.
    check("wx-filehelper-api", &["17 webwxgetmedia: nothing"], &[1, 3, 3, 6]);
}

#[test]
fn wxfilehelper() {
    check("wxfilehelper", &[], &[1, 3, 3]);
}

#[test]
fn weixinbot() {
    let refused = [
        // The client tries several hosts until one replies. The last one is not in the recording.
        "8 synccheck: retcode 1100",
        "9 synccheck: retcode 1100",
        "10 synccheck: retcode 1100",
        // The client sends with a different HTTP library than it logs in with, and without cookies.
        "13 webwxsendmsg: Ret 1100",
        "15 webwxsendmsgimg: Ret 1100",
    ];
    check("weixinbot", &refused, &[]);
}

#[test]
fn wechat_go() {
    // The last poll ran during the logout. All messages of one second have the same ClientMsgId, so
    // only the first one is stored.
    check("wechat-go", &["20 synccheck: retcode 1100"], &[1]);
}

/// It writes empty elements of the XML as `<des/>`, and a large image in one form.
#[test]
fn bl_wxpy() {
    // The last poll ran during the logout.
    check("bl-wxpy", &["27 synccheck: retcode 1100"], &[1, 3, 3, 6, 47, 43]);
}

/// It asks for a second login code before the first one is scanned.
#[test]
fn itchat_efb() {
    // Creating rooms is not part of this server.
    check("itchat-efb", &["31 webwxcreatechatroom: Ret 1"], &[1, 3, 3, 6, 43]);
}

#[test]
fn puppet_wechat4u() {
    // Creating rooms is not part of this server.
    check("puppet-wechat4u", &["25 webwxcreatechatroom: Ret 1"], &[1, 3, 3, 6, 43]);
}

#[test]
fn pywxclient() {
    // All messages of one second have the same ClientMsgId, so only the first one is stored.
    check("pywxclient", &[], &[1, 6]);
}

/// Compares the calls that failed, the sent requests, and the violations of a client with a file,
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
