//! The page's ways to write the time.

/// `~now` of JavaScript: all bits of the clock's low 32 turned over, as a signed number (§6, §8.2).
pub(crate) fn js_bitwise_not_now(unix_ms: u64) -> i32 {
    let [a, b, c, d, ..] = unix_ms.to_le_bytes();
    !i32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_vector() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/client_ids.json")).unwrap();
        for case in vector["bitwise_not_clock"]["cases"].as_array().unwrap() {
            let expected = case["expect"].as_i64().unwrap();
            assert_eq!(
                i64::from(super::js_bitwise_not_now(case["ms"].as_u64().unwrap())),
                expected
            );
        }
    }
}
