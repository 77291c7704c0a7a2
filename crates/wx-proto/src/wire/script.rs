//! Values in the login calls' answers, which are lines of JavaScript. They are searched, never evaluated, and loosely:
//! spacing, quotes and line breaks vary (P52, §8.1, §8.2).

/// The value behind `name =` or `name :`, without its quotes. A name inside a longer one does not count.
pub(crate) fn value<'a>(script: &'a str, name: &str) -> Option<&'a str> {
    script.match_indices(name).find_map(|(at, _)| {
        let before = script[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let rest = script[at + name.len()..].trim_start().strip_prefix(['=', ':'])?.trim_start();
        match rest.chars().next()? {
            quote @ ('"' | '\'') => rest[1..].split_once(quote).map(|(inside, _)| inside),
            _ => {
                let end = rest.find(|c: char| matches!(c, ';' | ',' | '}') || c.is_whitespace());
                let bare = &rest[..end.unwrap_or(rest.len())];
                (!bare.is_empty()).then_some(bare)
            }
        }
    })
}

/// As [`value`], for a number.
pub(crate) fn number(script: &str, name: &str) -> Option<i64> {
    value(script, name)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p52_any_spacing_quotes_and_line_breaks() {
        for script in [
            "window.code=200;window.redirect_uri=\"https://x/?a=b;c\";",
            "window.code = 200;\r\nwindow.redirect_uri = 'https://x/?a=b;c' ;",
            "  window.code\n=\n200\n;window.redirect_uri\t=\t\"https://x/?a=b;c\"",
            "var window.codes=1;window.code=200,window.redirect_uri:\"https://x/?a=b;c\"",
        ] {
            assert_eq!(number(script, "window.code"), Some(200), "{script}");
            assert_eq!(value(script, "window.redirect_uri"), Some("https://x/?a=b;c"), "{script}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_made_up() {
        for script in
            ["", "window.code", "window.code=", "window.code=;", "xwindow.code=1", "window.code='", "窗=1"]
        {
            assert_eq!(number(script, "window.code"), None, "{script}");
        }
        assert_eq!(value("window.uuid = \"never closed", "window.uuid"), None);
    }
}
