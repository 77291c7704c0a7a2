//! The format of a sent request, without the values that are specific to the session.

use serde_json::Value;
use wx_emulator::Request;

use crate::recording::Recorded;
use wx_testing::swap::Swap;

/// Names and values, in the order sent.
pub(crate) type Pairs = Vec<(String, String)>;

#[derive(Debug)]
pub(crate) struct Sent {
    /// The method, host and path.
    pub(crate) line: String,
    pub(crate) query: Pairs,
    pub(crate) headers: Pairs,
    pub(crate) cookies: Pairs,
    /// The keys of JSON with their paths, or the part headers and values of a form.
    pub(crate) body: Pairs,
}

impl Sent {
    pub(crate) fn recorded(recorded: &Recorded, swap: &Swap) -> Self {
        let parts = recorded.body.split("\r\n--").filter_map(|part| part.split_once("\r\n\r\n"));
        let parts = parts.map(|(head, value)| {
            let head = head.find("Content-").map_or(head, |at| &head[at..]);
            (head.to_owned(), value.to_owned())
        });
        let body = match recorded.field("uploadmediarequest") {
            Some(_) => form(parts, swap),
            None => text(&recorded.body, swap),
        };
        Self::new(&recorded.method, &recorded.target, &recorded.headers, body, swap)
    }

    pub(crate) fn seen(request: &Request, swap: &Swap) -> Self {
        let parts = request.parts.iter().map(|part| {
            let value = part.value.clone().unwrap_or_else(|| "<file>".to_owned());
            (part.head.trim_end().to_owned(), value)
        });
        let body = match &request.body {
            Some(body) => text(std::str::from_utf8(body).unwrap(), swap),
            None => form(parts, swap),
        };
        Self::new(&request.method, &request.target, &request.headers, body, swap)
    }

    fn new(
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: Pairs,
        swap: &Swap,
    ) -> Self {
        let target = swap.text(target);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let find =
            |wanted: &str| headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let host = &find("host").unwrap().1;
        let cookies = find("cookie").map(|(_, value)| swap.text(value)).unwrap_or_default();
        let named = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), masked(name, value))
        };
        let others = headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("cookie"));
        let mut headers = Pairs::new();
        for header in others.map(|(name, value)| header(name, value)) {
            if !headers.contains(&header) {
                headers.push(header);
            }
        }
        Self {
            line: format!("{method} {host}{path}"),
            query: query.split('&').map(named).collect(),
            headers,
            // The server checks that their values belong to the login.
            cookies: cookies
                .split("; ")
                .filter_map(|pair| pair.split_once('='))
                .map(unvalued)
                .collect(),
            body,
        }
    }
}

fn unvalued((name, _): (&str, &str)) -> (String, String) {
    (name.to_owned(), "…".to_owned())
}

fn header(name: &str, value: &str) -> (String, String) {
    let lower = name.to_ascii_lowercase();
    let value = match lower.as_str() {
        "content-length" => "9".to_owned(),
        "user-agent" if value.starts_with("Mozilla/5.0 (") => "a desktop browser's".to_owned(),
        "accept-language" => "the browser's".to_owned(),
        "content-type" => match value.split_once("WebKitFormBoundary") {
            Some((before, after)) => {
                format!("{before}WebKitFormBoundary{}", shape(after, 'x', 'x'))
            }
            None => value.to_owned(),
        },
        _ => value.to_owned(),
    };
    // These headers are sent as a group, and describe the browser.
    if lower.starts_with("sec-") {
        ("sec-…".to_owned(), "…".to_owned())
    } else {
        (name.to_owned(), value)
    }
}

fn form(parts: impl Iterator<Item = (String, String)>, swap: &Swap) -> Pairs {
    let mut pairs = Vec::new();
    for (head, value) in parts {
        let (head, value) = (swap.text(&head), swap.text(&value));
        let name = head.split("name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        pairs.push((format!("{name}: head"), head.replace("\r\n", "; ")));
        match serde_json::from_str::<Value>(&value) {
            Ok(json @ Value::Object(_)) => flatten(&name, &json, &mut pairs),
            _ => pairs.push((name.clone(), masked(&name, &value))),
        }
    }
    pairs
}

fn text(text: &str, swap: &Swap) -> Pairs {
    let text = swap.text(text);
    let mut pairs = Vec::new();
    match serde_json::from_str::<Value>(&text) {
        Ok(json) => {
            flatten("", &json, &mut pairs);
            let compact = json.to_string();
            let layout = if compact == text { "compact" } else { "with blanks" };
            pairs.push(("JSON".to_owned(), layout.to_owned()));
        }
        Err(_) if text.is_empty() => {}
        Err(_) => pairs.extend(text.split('&').filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })),
    }
    pairs
}

fn flatten(path: &str, value: &Value, pairs: &mut Pairs) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| flatten(&below(key), value, pairs))
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(n, item)| flatten(&below(&n.to_string()), item, pairs));
        }
        scalar => {
            let key = path.rsplit('.').next().unwrap();
            pairs.push((path.to_owned(), masked(key, &scalar.to_string())));
        }
    }
}

/// Replaces random values and times, which are recognised by their shape.
fn masked(key: &str, value: &str) -> String {
    match key {
        "r" | "rr" | "_" | "rvalue" | "synckey" | "Val" | "MsgID" => collapsed(value),
        "deviceid" | "DeviceID" | "ClientMsgId" | "LocalID" | "ClientMediaId" => {
            shape(value, '9', 'a')
        }
        "random" => shape(value, 'x', 'x'),
        "FileMd5" | "AESKey" | "Signature" => match value.trim_matches('"').len() {
            0 => value.to_owned(),
            length => format!("{length} hexadecimal digits"),
        },
        "MediaId" if value.starts_with("\"@crypt_") => "\"{MediaId}\"".to_owned(),
        "Content" => element(&element(value, "attachid", "{MediaId}"), "fileext", "{extension}"),
        "lastModifiedDate" => {
            let (date, zone) = value.split_once(" (").unwrap_or((value, ""));
            format!("{}{}", shape(date, '9', 'a'), if zone.ends_with(')') { " (zone)" } else { "" })
        }
        _ => value.to_owned(),
    }
}

/// Replaces the content of an XML element.
fn element(xml: &str, name: &str, content: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let Some((before, rest)) = xml.split_once(&open) else { return xml.to_owned() };
    format!("{before}{open}{content}{}", &rest[rest.find(&close).unwrap()..])
}

fn shape(text: &str, digit: char, letter: char) -> String {
    let shape = |c: char| match c {
        '0'..='9' => digit,
        'a'..='z' | 'A'..='Z' => letter,
        other => other,
    };
    text.chars().map(shape).collect()
}

/// Replaces numbers of any length by one digit, except for percent-encoded bytes.
fn collapsed(text: &str) -> String {
    let mut out = String::new();
    for word in shape(&text.replace("%7C", "|"), '9', 'a').chars() {
        if word != '9' || !out.ends_with('9') {
            out.push(word);
        }
    }
    out.replace('|', if text.contains("%7C") { "%7C" } else { "|" })
}
