//! The official page's encoding of the time.

use crate::model::unix_ms::UnixMs;

/// Returns JavaScript's `~now`: the low 32 bits of the clock, inverted, as a signed number
/// ([§6](crate::protocol#s6), [§8.2](crate::protocol#s8-2)).
pub(crate) fn js_bitwise_not_now(time: UnixMs) -> i32 {
    let [a, b, c, d, ..] = time.get().to_le_bytes();
    !i32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use crate::model::unix_ms::UnixMs;

    #[test]
    fn the_vector() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/client_ids.json")).unwrap();
        for case in vector["bitwise_not_clock"]["cases"].as_array().unwrap() {
            let expected = case["expect"].as_i64().unwrap();
            let time = UnixMs::new(case["ms"].as_u64().unwrap());
            assert_eq!(i64::from(super::js_bitwise_not_now(time)), expected);
        }
    }
}
