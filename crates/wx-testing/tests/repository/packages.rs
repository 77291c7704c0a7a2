//! Checks of the manifests: the minimum Rust version, and the metadata of published crates.

use std::process::Command;

use serde_json::Value;

/// Ignored, because cargo has to download the packages of other platforms. CI runs it.
#[test]
#[ignore = "needs the network"]
fn no_dependency_needs_a_newer_rust() {
    let metadata = metadata(&["--all-features"]);
    let members = metadata["workspace_members"].as_array().unwrap();
    let (ours, theirs): (Vec<_>, Vec<_>) = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .partition(|package| members.contains(&package["id"]));
    let declared =
        ours.iter().map(|package| rust_version(package).expect("a member has a version"));
    let declared = declared.min().unwrap();
    let newer: Vec<_> = theirs
        .iter()
        .filter(|package| rust_version(package) > Some(declared))
        .map(|package| (&package["name"], &package["version"], &package["rust_version"]))
        .collect();
    assert!(theirs.len() > 200, "only {} dependencies were found", theirs.len());
    assert!(newer.is_empty(), "newer than {declared:?}: {newer:?}");
}

#[test]
fn the_published_crates_can_be_found_and_their_features_are_documented() {
    let metadata = metadata(&["--no-deps", "--offline"]);
    let mut published = 0;
    for package in metadata["packages"].as_array().unwrap() {
        // An empty list means `publish = false`.
        if package["publish"].is_array() {
            continue;
        }
        published += 1;
        let name = package["name"].as_str().unwrap();
        for key in ["description", "license", "readme", "rust_version"] {
            assert!(package[key].is_string(), "{name}: no {key}");
        }
        let keywords = package["keywords"].as_array().unwrap();
        assert!((1..=5).contains(&keywords.len()), "{name}: {keywords:?}");
        assert!(keywords.iter().all(|word| word.as_str().unwrap().len() <= 20), "{name}");
        assert!(!package["categories"].as_array().unwrap().is_empty(), "{name}: no categories");
        let docs_rs = &package["metadata"]["docs"]["rs"];
        let has_features = docs_rs["all-features"] == true || docs_rs["features"].is_array();
        assert!(has_features && docs_rs["rustdoc-args"].is_array(), "{name}: {docs_rs}");
    }
    assert_eq!(published, 6);
}

fn metadata(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the major and minor version.
fn rust_version(package: &Value) -> Option<(u32, u32)> {
    let mut numbers = package["rust_version"].as_str()?.split('.').map(|n| n.parse().unwrap());
    Some((numbers.next()?, numbers.next().unwrap_or(0)))
}
