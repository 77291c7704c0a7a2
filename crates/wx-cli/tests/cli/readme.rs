//! The README lists the words that programs find in events.

const README: &str = include_str!("../../README.md");

/// Returns the words that the function `name` in a source file of the core returns.
fn names(source: &str) -> Vec<&str> {
    let function = source.split("fn name(").nth(1).unwrap().split("\n    }\n").next().unwrap();
    let arms = function.split("=> \"").skip(1);
    arms.map(|arm| arm.split('"').next().unwrap()).collect()
}

/// Returns the words that the list item of the README with this beginning does not name.
fn unlisted<'a>(begin: &str, words: &[&'a str]) -> Vec<&'a str> {
    let item = README.split(begin).nth(1).unwrap().split("\n- ").next().unwrap();
    words.iter().copied().filter(|word| !item.contains(&format!("`{word}`"))).collect()
}

#[test]
fn each_advice_is_listed() {
    let advice = names(include_str!("../../../wx-proto/src/model/advice.rs"));
    assert!(advice.len() > 14 && advice.contains(&"set_clock"), "{advice:?}");
    let own = ["check_session", "check_output"];
    assert_eq!(unlisted("\n- `advice` is ", &[&advice[..], &own].concat()), [""; 0]);
}

#[test]
fn each_kind_of_message_is_listed() {
    let mut kinds = names(include_str!("../../../wx-proto/src/model/message/kind.rs"));
    assert!(kinds.len() > 18 && kinds.contains(&"image"), "{kinds:?}");
    // It is not printed.
    kinds.retain(|kind| *kind != "status_notice");
    kinds.push("store_emoticon");
    assert_eq!(unlisted("\n- `watch` prints a `message` ", &kinds), [""; 0]);
}
