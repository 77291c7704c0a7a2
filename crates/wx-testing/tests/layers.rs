//! Holds the layers of the crates. A module may use what is in its own layer or below it, siblings
//! form no circle, and what is used is imported from the module that defines it.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// The crates, each with its top-level modules from the lowest layer to the highest.
const CRATES: [(&str, Layers); 2] = [
    ("wx-proto", &["model", "wire", "session", "endpoint", "flow"]),
    ("wx-emulator", &["model", "state", "exchange", "violations", "calls", "server"]),
];

type Layers = &'static [&'static str];

/// A path of names, without `crate`.
type Names = Vec<String>;

/// What is in a file: what it defines, which names it brings in, and which paths it uses.
#[derive(Default)]
struct Module {
    items: BTreeSet<String>,
    aliases: BTreeMap<String, Names>,
    globs: Vec<Names>,
    paths: Vec<Names>,
}

#[test]
fn the_layers_hold() {
    for (name, layers) in CRATES {
        let mut sources = BTreeMap::new();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        read(&crates.join(name).join("src"), &mut Vec::new(), &mut sources);
        assert!(sources.len() > 50, "only {} files of {name} were found", sources.len());
        assert_eq!(violations(layers, &sources), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn each_way_to_break_them_is_found() {
    let base = [
        ("", "pub use wire::form::Form;"),
        ("model", "pub struct Id;"),
        ("wire", "pub use self::form::Form;"),
        ("wire::form", "use crate::model::Id; pub struct Form;"),
        ("wire::query", "use super::form; fn f() -> form::Form { form::Form }"),
    ];
    assert_eq!(found(&base, &[]), Vec::<String>::new());
    let upwards = [
        "use crate::wire::form::Form;",
        "use crate::wire::{form::{Form as F}};",
        "use crate::wire::Form;",
        "use crate::wire::*;",
        "pub use super::super::wire::form;",
        "use crate::wire; fn f() -> wire::form::Form { todo!() }",
        "fn f() -> Option<crate::wire::form::Form> { None }",
        "impl crate::wire::form::Form {}",
        "fn f() { println!(\"{}\", crate::wire::form::NAME) }",
        "macro_rules! m { () => { $crate::wire::form::NAME } }",
        "mod inner { use crate::wire::form::Form; }",
    ];
    for source in upwards {
        assert_eq!(
            found(&base, &[("model::media", source)]),
            ["model::media uses wire"],
            "{source}"
        );
    }
    let unknown = found(&base, &[("other", ""), ("wire", "use crate::other::F;")]);
    assert_eq!(unknown, ["other is in no layer"]);
    let through_root = found(&base, &[("endpoint", "use crate::Form;")]);
    assert_eq!(through_root, ["endpoint imports Form through the crate root"]);
    let circle = found(&base, &[("wire::form", "use super::query::Q;")]);
    assert_eq!(circle, ["wire: form and query form a circle"]);
    let tests =
        "#[cfg(test)] mod tests { use crate::wire::form::Form; } #[cfg(doc)] use crate::wire;";
    assert_eq!(found(&base, &[("model::media", tests)]), Vec::<String>::new());
}

fn found(base: &[(&str, &str)], more: &[(&str, &str)]) -> Vec<String> {
    let sources = base.iter().chain(more).map(|(path, source)| (names(path), (*source).to_owned()));
    violations(CRATES[0].1, &sources.collect())
}

fn names(path: &str) -> Names {
    path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Reads all sources below `dir`, except for those of tests.
fn read(dir: &Path, at: &mut Names, sources: &mut BTreeMap<Names, String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "tests" {
            continue;
        }
        at.push(name);
        if path.is_dir() {
            read(&path, at, sources);
        } else {
            let module = if *at == ["lib"] { Vec::new() } else { at.clone() };
            sources.insert(module, fs::read_to_string(&path).unwrap());
        }
        at.pop();
    }
}

fn violations(layers: Layers, sources: &BTreeMap<Names, String>) -> Vec<String> {
    let modules: BTreeMap<_, _> = sources
        .iter()
        .map(|(path, source)| (path.clone(), Reader::module(layers, path, source)))
        .collect();
    let mut found = BTreeSet::new();
    let mut siblings: BTreeMap<Names, BTreeSet<(String, String)>> = BTreeMap::new();
    for (from, module) in modules.iter().filter(|(from, _)| !from.is_empty()) {
        if !layers.contains(&from[0].as_str()) {
            found.insert(format!("{} is in no layer", from[0]));
        }
        for path in &module.paths {
            if path.first().is_some_and(|name| !modules.contains_key([name.clone()].as_slice())) {
                found.insert(format!(
                    "{} imports {} through the crate root",
                    from.join("::"),
                    path[0]
                ));
            }
            for to in resolve(&modules, path, 0) {
                let same = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
                let (Some(mine), Some(other)) = (from.get(same), to.get(same)) else { continue };
                let layer = |name: &str| layers.iter().position(|layer| *layer == name);
                if same > 0 {
                    let edge = (mine.clone(), other.clone());
                    siblings.entry(from[..same].to_vec()).or_default().insert(edge);
                } else if layer(other) >= layer(mine) {
                    found.insert(format!("{} uses {other}", from.join("::")));
                }
            }
        }
    }
    for (parent, edges) in siblings {
        for (a, b) in &edges {
            if a < b && reaches(&edges, b, a) && reaches(&edges, a, b) {
                found.insert(format!("{}: {a} and {b} form a circle", parent.join("::")));
            }
        }
    }
    found.into_iter().collect()
}

fn reaches(edges: &BTreeSet<(String, String)>, from: &str, to: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        if at == to {
            return true;
        }
        if seen.insert(at) {
            next.extend(edges.iter().filter(|(a, _)| a == at).map(|(_, b)| b.as_str()));
        }
    }
    false
}

/// The modules that a path leads to: where its item is defined, and those that only re-export it.
fn resolve(modules: &BTreeMap<Names, Module>, path: &[String], depth: usize) -> Vec<Names> {
    let mut at = Names::new();
    for (i, name) in path.iter().enumerate() {
        let child = [at.as_slice(), std::slice::from_ref(name)].concat();
        if modules.contains_key(&child) {
            at = child;
            continue;
        }
        let module = &modules[&at];
        if module.items.contains(name) || depth > 8 {
            break;
        }
        let onwards = |target: &Names| {
            let path = [target.as_slice(), &path[i + 1..]].concat();
            resolve(modules, &path, depth + 1)
        };
        let mut found: Vec<_> = module.aliases.get(name).into_iter().flat_map(onwards).collect();
        for glob in &module.globs {
            found.extend(resolve(modules, &[glob.as_slice(), &path[i..]].concat(), depth + 1));
        }
        found.push(at);
        return found;
    }
    vec![at]
}

struct Reader<'a> {
    layers: Layers,
    path: &'a Names,
    module: Module,
}

impl<'a> Reader<'a> {
    fn module(layers: Layers, path: &'a Names, source: &str) -> Module {
        let file = syn::parse_file(source).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let mut reader = Self { layers, path, module: Module::default() };
        // First what names mean here, then what is made of them.
        for item in &file.items {
            reader.define(item);
        }
        reader.visit_file(&file);
        reader.module
    }

    fn define(&mut self, item: &syn::Item) {
        let name = match item {
            syn::Item::Struct(item) => &item.ident,
            syn::Item::Enum(item) => &item.ident,
            syn::Item::Trait(item) => &item.ident,
            syn::Item::Type(item) => &item.ident,
            syn::Item::Const(item) => &item.ident,
            syn::Item::Static(item) => &item.ident,
            syn::Item::Fn(item) => &item.sig.ident,
            syn::Item::Macro(syn::ItemMacro { ident: Some(ident), .. }) => ident,
            syn::Item::Use(item) if !is_left_out(&item.attrs) => {
                return self.bring(&item.tree, Vec::new());
            }
            _ => return,
        };
        self.module.items.insert(name.to_string());
    }

    fn bring(&mut self, tree: &syn::UseTree, mut at: Names) {
        match tree {
            syn::UseTree::Path(path) => {
                at.push(path.ident.to_string());
                self.bring(&path.tree, at);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.bring(tree, at.clone()))
            }
            syn::UseTree::Name(name) => self.alias(at, &name.ident, &name.ident),
            syn::UseTree::Rename(name) => self.alias(at, &name.ident, &name.rename),
            syn::UseTree::Glob(_) => {
                if let Some(path) = self.absolute(&at) {
                    self.module.paths.push(path.clone());
                    self.module.globs.push(path);
                }
            }
        }
    }

    fn alias(&mut self, mut at: Names, name: &syn::Ident, alias: &syn::Ident) {
        if name != "self" {
            at.push(name.to_string());
        }
        let alias = if alias == "self" { at.last().cloned().unwrap() } else { alias.to_string() };
        if let Some(path) = self.absolute(&at) {
            self.module.paths.push(path.clone());
            if path.last() != Some(&alias) || path[..path.len() - 1] != **self.path {
                self.module.aliases.insert(alias, path);
            }
        }
    }

    /// The path from the root of the crate; `None` for those of other crates and for local names.
    fn absolute(&self, path: &[String]) -> Option<Names> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.path.clone(),
            "super" => self.path[..self.path.len().checked_sub(1)?].to_vec(),
            name => {
                let found = self.module.aliases.get(name);
                // At the root and in re-exports of children a path may begin with the child.
                found.cloned().or_else(|| {
                    let is_layer = self.path.is_empty() && self.layers.contains(&name);
                    is_layer.then(|| vec![name.to_owned()])
                })?
            }
        };
        while rest.first().is_some_and(|name| name == "super") {
            at.pop();
            rest = &rest[1..];
        }
        at.extend_from_slice(rest);
        Some(at)
    }

    fn take(&mut self, path: &[String]) {
        if let Some(path) = self.absolute(path).filter(|path| !path.is_empty()) {
            self.module.paths.push(path);
        }
    }

    /// The paths in the tokens of a macro, which are not parsed. What is in quotes is text.
    fn tokens(&mut self, text: &str) {
        let joined = text.replace(" :: ", "::").replace("$ ", "");
        let code: Vec<_> = joined.split('"').step_by(2).collect();
        let is_in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        for word in code.iter().flat_map(|code| code.split(|c| !is_in_path(c))) {
            let path: Names = word.split("::").map(str::to_owned).collect();
            if path.len() > 1 {
                self.take(&path);
            }
        }
    }
}

/// Whether something is for tests or for the documentation alone.
fn is_left_out(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => {
            list.path.is_ident("cfg") && ["test", "doc"].contains(&list.tokens.to_string().as_str())
        }
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_left_out(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_left_out(&item.attrs) {
            self.bring(&item.tree, Vec::new());
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let path_names: Names =
            path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.take(&path_names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(&called.tokens.to_string());
        visit::visit_macro(self, called);
    }

    // `pub(in …)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}
