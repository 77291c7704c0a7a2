//! Replays the fuzz corpus, and every crash that was ever found, on the stable toolchain.
#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods, dead_code, unreachable_pub)]

use std::fs;
use std::path::Path;

#[path = "fuzz_bodies/spoiled.rs"]
mod spoiled;
#[path = "flows/world.rs"]
mod world;

macro_rules! targets {
    ($($name:ident: $file:literal),* $(,)?) => {
        $(
            #[path = $file]
            mod $name;

            #[test]
            fn $name() {
                replay(stringify!($name), $name::check);
            }
        )*
    };
}

targets! {
    replies: "fuzz_bodies/replies.rs",
    form: "fuzz_bodies/form.rs",
    send_flow: "fuzz_bodies/send_flow.rs",
    fetch_flow: "fuzz_bodies/fetch_flow.rs",
    login: "fuzz_bodies/login.rs",
    session: "fuzz_bodies/session.rs",
    set_cookie: "fuzz_bodies/set_cookie.rs",
    snapshot: "fuzz_bodies/snapshot.rs",
    sync: "fuzz_bodies/sync.rs",
    message_list: "fuzz_bodies/message_list.rs",
    contact_list: "fuzz_bodies/contact_list.rs",
}

/// The corpus lives beside the fuzz targets, outside this crate; a packaged crate has none.
fn replay(target: &str, check: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    if !fuzz.exists() {
        return;
    }
    let mut count = 0;
    for entry in fs::read_dir(fuzz.join("corpus").join(target)).unwrap() {
        check(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 2, "{target} has no corpus");
    // A little of everything besides: prefixes of a seed and single bytes.
    check(b"");
    (0..=255).for_each(|byte| check(&[byte, byte, 1, byte]));
}
