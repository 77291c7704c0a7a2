//! Parses sizes on the command line.

/// Units and their bytes. As in GNU programs, `K` and `KiB` are 1024 bytes, and `KB` is 1000.
const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("K", 1 << 10),
    ("KIB", 1 << 10),
    ("KB", 1000),
    ("M", 1 << 20),
    ("MIB", 1 << 20),
    ("MB", 1_000_000),
    ("G", 1 << 30),
    ("GIB", 1 << 30),
    ("GB", 1_000_000_000),
];

/// Parses a number of bytes with an optional unit.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_uppercase();
    let unit = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, bytes)| *bytes);
    let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(n, unit)| n.checked_mul(unit));
    bytes.ok_or_else(|| {
        "give a whole number of bytes, or of K, M or G (1024, 1024², 1024³), such as 20M".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("0", 0),
            ("20971520", 20 << 20),
            ("20M", 20 << 20),
            ("20 MiB", 20 << 20),
            ("5mb", 5_000_000),
            ("1G", 1 << 30),
            ("3k", 3072),
            ("3kB", 3000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "M", "-1", "1.5G", "5 T", "5MM", "99999999999G", "5M ", "٣"] {
            assert!(size(bad).unwrap_err().contains("such as 20M"), "{bad}");
        }
    }
}
