//! Checks that Rust files are short, that their lines have at most 100 columns, and that no file is
//! included in another crate by its path.

use std::fs;
use std::path::{Path, PathBuf};

/// The limits of the style guide.
const LINES: usize = 400;
const COLUMNS: usize = 100;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Calls `check` with the name and the text of each Rust file in `dir` and its subdirectories.
fn for_each(dir: &Path, check: &mut impl FnMut(&str, &str)) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let is_built = path.file_name().is_some_and(|name| name == "target" || name == ".git");
        if path.is_dir() && !is_built {
            for_each(&path, check);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            check(&name, &fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn no_module_has_a_path_attribute() {
    let mut found = Vec::new();
    for_each(&root(), &mut |name, text| {
        if text.lines().any(|line| line.trim_start().starts_with("#[path")) {
            found.push(name.to_owned());
        }
    });
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn no_file_is_too_long() {
    let mut files = 0;
    let mut found = Vec::new();
    for_each(&root(), &mut |name, text| {
        files += 1;
        if text.lines().count() > LINES {
            found.push(name.to_owned());
        }
    });
    assert!(files > 300, "only {files} files were found");
    assert_eq!(found, Vec::<String>::new());
}

/// Rustfmt does not wrap comments, strings and the arguments of macros.
#[test]
fn no_line_is_too_long() {
    let mut found = Vec::new();
    for_each(&root(), &mut |name, text| {
        for (at, line) in text.lines().enumerate() {
            if line.chars().count() > COLUMNS && !has_raw_string(line) {
                found.push(format!("{name}:{}", at + 1));
            }
        }
    });
    assert_eq!(found, Vec::<String>::new());
}

/// Returns whether a raw string, which cannot be split, starts or ends on this line.
fn has_raw_string(line: &str) -> bool {
    ["r\"", "r#\"", "\"#"].iter().any(|quote| line.contains(quote))
}
