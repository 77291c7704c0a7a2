//! Reconstructs recorded requests of other clients byte by byte. The recorded values are replaced
//! by those of the emulator, in every encoding that the client uses.

use serde_json::Value;

use wx_testing::samples::capture;
use wx_testing::swap::Swap;

/// A recorded session of one client.
pub(crate) struct Capture {
    pub(crate) json: Value,
}

impl Capture {
    pub(crate) fn read(name: &str) -> Self {
        Capture { json: capture(name) }
    }

    pub(crate) fn requests(&self) -> &[Value] {
        self.json["requests"].as_array().unwrap()
    }

    /// Returns the names, lengths and digests of the sent files.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, usize, &str)> {
        let files = self.json["files"].as_object().unwrap().iter();
        files.map(|(name, f)| {
            (name.as_str(), f["length"].as_u64().unwrap() as usize, f["md5"].as_str().unwrap())
        })
    }
}

/// Returns the text of the recorded JSON, either compact or with spaces like Python's.
pub(crate) fn json_text(body: &Value) -> String {
    let start = body["text_start"].as_str().unwrap();
    let compact = body["json"].to_string();
    let mut text = if compact.starts_with(start) { compact } else { with_blanks(&body["json"]) };
    assert!(text.starts_with(start), "{text}");
    let length = body["length"].as_u64().unwrap() as usize;
    if text.len() + 1 == length {
        // Go's JSON encoder appends a line feed.
        text.push('\n');
    }
    assert_eq!(text.len(), length, "{text}");
    text
}

fn with_blanks(value: &Value) -> String {
    match value {
        Value::Object(pairs) => {
            let pairs = pairs.iter().map(|(k, v)| format!("\"{k}\": {}", with_blanks(v)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(with_blanks).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Returns the form with the recorded part headers, the replaced values, and the corresponding
/// slice of this session's file.
pub(crate) fn form_body(body: &Value, swap: &Swap, file: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let form = &body["multipart"];
    let boundary = form["boundary"].as_str().unwrap();
    let mut out = form["preamble"].as_str().unwrap().as_bytes().to_vec();
    let mut recorded_length = out.len();
    for part in form["parts"].as_array().unwrap() {
        // One character stands for one byte.
        let head: Vec<u8> = part["head"]
            .as_str()
            .unwrap()
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect();
        let content = match part["is"].as_str() {
            Some(is) => slice(is, &file),
            None => swap.text(part["value"].as_str().unwrap()).into_bytes(),
        };
        let before = out.len();
        out.extend(format!("--{boundary}\r\n").bytes().chain(head).chain(*b"\r\n"));
        recorded_length += out.len() - before + part["length"].as_u64().unwrap() as usize + 2;
        out.extend(content.into_iter().chain(*b"\r\n"));
    }
    let end = format!("--{boundary}--{}", form["epilogue"].as_str().unwrap());
    recorded_length += end.len();
    assert_eq!(
        recorded_length as u64,
        body["length"].as_u64().unwrap(),
        "the form is reconstructed as recorded"
    );
    out.extend(end.bytes());
    out
}

/// Returns the file `name`, or the slice `name[start:end]` of it.
fn slice(is: &str, file: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let Some((name, range)) = is.strip_suffix(']').and_then(|is| is.rsplit_once('[')) else {
        return file(is);
    };
    let (start, end) = range.split_once(':').unwrap();
    file(name)[start.parse().unwrap()..end.parse().unwrap()].to_vec()
}
