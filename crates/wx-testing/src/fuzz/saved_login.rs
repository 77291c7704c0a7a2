//! Arbitrary bytes as the saved login of another client: either an error that shows no value, or a
//! session on an allowed host that consists of values of the file, and that is the same after it is
//! saved and loaded.

use serde_json::Value;
use wx_proto::{ErrorChain, HostRole, SavedLogin, SavedLoginError, Session};

/// The input is the contents of the file.
pub fn check(data: &[u8]) {
    let strict = SavedLogin::read(data);
    let saved = match SavedLogin::read_allow_loopback(data) {
        Ok(saved) => saved,
        Err(error) => {
            let is_loopback = matches!(strict, Err(SavedLoginError::Host { .. }));
            assert!(strict == Err(error.clone()) || is_loopback, "{strict:?} {error:?}");
            return shows_nothing(data, &format!("{} {error:?}", ErrorChain(&error)));
        }
    };
    let session = saved.session();
    let host = session.hosts().origin(HostRole::Base);
    if session.hosts().is_loopback() {
        assert!(strict.is_err() && !host.is_https());
    } else {
        assert!(strict.as_ref() == Ok(&saved) && host.is_https());
        assert!(host.host().ends_with(".qq.com") || host.host().ends_with(".wechat.com"));
    }
    assert!(session.uin().is_some() && session.sid().is_some());
    assert!(!session.cookies().cookies().is_empty());
    values_of_the_file(data, session);
    let again = Session::from_json_allow_loopback(session.to_json().expose())
        .expect("the written text can be read");
    assert!(again == *session);
}

/// Checks that the session has no secret and no cookie that is not in the file, and that no cookie
/// can end a header or reach another site.
fn values_of_the_file(data: &[u8], session: &Session) {
    let text = str::from_utf8(data).expect("only text has a login");
    let text = text.trim_start_matches('\u{feff}');
    let mut found = Vec::new();
    // A very deep file is not compared.
    let Ok(file) = serde_json::from_str(text) else { return };
    strings(&file, &mut found);
    // Numbers are taken as they are written.
    let is_found = |value: &str| text.contains(value) || found.iter().any(|found| found == value);
    for secret in session.sid().into_iter().chain(session.skey()) {
        assert!(is_found(secret.expose()));
        assert!(secret.expose().bytes().all(|byte| byte.is_ascii_graphic()));
    }
    for cookie in session.cookies().cookies() {
        // wechat4u also keeps the value of this cookie under another name.
        assert!(cookie.name == "webwx_data_ticket" || is_found(&cookie.name));
        assert!(is_found(cookie.value.expose()));
        let has_end = |text: &str| text.contains([';', '\r', '\n', '\0']);
        assert!(!has_end(&cookie.name) && !has_end(cookie.value.expose()));
        let hosts = [HostRole::Base, HostRole::File, HostRole::Push, HostRole::Login];
        let reaches = |role| {
            let origin = session.hosts().origin(role);
            let host = origin.host();
            host == cookie.domain || host.ends_with(&format!(".{}", cookie.domain))
        };
        assert!(hosts.into_iter().any(reaches));
    }
}

/// Collects all keys and strings.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, found)),
        Value::Object(pairs) => {
            for (key, value) in pairs {
                found.push(key.clone());
                strings(value, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Checks that the error contains no string of the file. It contains names of fields and clients.
fn shows_nothing(data: &[u8], error: &str) {
    let Ok(file) = serde_json::from_slice(data) else { return };
    let mut found = Vec::new();
    strings(&file, &mut found);
    for value in found {
        // The wording of the errors has few digits, except for a loopback address.
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let is_address = |byte: u8| byte.is_ascii_hexdigit() || b"[]:.".contains(&byte);
        let could_be_shown = value.len() >= 8 && digits >= 4 && !value.bytes().all(is_address);
        assert!(!could_be_shown || !error.contains(&value), "{error}");
    }
}
