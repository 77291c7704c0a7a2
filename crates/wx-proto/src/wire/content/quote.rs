//! Quotes that arrive as text: `「NAME：QUOTED」`, a line of dashes, and the reply
//! ([§11.5](crate::protocol#s11-5), [P104](crate::protocol#p104)).

/// The parts of a quote in a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) name: &'a str,
    pub(crate) quoted: &'a str,
    pub(crate) reply: &'a str,
}

/// Reads a decoded text. Returns `None` if it is not a quote.
pub(crate) fn parts(text: &str) -> Option<Parts<'_>> {
    let text = text.strip_prefix('「')?;
    // Use the last line of dashes, because quoted text can contain such lines. Otherwise the author
    // of the quoted text could forge the reply.
    let (quote, reply) = text.rsplit_once("」\n- - - - - - - - - - - - - - -\n")?;
    let (name, quoted) = quote.split_once('：')?;
    Some(Parts { name, quoted, reply })
}
