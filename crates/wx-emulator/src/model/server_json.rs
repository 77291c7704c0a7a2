//! JSON as the server formats it: each brace, each pair, and each comma after an object is on a
//! separate line.
//!
//! No crate fits: the formatters of `serde_json` write other layouts.

use serde_json::Value;

/// Formats `value` as the server does.
pub(crate) fn format(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Object(pairs) => {
            out.push_str("{\n");
            for (index, (key, value)) in pairs.iter().enumerate() {
                if index > 0 {
                    out.push_str(",\n");
                }
                out.push_str(&format!("{}: ", Value::from(key.as_str())));
                write(out, value);
            }
            end_line(out);
            out.push_str("}\n");
        }
        Value::Array(items) if items.is_empty() => out.push_str("[]"),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push_str("]\n");
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

fn end_line(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn nested_objects_and_lists() {
        let value = json!({ "A": { "B": 1 }, "L": [{ "K": 1 }, { "K": 2 }], "E": [], "S": "\"" });
        let text = "{\n\"A\": {\n\"B\": 1\n}\n,\n\"L\": [{\n\"K\": 1\n}\n,{\n\"K\": 2\n}\n]\n,\n\
                    \"E\": [],\n\"S\": \"\\\"\"\n}\n";
        assert_eq!(super::format(&value), text);
    }
}
