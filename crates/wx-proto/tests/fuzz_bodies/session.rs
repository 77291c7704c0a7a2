//! Any text as a session file: an error, or a session whose file reads the same again and whose hosts are allowed.

use wx_proto::{Role, Session};

/// The file's text.
pub fn check(data: &[u8]) {
    let strict = Session::from_json(data);
    let Ok(session) = Session::from_json_allow_loopback(data) else {
        return assert!(strict.is_err());
    };
    let again = Session::from_json_allow_loopback(session.to_json().expose()).expect("reads what it wrote");
    assert!(again == session);
    let base = session.hosts().origin(Role::Base);
    if session.hosts().is_loopback() {
        assert!(strict.is_err() && !base.is_https());
    } else {
        assert!(strict.is_ok() && base.is_https());
        assert!(base.host().ends_with(".qq.com") || base.host().ends_with(".wechat.com"));
    }
}
