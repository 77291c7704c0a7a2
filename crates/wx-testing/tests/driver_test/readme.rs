//! The README's example of the driver test is part of a compiled example, which also runs.

use std::fs;
use std::path::Path;

#[test]
fn the_readme_shows_the_test_of_the_example() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = |path| fs::read_to_string(crates.join(path)).unwrap();
    let readme = read("wx-emulator/README.md");
    let (_, section) = readme.split_once("\n## The driver test\n").unwrap();
    let (_, block) = section.split_once("```rust,ignore\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let example = read("wx-proto/examples/custom_driver.rs");
    let lines: Vec<_> = example.lines().map(str::trim).collect();
    // Blank lines are ignored in both.
    let shown: Vec<_> = block.lines().map(str::trim).collect();
    assert!(lines.windows(shown.len()).any(|part| part == shown), "{block}");
}
