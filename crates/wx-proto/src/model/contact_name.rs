//! Finds contacts by a name that a person typed ([§11.10](crate::protocol#s11-10)).

use unicode_normalization::UnicodeNormalization;

use crate::model::contact::Contact;

/// Returns whether two decoded names look the same.
///
/// All blanks are equal, including no-break spaces. A composed letter equals a decomposed one, and
/// an emoji with a variation selector equals one without. Case matters.
///
/// ```
/// assert!(wx_proto::is_same_name("Zoe\u{308} W", "Zo\u{eb}\u{a0}W"));
/// assert!(!wx_proto::is_same_name("Anna", "anna"));
/// ```
#[must_use]
pub fn is_same_name(one: &str, other: &str) -> bool {
    one == other || normalized(one).eq(normalized(other))
}

/// Returns the contacts with this remark name or, if no remark name matches, those with this
/// nickname. Names are not unique, so the result can have several contacts.
#[must_use]
pub fn contacts_named<'a>(contacts: &'a [Contact], name: &str) -> Vec<&'a Contact> {
    let with = |name_of: fn(&Contact) -> Option<&str>| -> Vec<_> {
        let is_named =
            |contact: &&Contact| name_of(contact).is_some_and(|of| is_same_name(of, name));
        contacts.iter().filter(is_named).collect()
    };
    let found = with(|contact| contact.remark_name.as_deref());
    if found.is_empty() { with(|contact| Some(&contact.nick_name)) } else { found }
}

fn normalized(name: &str) -> impl Iterator<Item = char> {
    let is_selector = |c: &char| ('\u{fe00}'..='\u{fe0f}').contains(c);
    name.nfc().filter(move |c| !is_selector(c)).map(|c| if c.is_whitespace() { ' ' } else { c })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p93_names_are_equal_however_they_are_typed() {
        for (one, other) in [
            ("Anna\u{a0}B", "Anna B"),
            ("a\u{2005}b\u{3000}c", "a b c"),
            ("Zo\u{eb}", "Zoe\u{308}"),
            ("\u{ac00}", "\u{1100}\u{1161}"),
            ("I \u{2764}\u{fe0f} tea", "I \u{2764} tea"),
            ("Anna\u{1f604}", "Anna\u{1f604}"),
        ] {
            assert!(is_same_name(one, other) && is_same_name(other, one), "{one} {other}");
        }
        for (one, other) in [("Anna", "anna"), ("ab", "a b"), ("a", "a "), ("", " "), ("①", "1")]
        {
            assert!(!is_same_name(one, other), "{one} {other}");
        }
    }
}
