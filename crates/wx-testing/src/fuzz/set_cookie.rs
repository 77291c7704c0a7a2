//! Arbitrary lines as `Set-Cookie` headers, at any server time. No cookie is stored for a foreign
//! domain, or beyond the limits of the jar.

use wx_proto::http::{HeaderMap, HeaderValue};
use wx_proto::{CookieJar, HostRole, Hosts, UnixMs};

const NOW: UnixMs = UnixMs::from_secs(1_546_211_541);

/// The input is a list of lines. A line that begins with `Date:` is that header.
pub fn check(data: &[u8]) {
    let origin = Hosts::from_base("https://wx2.qq.com").unwrap().origin(HostRole::Base);
    let mut headers = HeaderMap::new();
    let mut jar = CookieJar::default();
    for line in data.split(|byte| *byte == b'\n') {
        let (name, value) =
            line.strip_prefix(b"Date:").map_or(("set-cookie", line), |date| ("date", date));
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
        if let Ok(line) = std::str::from_utf8(line) {
            let before = jar.clone();
            assert!(jar.store(line, &origin, NOW) || jar == before);
        }
    }
    check_jar(&jar);
    let mut jar = CookieJar::default();
    jar.apply(&headers, &origin, NOW);
    check_jar(&jar);
}

fn check_jar(jar: &CookieJar) {
    for cookie in jar.cookies() {
        assert!(["wx2.qq.com", "qq.com"].contains(&cookie.domain.as_str()), "{}", cookie.domain);
        assert!(cookie.value.expose().bytes().all(|byte| (0x20..0x7f).contains(&byte)));
        assert!(cookie.name.len() + cookie.value.expose().len() <= 4096);
        assert!(cookie.path.starts_with('/') && cookie.path.len() <= 1024);
        assert!(cookie.expires.is_none_or(|end| end > NOW));
    }
    for domain in ["wx2.qq.com", "qq.com"] {
        assert!(jar.cookies().iter().filter(|cookie| cookie.domain == domain).count() <= 50);
    }
}
