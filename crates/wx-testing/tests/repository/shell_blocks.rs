//! Checks that the shell blocks of all Markdown files can be pasted into any shell.
//! `.ci/shell-blocks` runs them, except for marked ones.

use std::fs;
use std::path::{Path, PathBuf};

/// The number of blocks per file that CI does not run. A new one needs a reason in its marker, and
/// must be added here.
const NOT_RUN: [(&str, usize); 7] = [
    ("CONTRIBUTING.md", 2),
    ("README.md", 1),
    ("README.zh-CN.md", 1),
    ("benches/README.md", 2),
    ("crates/wx-testing/clients/python/README.md", 1),
    ("docs/clients.md", 1),
    ("fuzz/README.md", 2),
];

/// The languages of code blocks that are not pasted into a shell.
const OTHERS: [&str; 7] = ["json", "jsonc", "python", "rust", "text", "toml", "xml"];

struct Block {
    /// The file and line.
    place: String,
    file: String,
    is_marked: bool,
    lines: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn markdown_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir()
            && !name.starts_with('.')
            && !["target", "node_modules"].contains(&name.as_str())
        {
            markdown_files(&path, found);
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
}

/// Returns all shell blocks. Other blocks must state their language.
fn shell_blocks() -> Vec<Block> {
    let (root, mut files) = (root(), Vec::new());
    markdown_files(&root, &mut files);
    files.sort();
    files.iter().flat_map(|path| blocks_of(&root, path)).collect()
}

fn blocks_of(root: &Path, path: &Path) -> Vec<Block> {
    let file = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap();
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            let place = format!("{file}:{}", at + 1);
            let inside = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| !line.trim().starts_with("```"));
            let inside = inside.map(str::to_owned).collect();
            let language = fence.split(',').next().unwrap();
            if language == "sh" {
                assert_eq!(line, "```sh", "{place}: the runner does not find it");
                let is_marked = before.starts_with("<!-- not run: ") && before.ends_with(" -->");
                blocks.push(Block { place, file: file.clone(), is_marked, lines: inside });
            } else {
                assert!(
                    OTHERS.contains(&language),
                    "{place}: {fence:?}: use sh, or add the language"
                );
            }
        }
        before = line;
    }
    blocks
}

/// Returns whether a word begins with `#`. zsh treats such a comment as arguments.
fn has_comment(line: &str) -> bool {
    line.split_whitespace().any(|word| word.starts_with('#'))
}

#[test]
fn no_shell_block_has_a_comment() {
    let blocks = shell_blocks();
    assert!(blocks.len() >= 15, "only {} blocks were found", blocks.len());
    for block in &blocks {
        for line in &block.lines {
            assert!(!has_comment(line), "{}: move the comment into the text: {line}", block.place);
        }
    }
}

/// A block must not contain alternatives. An unclosed apostrophe or quotation mark would make the
/// shell wait for more input.
#[test]
fn no_shell_block_leaves_anything_to_the_reader() {
    for block in shell_blocks() {
        for line in &block.lines {
            let choice = line.split_whitespace().any(|word| word == "or" || word == "OR");
            let open = ['\'', '"', '`'].iter().any(|quote| line.matches(*quote).count() % 2 == 1);
            let prompt = line.starts_with("$ ") || line.starts_with("% ");
            assert!(!choice && !open && !prompt, "{}: {line}", block.place);
        }
    }
}

#[test]
fn blocks_that_are_not_run_are_counted() {
    let blocks = shell_blocks();
    let marked =
        |file: &str| blocks.iter().filter(|block| block.is_marked && block.file == file).count();
    for (file, count) in NOT_RUN {
        assert_eq!(marked(file), count, "{file}");
    }
    let all = blocks.iter().filter(|block| block.is_marked).count();
    assert_eq!(all, NOT_RUN.iter().map(|(_, count)| count).sum::<usize>());
    assert!(2 * all <= blocks.len() + 4, "{all} of {} blocks are not run", blocks.len());
}

#[test]
fn comments_are_recognised() {
    for line in ["# a", "wx login  # or not", "a #b"] {
        assert!(has_comment(line), "{line}");
    }
    for line in ["wx emulate --fault empty@webwxsendmsgimg#1", "echo $#", "kill %1"] {
        assert!(!has_comment(line), "{line}");
    }
}
