//! Any text as a `Set-Cookie` header: never a cookie for a domain that its sender has no say in.

use wx_proto::{CookieJar, Hosts, Role};

/// The header's value.
pub fn check(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let origin = Hosts::of("https://wx2.qq.com").unwrap().origin(Role::Base);
    let mut jar = CookieJar::default();
    let accepted = jar.store(line, &origin, 1_546_211_541);
    assert!(accepted || jar.cookies().is_empty());
    for cookie in jar.cookies() {
        assert!(["wx2.qq.com", "qq.com"].contains(&cookie.domain.as_str()), "{}", cookie.domain);
        assert!(cookie.value.expose().bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        assert!(cookie.expires.is_none_or(|end| end > 1_546_211_541));
    }
}
