//! Reads which items a module defines and uses.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};

/// A path of names, without the leading `crate`.
pub(super) type Names = Vec<String>;

/// A file: the items that it defines, the names that it imports, and the paths that it uses.
#[derive(Default)]
pub(super) struct Module {
    pub(super) items: BTreeSet<String>,
    pub(super) aliases: BTreeMap<String, Names>,
    pub(super) globs: Vec<Names>,
    pub(super) paths: Vec<Names>,
}

struct Reader<'a> {
    path: &'a Names,
    module: Module,
}

impl Module {
    /// Reads the module at `path`.
    pub(super) fn read(path: &Names, source: &str) -> Self {
        let file = syn::parse_file(source).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let mut reader = Reader { path, module: Self::default() };
        // First collects what the names mean, and then resolves their uses.
        for item in &file.items {
            reader.define(item);
        }
        reader.visit_file(&file);
        reader.module
    }
}

impl Reader<'_> {
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
            syn::Item::Mod(item) if item.content.is_none() && !is_left_out(&item.attrs) => {
                let name = item.ident.to_string();
                let path = [self.path.as_slice(), std::slice::from_ref(&name)].concat();
                self.module.aliases.insert(name, path);
                return;
            }
            syn::Item::Use(item) if !is_left_out(&item.attrs) => {
                return self.import(&item.tree, Vec::new());
            }
            _ => return,
        };
        self.module.items.insert(name.to_string());
    }

    fn import(&mut self, tree: &syn::UseTree, mut at: Names) {
        match tree {
            syn::UseTree::Path(path) => {
                at.push(path.ident.to_string());
                self.import(&path.tree, at);
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(tree, at.clone()))
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

    /// Returns the path from the crate root. `None` for other crates and for local names.
    fn absolute(&self, path: &[String]) -> Option<Names> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.path.clone(),
            "super" => self.path[..self.path.len().checked_sub(1)?].to_vec(),
            name => self.module.aliases.get(name)?.clone(),
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

    /// Collects the paths in the tokens of a macro, which are not parsed. Quoted text is skipped.
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

/// Returns whether an item is only for tests or for the documentation.
fn is_left_out(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            ["test", "doc", "doctest"].contains(&condition.as_str())
                || ["all (test ,", "all (doctest ,"].iter().any(|all| condition.starts_with(all))
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
            self.import(&item.tree, Vec::new());
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

    // `pub(in …)` is not an import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}
