//! Arbitrary text as a session file: either an error, or a session that is the same after it is
//! saved and loaded, and whose hosts are allowed.

use wx_proto::{ErrorChain, HostRole, Session};

/// The input is the text of the file.
pub fn check(data: &[u8]) {
    let strict = Session::from_json(data);
    let session = match Session::from_json_allow_loopback(data) {
        Ok(session) => session,
        Err(error) => {
            assert!(strict.is_err());
            return shows_nothing(data, &format!("{} {error:?}", ErrorChain(&error)));
        }
    };
    let again = Session::from_json_allow_loopback(session.to_json().expose())
        .expect("the written text can be read");
    assert!(again == session);
    let base = session.hosts().origin(HostRole::Base);
    if session.hosts().is_loopback() {
        assert!(strict.is_err() && !base.is_https());
    } else {
        assert!(strict.is_ok() && base.is_https());
        assert!(base.host().ends_with(".qq.com") || base.host().ends_with(".wechat.com"));
    }
}

/// Checks that the error contains no value of the file. It may contain keys.
fn shows_nothing(data: &[u8], error: &str) {
    let Ok(serde_json::Value::Object(file)) = serde_json::from_slice(data) else { return };
    for value in file.values().filter_map(serde_json::Value::as_str) {
        // Key names and the wording of the errors contain no digits.
        let could_be_shown = value.len() >= 8 && value.bytes().any(|byte| byte.is_ascii_digit());
        assert!(!could_be_shown || !error.contains(value), "{error}");
    }
}
