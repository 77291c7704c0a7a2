use std::fmt;

/// A value that is never printed: its `Debug` is `[secret]` in every build, and it has no
/// `Display`.
///
/// The skey, the sid, the pass_ticket and every cookie are secrets ([P15](crate::protocol#p15)).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<T = String>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value. The caller must keep it secret.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p15_debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::from("@crypt_canary")), "[secret]");
        assert_eq!(format!("{:#?}", Some(Secret::new(b"canary"))), "Some(\n    [secret],\n)");
    }
}
