//! Each client from login to logout.

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
fn the_helper_page() {
    let Outcome { server, refused } = replay(&Recording::read("filehelper-browser"), true);
    assert_eq!(refused, [""; 0]);
    assert_eq!(server.violations(), [""; 0]);
    assert_eq!(kinds(&server), [3]);
}

#[test]
fn others() {
    for name in ["wx-filehelper-api", "wxfilehelper", "weixinbot", "wechat-go"] {
        let Outcome { server, refused } = replay(&Recording::read(name), false);
        println!("{name} {refused:#?} {:#?} {:?}", server.violations(), kinds(&server));
    }
}

fn kinds(server: &Emulator) -> Vec<u32> {
    server.messages().iter().map(|message| message.kind).collect()
}
