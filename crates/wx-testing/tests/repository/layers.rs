//! Checks the structure of all crates: sibling modules form no circle. In a crate with layers, a
//! module may use its own layer and lower ones, and imports from the module that defines an item.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

mod reader;

use reader::{Module, Names};

/// All crates. If a crate has layers, its top-level modules are listed from the lowest layer to the
/// highest.
const CRATES: [(&str, Layers); 10] = [
    ("benches", &[]),
    ("crates/wx-cli", &[]),
    ("crates/wx-client", &[]),
    ("crates/wx-emulator", EMULATOR),
    ("crates/wx-example-call", &[]),
    ("crates/wx-example-transport", &[]),
    ("crates/wx-proto", CORE),
    ("crates/wx-reqwest", &[]),
    ("crates/wx-testing", &[]),
    ("crates/wx-ureq", &[]),
];

type Layers = &'static [&'static str];

const EMULATOR: Layers =
    &["model", "state", "exchange", "violations", "calls", "server", "driver_test"];

const CORE: Layers = &["protocol", "model", "wire", "session", "endpoint", "flow"];

#[test]
fn no_crate_has_a_circle_and_the_layers_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut found = Vec::new();
    for (name, layers) in CRATES {
        let sources = sources(&root.join(name));
        found.extend(violations(layers, &sources).iter().map(|what| format!("{name}: {what}")));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn every_crate_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> =
        crates.map(|name| format!("crates/{}", name.to_str().unwrap())).collect();
    names.push("benches".to_owned());
    names.sort();
    assert_eq!(names, CRATES.map(|(name, _)| name));
    for (name, layers) in CRATES {
        let files = sources(&root.join(name)).len();
        assert!(files > if layers.is_empty() { 2 } else { 50 }, "{name} has {files} files");
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
    assert_eq!(found(CORE, &base, &[]), Vec::<String>::new());
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
            found(CORE, &base, &[("model::media", source)]),
            ["model::media uses wire"],
            "{source}"
        );
    }
    let unknown = found(CORE, &base, &[("other", ""), ("wire", "use crate::other::F;")]);
    assert_eq!(unknown, ["other is in no layer"]);
    let through_root = found(CORE, &base, &[("endpoint", "use crate::Form;")]);
    assert_eq!(through_root, ["endpoint imports Form through the crate root"]);
    let circle = found(CORE, &base, &[("wire::form", "use super::query::Q;")]);
    assert_eq!(circle, ["wire: form, query form a circle"]);
    let tests =
        "#[cfg(test)] mod tests { use crate::wire::form::Form; } #[cfg(doc)] use crate::wire;";
    assert_eq!(found(CORE, &base, &[("model::media", tests)]), Vec::<String>::new());
}

#[test]
fn each_circle_is_found() {
    let base = [
        ("", "mod a; mod b; mod c; pub use a::A; pub use c::deep::Deep;"),
        ("a", "use crate::b::B; pub struct A;"),
        ("b", "mod inner; pub struct B; pub use inner::Inner;"),
        ("b::inner", "use super::B; pub struct Inner;"),
        ("c", "mod deep; pub use self::deep::Deep;"),
        ("c::deep", "pub struct Deep;"),
    ];
    let circles = |more: &[(&str, &str)]| found(&[], &base, more);
    let two = ["crate: a, b form a circle"];
    for (module, source) in [
        ("b", "use crate::A;"),
        ("b", "fn f(a: super::a::A) {}"),
        ("b", "fn f() { todo!(\"{}\", crate::a::NAME) }"),
        ("b", "#[cfg(unix)] use crate::a; fn f() { a::f() }"),
        ("b::inner", "use crate::{A as Other};"),
    ] {
        assert_eq!(circles(&[(module, source)]), two, "{source}");
    }
    let three = circles(&[("b", "use crate::Deep;"), ("c::deep", "use crate::a::A;")]);
    assert_eq!(three, ["crate: a, b, c form a circle"]);
    // An item that a parent re-exports belongs to its child.
    let of_children = circles(&[
        ("b", "mod inner; mod other; pub use other::Other; pub use inner::Inner;"),
        ("b::inner", "use super::Other; pub struct Inner;"),
        ("b::other", "use super::Inner; pub struct Other;"),
    ]);
    assert_eq!(of_children, ["b: inner, other form a circle"]);
    // A child may use its parent, and tests may use everything.
    for (module, source) in [
        ("d", "use crate::a::A;"),
        ("b", "#[cfg(all(test, unix))] mod tests { use crate::A; }"),
        ("b::other", "use super::inner::Inner;"),
    ] {
        assert_eq!(circles(&[(module, source)]), Vec::<String>::new(), "{source}");
    }
}

fn found(layers: Layers, base: &[(&str, &str)], more: &[(&str, &str)]) -> Vec<String> {
    let sources = base.iter().chain(more).map(|(path, source)| (names(path), (*source).to_owned()));
    violations(layers, &sources.collect())
}

fn names(path: &str) -> Names {
    path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Reads the sources of a crate.
fn sources(dir: &Path) -> BTreeMap<Names, String> {
    let mut sources = BTreeMap::new();
    read(&dir.join("src"), &mut Vec::new(), &mut sources);
    sources
}

/// Reads all sources in `dir`, except for tests and other binaries.
fn read(dir: &Path, at: &mut Names, sources: &mut BTreeMap<Names, String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if name == "tests" || name == "bin" {
            continue;
        }
        at.push(name);
        if path.is_dir() {
            read(&path, at, sources);
        } else {
            let module = if *at == ["lib"] || *at == ["main"] { Vec::new() } else { at.clone() };
            sources.insert(module, fs::read_to_string(&path).unwrap());
        }
        at.pop();
    }
}

fn violations(layers: Layers, sources: &BTreeMap<Names, String>) -> Vec<String> {
    let modules: BTreeMap<_, _> =
        sources.iter().map(|(path, source)| (path.clone(), Module::read(path, source))).collect();
    let mut found = BTreeSet::new();
    let mut siblings: BTreeMap<Names, BTreeSet<(String, String)>> = BTreeMap::new();
    for (from, module) in modules.iter().filter(|(from, _)| !from.is_empty()) {
        if !layers.is_empty() && !layers.contains(&from[0].as_str()) {
            found.insert(format!("{} is in no layer", from[0]));
        }
        for path in &module.paths {
            let is_item = |name: &String| !modules.contains_key([name.clone()].as_slice());
            if !layers.is_empty() && path.first().is_some_and(is_item) {
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
                if same > 0 || layers.is_empty() {
                    let edge = (mine.clone(), other.clone());
                    siblings.entry(from[..same].to_vec()).or_default().insert(edge);
                } else if layer(other) >= layer(mine) {
                    found.insert(format!("{} uses {other}", from.join("::")));
                }
            }
        }
    }
    for (parent, edges) in siblings {
        for (a, _) in &edges {
            let is_in_circle = |b: &&String| reaches(&edges, a, b) && reaches(&edges, b, a);
            let all: BTreeSet<_> = edges.iter().flat_map(|(a, b)| [a, b]).collect();
            let circle: Vec<_> = all.into_iter().filter(is_in_circle).map(String::as_str).collect();
            if circle.len() > 1 {
                let place = if parent.is_empty() { "crate" } else { &parent.join("::") };
                found.insert(format!("{place}: {} form a circle", circle.join(", ")));
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

/// Returns the modules that a path leads through: the one that defines the item, and those that
/// re-export it.
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
