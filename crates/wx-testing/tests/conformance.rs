//! `docs/conformance.md` lists the rules of the protocol and the tests that verify them. It is
//! generated from the names of the tests, so it cannot be wrong about them:
//! `UPDATE=1 cargo test -p wx-testing --test conformance` rewrites it.
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The path from the directory of the table.
const PROTOCOL: &str = "../crates/wx-proto/docs/protocol.md";
const INTRO: &str = "# Conformance

The tests that verify each rule of the [protocol]. The name of a test begins with the numbers of the
rules that it verifies. `UPDATE=1 cargo test -p wx-testing --test conformance` writes this table
from those names, and a test compares the two.

[protocol]: ../crates/wx-proto/docs/protocol.md

| Rule | Tests |
|---|---|
";

/// The test `captures` writes the rest of the file.
const REST: &str = "\n## Differences from the official page\n";

/// Returns the Rust files below `folder`, in order.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Returns the numbers at the beginning of a test name: 24 and 28 for `p24_p28_chunks…`.
fn numbers(name: &str) -> Vec<u32> {
    name.split('_').map_while(|word| word.strip_prefix('p')?.parse().ok()).collect()
}

/// Returns the numbers of the rules that the protocol states. Each of them needs a test.
fn rules(root: &Path) -> BTreeSet<u32> {
    let text = fs::read_to_string(root.join("crates/wx-proto/docs/protocol.md")).unwrap();
    let rules = text.split("<a id=\"p").filter_map(|rest| rest.split_once('"')?.0.parse().ok());
    let rules: BTreeSet<_> = rules.collect();
    assert!(rules.len() >= 60, "only {} rules were found", rules.len());
    rules
}

fn table(root: &Path) -> String {
    let mut files = Vec::new();
    sources(&root.join("crates"), &mut files);
    let mut verified_by: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let shown = file.strip_prefix(root).unwrap().display().to_string().replace('\\', "/");
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let Some((_, rest)) = line.split_once("fn ") else { continue };
            let name: String =
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            for number in numbers(&name).into_iter().filter(|_| is_test) {
                verified_by
                    .entry(number)
                    .or_default()
                    .push(format!("`{name}` in [{shown}](../{shown})"));
            }
            is_test = false;
        }
    }
    let mut text = INTRO.to_owned();
    for rule in rules(root) {
        let tests = verified_by
            .get(&rule)
            .unwrap_or_else(|| panic!("no test verifies P{rule}"))
            .join("<br>");
        writeln!(text, "| [P{rule}]({PROTOCOL}#p{rule}) | {tests} |").unwrap();
    }
    text
}

#[test]
fn the_table_is_what_the_tests_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let (path, table) = (root.join("docs/conformance.md"), table(root));
    let text = fs::read_to_string(&path).unwrap();
    let (written, rest) = text.split_at(text.find(REST).unwrap());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{table}{rest}")).unwrap();
    } else {
        assert!(written == table, "docs/conformance.md is out of date: see the top of this test");
    }
}
