//! Checks that the documentation cites sections and rules of the protocol as links, and that
//! relative links in Markdown files lead somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

const PROTOCOL: &str = "crates/wx-proto/docs/protocol.md";

/// The protocol as named in links. The emulator does not depend on the core, so its documentation
/// links to the published page.
const MODULES: [&str; 3] = [
    "crate::protocol",
    "wx_proto::protocol",
    "https://docs.rs/wx-proto/latest/wx_proto/protocol/index.html",
];

#[test]
fn every_citation_is_a_link_that_resolves() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap();
    let mut files = Vec::new();
    find(root, &mut files);
    assert!(files.len() > 300, "only {} files were found", files.len());
    let mut links = Links::new(root);
    let protocol = links.anchors(&root.join(PROTOCOL)).len();
    assert!(protocol > 130, "the protocol has only {protocol} anchors");
    let mut found = Vec::new();
    let mut cited = 0;
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let blocks = if has_extension(file, "md") { vec![(1, text)] } else { doc_comments(&text) };
        for (line, block) in blocks {
            cited += block.matches("protocol#").count();
            found.extend(links.faults(file, &block).into_iter().map(|(at, fault)| {
                format!("{}:{}: {fault}", file.strip_prefix(root).unwrap().display(), line + at)
            }));
        }
    }
    assert!(cited > 200, "the documentation cites only {cited} rules");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn each_way_to_break_it_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut links = Links::new(root.parent().unwrap().parent().unwrap());
    let readme = root.join("clients/python/README.md");
    let good = [
        "[P36](crate::protocol#p36), [§4.6](wx_proto::protocol#s4-6), and `P36` in code",
        "<a id=\"p36\"></a>**P36** MUST",
        "RFC 6265 [§5.2](https://www.rfc-editor.org/rfc/rfc6265#section-5.2)",
        "[P1] of them, P as a name, UP10, P100\n\n[P1]: crate::protocol#p1",
        "[the script](../install.sh), [elsewhere](https://example.com/P1)",
    ];
    for text in good {
        assert_eq!(links.faults(&readme, text), [], "{text}");
    }
    let bad = [
        "as P36 has it",
        "(§4.6)",
        "[P36] without a definition",
        "**P36** MUST",
        "[P36](crate::protocol#p37)",
        "[the rule](crate::protocol#p199)",
        "[the rule](https://docs.rs/wx-proto/latest/wx_proto/protocol/index.html#p199)",
        "[the script](../uninstall.sh)",
        "[below](#nothing)",
        "![a picture](nothing.png)",
    ];
    for text in bad {
        assert_eq!(links.faults(&readme, text).len(), 1, "{text}");
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Finds all Rust and Markdown files in a directory and its subdirectories.
fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                find(&path, found);
            }
        } else if has_extension(&path, "md") || has_extension(&path, "rs") {
            found.push(path);
        }
    }
}

/// Returns the doc comments of a file, each with the number of its first line. They are found line
/// by line, because those in the arguments of a macro are not attributes yet.
fn doc_comments(source: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut is_open = false;
    for (number, line) in (1..).zip(source.lines().map(str::trim_start)) {
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        if let Some(text) = doc {
            if !is_open {
                blocks.push((number, String::new()));
            }
            let (_, block) = blocks.last_mut().unwrap();
            block.push_str(text.strip_prefix(' ').unwrap_or(text));
            block.push('\n');
        }
        is_open = doc.is_some();
    }
    blocks
}

/// Checks links, and caches the anchors of the files that they lead to.
struct Links {
    protocol: PathBuf,
    anchors: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Links {
    fn new(root: &Path) -> Self {
        Self { protocol: root.join(PROTOCOL), anchors: BTreeMap::new() }
    }

    /// Returns the problems in a text, each with its line offset.
    fn faults(&mut self, file: &Path, text: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        // The text of the current link so far, and its target.
        let mut link: Option<(String, String)> = None;
        let mut defined = None;
        let mut is_code = false;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let mut fault = None;
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    link = Some((String::new(), dest_url.into_string()));
                }
                Event::End(TagEnd::Link | TagEnd::Image) => {
                    let (text, target) = link.take().unwrap();
                    fault = self.broken(file, &text, &target);
                }
                Event::Start(Tag::CodeBlock(_)) => is_code = true,
                Event::End(TagEnd::CodeBlock) => is_code = false,
                Event::InlineHtml(html) | Event::Html(html) => {
                    defined = anchor(&html).or(defined);
                }
                Event::Text(text) => match &mut link {
                    Some((so_far, _)) => so_far.push_str(&text),
                    None if is_code || defined == Some(text.to_lowercase()) => {}
                    None => fault = bare(&text),
                },
                _ => {}
            }
            let lines = text[..range.start].matches('\n').count();
            found.extend(fault.map(|fault| (lines, fault)));
        }
        found
    }

    fn broken(&mut self, file: &Path, text: &str, target: &str) -> Option<String> {
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let is_protocol = MODULES.contains(&path);
        let cites = bare(text).is_some() && !path.starts_with("https://www.rfc-editor.org/");
        if cites && anchor != text.to_lowercase().replace('§', "s").replace('.', "-") {
            return Some(format!("[{text}] links to {target}"));
        }
        let file = match path {
            _ if is_protocol => self.protocol.clone(),
            "" => file.to_owned(),
            // rustdoc checks links to items.
            _ if path.contains(':') || !path.contains(['/', '.']) || !has_extension(file, "md") => {
                return None;
            }
            _ => file.parent().unwrap().join(path),
        };
        let is_missing = !file.exists()
            || (!anchor.is_empty()
                && has_extension(&file, "md")
                && !self.anchors(&file).contains(anchor));
        is_missing.then(|| format!("{target} leads nowhere"))
    }

    /// Returns the anchors of a Markdown file: explicit ones, and those generated for its headings.
    fn anchors(&mut self, file: &Path) -> &BTreeSet<String> {
        self.anchors.entry(file.to_owned()).or_insert_with(|| {
            let mut anchors = BTreeSet::new();
            let mut heading: Option<String> = None;
            let text = fs::read_to_string(file).unwrap();
            for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
                match event {
                    Event::InlineHtml(html) | Event::Html(html) => anchors.extend(anchor(&html)),
                    Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                    Event::End(TagEnd::Heading(_)) => {
                        anchors.insert(slug(&heading.take().unwrap()));
                    }
                    Event::Text(text) | Event::Code(text) => {
                        heading.iter_mut().for_each(|heading| heading.push_str(&text));
                    }
                    _ => {}
                }
            }
            anchors
        })
    }
}

/// Returns the name in `<a id="name">`.
fn anchor(html: &str) -> Option<String> {
    Some(html.strip_prefix("<a id=\"")?.split_once('"')?.0.to_owned())
}

fn slug(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
}

/// Returns the first section or rule that a text cites without a link.
fn bare(text: &str) -> Option<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '§' | '_')));
    let digits = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit());
    let cites = |word: &str| {
        word.strip_prefix('§').is_some_and(digits)
            || word.strip_prefix('P').is_some_and(|rest| rest.len() <= 2 && digits(rest))
    };
    words.into_iter().find(|word| cites(word)).map(|word| format!("{word} is not a link"))
}
