//! Makes file names of strangers safe ([P78](crate::protocol#p78)).
//!
//! No crate fits: `sanitize-filename` keeps invisible characters, truncates extensions, and can
//! return an empty name.

/// The longest file name on common file systems, in bytes.
const LONGEST: usize = 255;
/// A longer text after the last dot is not an extension.
const LONGEST_EXTENSION: usize = 16;
/// The name to use if nothing else remains.
const FALLBACK: &str = "file";
/// Shorter names cannot have an extension.
const SHORTEST: usize = 32;

/// Returns `name` as a file name that is safe on every common system: one visible component of at
/// most 255 bytes that does not leave its directory and is not the name of a device. Its extension
/// is kept.
///
/// `reserved` is the number of bytes to leave free for a prefix or a suffix, up to 223. Different
/// names can become equal, so add something unique, such as the id of the message.
///
/// ```
/// use wx_proto::safe_file_name;
///
/// assert_eq!(safe_file_name("Report 2024.pdf", 0), "Report 2024.pdf");
/// assert_eq!(safe_file_name("../../etc/passwd", 0), "_._etc_passwd");
/// assert_eq!(safe_file_name("con.txt", 0), "_con.txt");
/// assert_eq!(safe_file_name("invoice\u{202e}fdp.exe", 0), "invoicefdp.exe");
/// assert_eq!(safe_file_name(" ... ", 0), "file");
/// ```
#[must_use]
pub fn safe_file_name(name: &str, reserved: usize) -> String {
    let mut safe = String::new();
    for c in name.chars().filter(|c| !c.is_control() && !is_invisible(*c)) {
        match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => safe.push('_'),
            '.' if safe.ends_with('.') => {}
            c => safe.push(c),
        }
    }
    // A leading dot hides a file, and Windows drops dots and blanks at the end.
    let mut safe = safe.trim_matches(is_edge).to_owned();
    if is_device(&safe) {
        safe.insert(0, '_');
    }
    let longest = LONGEST.saturating_sub(reserved).max(SHORTEST);
    if safe.len() > longest {
        let extension = match safe.rfind('.') {
            Some(dot) if safe.len() - dot <= LONGEST_EXTENSION => safe.split_off(dot),
            _ => String::new(),
        };
        let mut end = longest - extension.len();
        while !safe.is_char_boundary(end) {
            end -= 1;
        }
        safe.truncate(safe[..end].trim_end_matches(is_edge).len());
        safe.push_str(&extension);
    }
    if safe.is_empty() { FALLBACK.to_owned() } else { safe }
}

fn is_edge(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// Whether Windows treats the name as a device, whatever its extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        stem => stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT")).is_some_and(|port| {
            let mut port = port.chars();
            matches!((port.next(), port.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        }),
    }
}

/// Whether the character is not displayed, or changes how other characters are displayed: those
/// that Unicode lets programs ignore, separators of lines and paragraphs, and annotations.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(name: &str) -> String {
        safe_file_name(name, 0)
    }

    #[test]
    fn p78_names_of_the_vector() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/getmedia_request.json"))
                .unwrap();
        let mut left = 0;
        for case in vector["file_names"].as_array().unwrap() {
            let given = case["given"].as_str().unwrap();
            let name = safe(given);
            let is_met = match case["expect"].as_str().unwrap() {
                "no separator, no dot-dot left" => !name.contains('/') && !name.contains(".."),
                "control characters removed" => name == given.replace('\0', ""),
                "not a reserved name" => !is_device(&name) && is_device(given),
                "a made-up name" => !name.is_empty(),
                // Entities are decoded where the message is read.
                "a & b.zip" => continue,
                other => panic!("{other}"),
            };
            assert!(is_met, "{given:?} became {name:?}");
            left += 1;
        }
        assert_eq!(left, 4);
    }

    #[test]
    fn p78_ordinary_names_are_kept() {
        for name in ["a.txt", "报告 (1).tar.gz", "e\u{301}.pdf", "COM10", "console.log", "a b", "_"]
        {
            assert_eq!(safe(name), name);
        }
    }

    #[test]
    fn p78_no_name_leaves_its_folder_or_hides() {
        for (given, expected) in [
            ("..", "file"),
            ("/", "_"),
            ("C:\\Windows\\x.dll", "C__Windows_x.dll"),
            ("a/../b", "a_._b"),
            (".bashrc", "bashrc"),
            ("a.\u{200b}.b", "a.b"),
            ("\u{202e}\u{feff}", "file"),
            ("a\u{2066}b\u{e0041}\u{7f}\u{9b}c\r\n", "abc"),
            ("x.txt. . ", "x.txt"),
            ("x\u{3000}", "x"),
            ("NUL", "_NUL"),
            ("nul .txt", "_nul .txt"),
            ("lpt¹", "_lpt¹"),
            ("a\u{200b}ux.c", "_aux.c"),
            ("Com1.a.b", "_Com1.a.b"),
        ] {
            assert_eq!(safe(given), expected, "{given:?}");
        }
    }

    #[test]
    fn p78_long_names_keep_their_extension() {
        let long = |stem: &str, extension: &str| format!("{}{extension}", stem.repeat(300));
        assert_eq!(safe(&long("x", ".pdf")), format!("{}.pdf", "x".repeat(251)));
        // Three bytes each.
        assert_eq!(safe(&long("图", ".pdf")), format!("{}.pdf", "图".repeat(83)));
        assert_eq!(safe(&long("x", "")), "x".repeat(255));
        let no_extension = format!("a.{}", "x".repeat(300));
        assert_eq!(safe(&no_extension), no_extension[..255]);
        let blanks = format!("x{}y", " ".repeat(300));
        assert_eq!(safe(&blanks), "x");
        for reserved in [0, 1, 21, 223, 224, 1000, usize::MAX] {
            let name = safe_file_name(&long("图", ".docx"), reserved);
            assert!(name.ends_with(".docx") && name.len() > 5, "{name}");
            assert!(name.len() <= 255 - reserved.min(223), "{name}");
        }
        // Truncating a name cannot make it the name of a device, because those are short.
        assert_eq!(safe(&format!("con{}", "x".repeat(300))).len(), 255);
    }
}
