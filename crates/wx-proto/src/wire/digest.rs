use md5::{Digest, Md5};

/// The digest in lower case hex (P29).
pub(crate) fn hex(md5: Md5) -> String {
    md5.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
