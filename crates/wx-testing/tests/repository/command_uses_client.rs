//! Checks that the command is built on the `Client`s. If it imports from `wx_proto::flow` or
//! `wx_proto::endpoint`, a comment above the import has to state the reason.

use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// The modules of the core for which a client is the interface.
const BELOW: [&str; 2] = ["flow", "endpoint"];

#[test]
fn the_command_uses_nothing_below_the_clients_without_a_reason() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut sources = Vec::new();
    read(&crates.join("wx-cli/src"), &mut sources);
    assert!(sources.len() > 30, "only {} files were found", sources.len());
    for (path, source) in sources {
        assert_eq!(unexplained(&source), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn each_way_around_it_is_found() {
    for bad in [
        "use wx_proto::flow::Logout;",
        "use wx_proto::{Session, flow};",
        "use wx_proto::{flow::{Logout, Restore}};",
        "use wx_proto::*;",
        "use wx_proto as core;",
        "use wx_proto::{self as core};",
        "use wx_ureq::wx_proto::flow::Logout;",
        "fn f() -> wx_proto::flow::Logout { todo!() }",
        "fn f() { wx_proto::endpoint::logout::call() }",
        "fn f() { println!(\"{}\", wx_proto::flow::NAME) }",
        "// A reason that is too far away.\n\nuse wx_proto::flow::Logout;",
        "// A reason.\nuse wx_proto::flow::Logout;\nuse wx_proto::endpoint::Endpoint;",
    ] {
        assert_ne!(unexplained(bad), Vec::<String>::new(), "{bad}");
    }
    for good in [
        "use wx_proto::{Session, Site};",
        "// The argument of the callback.\nuse wx_proto::flow::Progress;",
        "// Two lines\n// of reasons.\nuse wx_proto::flow::{Login, Logout};",
        "#[cfg(test)] mod tests { use wx_proto::endpoint::Endpoint; }",
        "fn f() -> wx_proto::Session { flow() }",
    ] {
        assert_eq!(unexplained(good), Vec::<String>::new(), "{good}");
    }
}

fn read(dir: &Path, sources: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, sources);
        } else {
            sources.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Returns the uses of these modules, except for separate `use` items with a comment above them.
fn unexplained(source: &str) -> Vec<String> {
    let mut found = Below::default();
    found.visit_file(&syn::parse_file(source).unwrap());
    let lines: Vec<_> = source.lines().collect();
    let is_import = |line: &str| {
        BELOW.iter().any(|module| line.starts_with(&format!("use wx_proto::{module}::")))
    };
    let explained =
        lines.windows(2).filter(|lines| lines[0].starts_with("// ") && is_import(lines[1])).count();
    if found.imports <= explained { found.paths } else { vec!["an import".to_owned()] }
}

#[derive(Default)]
struct Below {
    /// The number of `use` items that import from such a module.
    imports: usize,
    /// All other uses.
    paths: Vec<String>,
}

impl Below {
    fn check(&mut self, path: &[String]) {
        let at = path.iter().position(|name| name == "wx_proto");
        let below = at.and_then(|at| path.get(at + 1));
        if below.is_some_and(|name| name == "*" || BELOW.contains(&name.as_str())) {
            self.paths.push(path.join("::"));
        }
    }

    fn tree(&mut self, tree: &syn::UseTree, mut at: Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                at.push(path.ident.to_string());
                self.tree(&path.tree, at);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.tree(tree, at.clone()));
            }
            syn::UseTree::Name(name) => {
                at.push(name.ident.to_string());
                self.check(&at);
            }
            syn::UseTree::Rename(name) => {
                at.push(name.ident.to_string());
                // If the crate is renamed, later uses cannot be recognised.
                if at.iter().rfind(|name| *name != "self").unwrap() == "wx_proto" {
                    at.push("*".to_owned());
                }
                at.retain(|name| name != "self");
                self.check(&at);
            }
            syn::UseTree::Glob(_) => {
                at.push("*".to_owned());
                self.check(&at);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Below {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let is_test = |attribute: &syn::Attribute| match &attribute.meta {
            syn::Meta::List(list) => {
                list.path.is_ident("cfg") && list.tokens.to_string().contains("test")
            }
            _ => false,
        };
        match item {
            syn::Item::Mod(module) if module.attrs.iter().any(is_test) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if let syn::UseTree::Path(root) = &item.tree
            && root.ident == "wx_proto"
            && let syn::UseTree::Path(module) = &*root.tree
            && BELOW.iter().any(|below| module.ident == below)
        {
            self.imports += 1;
        } else {
            self.tree(&item.tree, Vec::new());
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.check(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let text = called.tokens.to_string().replace(" :: ", "::");
        for module in BELOW {
            if text.contains(&format!("wx_proto::{module}")) {
                self.paths.push(format!("wx_proto::{module} in a macro"));
            }
        }
        visit::visit_macro(self, called);
    }
}
