//! Walks the errors of a crate: every variant of every public error type is listed, and every chain
//! can be understood by a person.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Debug;
use std::path::Path;
use std::{fs, io};

/// The public error types of a crate, and the variants that were checked.
#[derive(Default)]
pub(crate) struct ErrorWalk {
    variants: BTreeMap<String, BTreeSet<String>>,
    unchecked: BTreeSet<String>,
    shown: BTreeSet<String>,
    texts: Vec<String>,
}

impl ErrorWalk {
    /// Reads the sources of a crate in the workspace.
    pub(crate) fn new(name: &str) -> Self {
        let mut walk = Self::default();
        let mut public = BTreeSet::new();
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        walk.read(&crates.join(name).join("src"), &mut public);
        walk.unchecked.retain(|name| public.contains(name));
        assert!(!walk.unchecked.is_empty(), "no error type was found in {name}");
        walk
    }

    fn read(&mut self, dir: &Path, public: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.read(&path, public);
                continue;
            }
            for item in syn::parse_file(&fs::read_to_string(&path).unwrap()).unwrap().items {
                self.item(item, public);
            }
        }
    }

    fn item(&mut self, item: syn::Item, public: &mut BTreeSet<String>) {
        let is_public = |vis: &syn::Visibility| matches!(vis, syn::Visibility::Public(_));
        match item {
            syn::Item::Enum(item) if is_public(&item.vis) => {
                // A text in a variant would be a fragment within its sentence.
                let is_text = |field: &syn::Field| matches!(field.ty, syn::Type::Reference(_));
                let texts =
                    item.variants.iter().filter(|variant| variant.fields.iter().any(is_text));
                self.texts
                    .extend(texts.map(|variant| format!("{}::{}", item.ident, variant.ident)));
                let variants = item.variants.iter().map(|variant| variant.ident.to_string());
                self.variants.insert(item.ident.to_string(), variants.collect());
                public.insert(item.ident.to_string());
            }
            syn::Item::Struct(item) if is_public(&item.vis) => {
                public.insert(item.ident.to_string());
            }
            syn::Item::Impl(item) => {
                let last = |path: &syn::Path| path.segments.last().unwrap().ident.to_string();
                let of = item.trait_.as_ref().map(|(path, _)| last(path));
                if let (Some("Error" | "StdError"), syn::Type::Path(of)) =
                    (of.as_deref(), &*item.self_ty)
                {
                    self.unchecked.insert(last(&of.path));
                }
            }
            _ => {}
        }
    }

    /// Checks errors of a type, which must include all its variants. Different errors must have
    /// different messages, because the details of an error are part of its chain.
    #[track_caller]
    pub(crate) fn errors<E: Error + 'static>(
        &mut self,
        name: &str,
        errors: impl IntoIterator<Item = E>,
    ) {
        let errors: Vec<E> = errors.into_iter().collect();
        assert!(self.unchecked.remove(name), "{name} is not an error type, or was already checked");
        self.data(name, &errors);
        for error in &errors {
            let shown = check_chain(error);
            assert!(
                self.shown.insert(shown.clone()),
                "two errors have the same message: {shown:?}"
            );
        }
        // Another type may wrap these errors without adding a message.
        self.shown.clear();
    }

    /// Checks that every variant of an enum is among these.
    #[track_caller]
    pub(crate) fn data<T: Debug>(&self, name: &str, listed: &[T]) {
        let Some(variants) = self.variants.get(name) else { return };
        let ident = |value: &T| {
            let debug = format!("{value:?}");
            debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
        };
        assert_eq!(&listed.iter().map(ident).collect::<BTreeSet<_>>(), variants, "{name}");
    }

    /// Checks that no error type was left out.
    #[track_caller]
    pub(crate) fn finish(self) {
        assert_eq!(self.unchecked, BTreeSet::new(), "these error types were not checked");
        assert_eq!(self.texts, Vec::<String>::new(), "these variants contain fragments");
    }
}

/// Checks the messages of an error and its sources, and returns them in one line.
#[track_caller]
pub(crate) fn check_chain(error: &(dyn Error + 'static)) -> String {
    let mut links = vec![error];
    while let Some(source) = links[links.len() - 1].source() {
        links.push(source);
    }
    let texts: Vec<String> = links.iter().map(ToString::to_string).collect();
    for (at, (link, text)) in links.iter().zip(&texts).enumerate() {
        assert!(!text.chars().any(char::is_control), "not one line: {text:?}");
        // The messages of the operating system are not checked.
        if !link.is::<io::Error>() {
            check_sentence(text);
        }
        for (other, repeated) in texts.iter().enumerate() {
            assert!(other == at || !text.contains(repeated), "a text occurs twice: {texts:?}");
        }
    }
    texts.join(": ")
}

/// Returns whether the text is a complete lower-case sentence with a subject.
#[track_caller]
fn check_sentence(text: &str) {
    const FRAGMENTS: [&str; 13] =
        ["and", "at", "but", "cannot", "has", "in", "is", "it", "its", "not", "of", "to", "was"];
    let first = text.split(' ').next().unwrap_or_default();
    assert!(!text.ends_with(['.', ':', ';', ' ']), "{text:?}");
    assert!(text.split(' ').count() > 2 && !FRAGMENTS.contains(&first), "a fragment: {text:?}");
    assert!(!first.starts_with(|c: char| c.is_uppercase()) || is_name(first), "{text:?}");
}

/// Returns whether the text is a name, such as the name of a variable.
fn is_name(word: &str) -> bool {
    word.len() > 1 && !word.chars().any(char::is_lowercase)
}
