//! Texts to send ([§11.1](crate::protocol#s11-1)).

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::model::ids::UserName;

/// A text to send, exactly as it is: nothing is escaped, trimmed or shortened
/// ([P62](crate::protocol#p62)). An empty text is refused before anything is sent
/// ([P63](crate::protocol#p63)).
///
/// QQ faces are written by their names, such as `[微笑]`, and emoji as themselves. There is no
/// escape: a text that looks like a face becomes one.
///
/// ```
/// use wx_proto::{Text, mention};
///
/// let text = Text::new(format!("{}the invoice is paid", mention("Anna")));
/// assert_eq!(text.content(), "@Anna\u{2005}the invoice is paid");
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    content: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notified: Vec<UserName>,
}

impl Text {
    /// Creates a text.
    pub fn new(content: impl Into<String>) -> Self {
        Self { content: content.into(), notified: Vec::new() }
    }

    /// Asks the server to notify these members of the room that the text is sent to.
    ///
    /// This adds a `MsgSource`, for which the official page has code that it does not use. It is
    /// unknown whether the server honours it, and many users report that a mention by a web client
    /// notifies nobody ([P64](crate::protocol#p64)). [`mention`] only writes the text that phones
    /// show as a mention.
    #[must_use]
    pub fn notifying(self, members: impl IntoIterator<Item = UserName>) -> Self {
        Self { notified: members.into_iter().collect(), ..self }
    }

    /// Returns the text.
    #[must_use]
    pub fn content(&self) -> &str {
        &self.content
    }

    /// Returns the members to notify.
    #[must_use]
    pub fn notified(&self) -> &[UserName] {
        &self.notified
    }

    /// Splits a long text into parts of at most `limit` characters, 0 counting as 1. A part ends at
    /// a line break if there is one, otherwise at a blank, otherwise between two characters as a
    /// reader sees them. White space where two parts meet is dropped. Only the first part notifies
    /// members.
    ///
    /// No source states how long a text can be. Users have seen texts of more than about 2000
    /// characters truncated or refused.
    ///
    /// ```
    /// use wx_proto::Text;
    ///
    /// let parts = Text::new("one two\nthree").split(8);
    /// assert_eq!(parts.iter().map(Text::content).collect::<Vec<_>>(), ["one two", "three"]);
    /// ```
    #[must_use]
    pub fn split(self, limit: usize) -> Vec<Self> {
        let limit = limit.max(1);
        let mut parts = Vec::new();
        let mut notified = self.notified;
        let mut rest = self.content.as_str();
        while !rest.is_empty() {
            let (part, after) = match split_point(rest, limit) {
                Some(at) => (rest[..at].trim_end(), rest[at..].trim_start()),
                None => (rest, ""),
            };
            if !part.is_empty() {
                let notified = std::mem::take(&mut notified);
                parts.push(Self { content: part.to_owned(), notified });
            }
            rest = after;
        }
        parts
    }
}

/// Returns where to split a text of more than `limit` characters. A single visible character can be
/// as long as the text, so only a part of the text is examined.
fn split_point(text: &str, limit: usize) -> Option<usize> {
    let (end, next) = text.char_indices().nth(limit)?;
    // White space just after the limit ends a part of full length.
    Some(split_point_within(&text[..end + next.len_utf8()], end))
}

/// Returns where to split a text, at `end` at the latest.
fn split_point_within(window: &str, end: usize) -> usize {
    #[cfg(test)]
    tests::LOOKED_AT.set(tests::LOOKED_AT.get() + window.len());
    let after_text = |at: &usize| !window[..*at].trim().is_empty();
    let at_line_break = window.rfind('\n').filter(after_text);
    let at_blank = || window.rfind(char::is_whitespace).filter(after_text);
    // A visible character that is longer than the limit is split.
    let visible =
        || window.grapheme_indices(true).next_back().map(|(at, _)| at).filter(|at| *at > 0);
    at_line_break.or_else(at_blank).or_else(visible).unwrap_or(end)
}

/// Returns a mention of the room member with this display name, as phones write it: `@`, the name,
/// and U+2005. The separator is part of it, so add no blank.
#[must_use]
pub fn mention(display_name: &str) -> String {
    format!("@{display_name}\u{2005}")
}

impl From<&str> for Text {
    fn from(content: &str) -> Self {
        Self::new(content)
    }
}

impl From<String> for Text {
    fn from(content: String) -> Self {
        Self::new(content)
    }
}

/// Shows only the length.
impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.content.len())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        /// The number of bytes that were looked at to find cuts.
        pub(super) static LOOKED_AT: Cell<usize> = const { Cell::new(0) };
    }

    fn split(text: &str, limit: usize) -> Vec<String> {
        Text::new(text).split(limit).into_iter().map(|part| part.content).collect()
    }

    #[test]
    fn p63_a_long_text_is_split_at_line_breaks_then_blanks_then_characters() {
        assert_eq!(split("", 5), [""; 0]);
        assert_eq!(split("short", 5), ["short"]);
        assert_eq!(split("one two three", 7), ["one two", "three"]);
        assert_eq!(split("one two\nthree four", 12), ["one two", "three four"]);
        assert_eq!(split("a\n\n\n\nb", 3), ["a", "b"]);
        assert_eq!(split("  a b", 3), ["  a", "b"]);
        assert_eq!(split("中文没有空格", 4), ["中文没有", "空格"]);
        // A family of seven characters, a flag of two, and a letter with two accents.
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}";
        assert_eq!(split(&format!("ab{family}"), 8), ["ab", family]);
        assert_eq!(split("a\u{1f1e9}\u{1f1ea}", 2), ["a", "\u{1f1e9}\u{1f1ea}"]);
        assert_eq!(split("xe\u{301}\u{302}", 3), ["x", "e\u{301}\u{302}"]);
        // Nothing fits, so the character is split.
        assert_eq!(split(family, 3).concat(), family);
        assert_eq!(split("ab", 0), ["a", "b"]);
    }

    /// A letter with any number of accents is one visible character.
    #[test]
    fn p63_a_long_run_of_accents_is_split_in_linear_time() {
        let (accents, limit) = (100_000, 2000);
        let text = format!("e{}", "\u{301}".repeat(accents));
        LOOKED_AT.set(0);
        let parts = split(&text, limit);
        assert_eq!((parts.len(), parts.concat()), (accents / limit + 1, text.clone()));
        // Each part, and the character after it.
        assert!(LOOKED_AT.get() <= text.len() + 4 * parts.len(), "{}", LOOKED_AT.get());
    }

    #[test]
    fn p64_only_the_first_part_notifies() {
        let anna = UserName::new("@a").unwrap();
        let parts = Text::new("one two").notifying([anna.clone()]).split(4);
        let notified: Vec<_> = parts.iter().map(Text::notified).collect();
        assert_eq!(notified, [&[anna][..], &[]]);
    }

    #[test]
    fn the_text_is_not_shown() {
        assert_eq!(format!("{:?}", Text::new("hello")), "Text(5 bytes)");
    }

    proptest! {
        #[test]
        fn p63_only_white_space_is_lost(text in "[ab \n\u{e9}中]{0,80}", limit in 1..20usize) {
            let parts = split(&text, limit);
            let visible = |text: &str| text.replace(char::is_whitespace, "");
            prop_assert_eq!(visible(&parts.concat()), visible(&text));
            for part in &parts {
                prop_assert!(!part.is_empty() && part.chars().count() <= limit);
            }
        }
    }
}
