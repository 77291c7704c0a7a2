use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// An immutable list that is cheap to clone: clones share its elements.
///
/// It dereferences to a slice. `into_iter` and `Vec::from` move the elements out. They copy them
/// only while a clone exists, such as the one in a finished flow.
#[derive(PartialEq, Eq)]
pub struct Items<T>(Arc<Vec<T>>);

impl<T> Clone for Items<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Items<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> From<Vec<T>> for Items<T> {
    fn from(elements: Vec<T>) -> Self {
        Self(Arc::new(elements))
    }
}

impl<T: Clone> From<Items<T>> for Vec<T> {
    fn from(items: Items<T>) -> Self {
        Arc::unwrap_or_clone(items.0)
    }
}

impl<T: Clone> IntoIterator for Items<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        Vec::from(self).into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Items<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_list_gives_its_elements_away_and_a_clone_leaves_the_others_theirs() {
        let elements = vec!["a".to_owned(), "b".to_owned()];
        let text = elements[1].as_ptr();
        let items = Items::from(elements);
        let clone = items.clone();
        assert_eq!(Vec::from(clone), ["a", "b"]);
        assert_eq!((items.len(), items[0].as_str()), (2, "a"));
        let moved: Vec<_> = items.into_iter().collect();
        assert_eq!(moved[1].as_ptr(), text, "nothing was copied");
    }
}
