//! Replays the fuzz corpus, and every crash that was ever found, with the stable toolchain.

use std::fs;
use std::path::Path;

use wx_testing::fuzz;

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name), fuzz::$name::check);
            }
        )*

        const TARGETS: &[&str] = &[$(stringify!($name)),*];
    };
}

targets! {
    contact_list content_range emoticon fetch_flow form forward login message_kind message_list
    replies saved_login send_flow
    session set_cookie snapshot sync text
}

fn replay(target: &str, check: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let mut count = 0;
    for entry in fs::read_dir(corpus.join(target)).unwrap() {
        check(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 2, "{target} has no corpus");
    // Also some inputs that are in no corpus: prefixes of a seed, and single bytes.
    check(b"");
    (0..=255).for_each(|byte| check(&[byte, byte, 1, byte]));
}

/// Every target in `fuzz/` has a body in wx-testing, which is replayed here.
#[test]
fn every_target_is_replayed() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let files = fs::read_dir(targets).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    files.sort();
    assert_eq!(files, TARGETS);
}
