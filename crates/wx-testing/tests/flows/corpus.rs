//! Replays the fuzz corpus, and every crash that was ever found, on the stable toolchain.

use std::fs;
use std::path::Path;

use wx_testing::fuzz::TARGETS;

/// The bodies of the fuzz targets hold for all of the corpus.
#[test]
fn the_corpus_of_each_target_passes() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (target, check) in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(corpus.join(target)).unwrap() {
            check(&fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 2, "{target} has no corpus");
        // And some inputs that no corpus has: prefixes of a seed and single bytes.
        check(b"");
        (0..=255).for_each(|byte| check(&[byte, byte, 1, byte]));
    }
}

/// Each target of `fuzz/` has a body here, which is replayed.
#[test]
fn every_target_is_replayed() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let files = fs::read_dir(targets).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    files.sort();
    let mut names = TARGETS.map(|(name, _)| name);
    names.sort_unstable();
    assert_eq!(files, names);
}
