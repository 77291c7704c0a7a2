//! Which cryptography is linked into the command.

use std::process::Command;

#[test]
fn one_crypto_provider_is_linked() {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--offline", "--package", "wx-cli", "--edges", "normal"]);
    tree.args(["--prefix", "none", "--format", "{p}"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = tree.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.contains(&"rustls") && names.contains(&"reqwest") && names.contains(&"ureq"));
    let providers = ["aws-lc-rs", "aws-lc-sys", "openssl", "ring", "rustls-rustcrypto"];
    names.retain(|name| providers.contains(name));
    assert_eq!(names, ["ring"]);
}
