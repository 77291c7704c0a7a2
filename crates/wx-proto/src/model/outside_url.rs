//! Addresses on hosts outside of web WeChat, which the sender of a message chose.

use std::fmt;

use http::Uri;
use serde::{Deserialize, Serialize};

use crate::model::hosts;

/// The address of an image on a host outside of web WeChat, in a message that was received
/// ([§3.7](crate::protocol#s3-7)).
///
/// It is an http or https address without a user name or a port, on a host under qq.com, qpic.cn or
/// qlogo.cn ([P85](crate::protocol#p85)), but not on a host of web WeChat itself. It is always
/// requested by https. `Debug` does not show it, because a stranger chose it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OutsideUrl {
    host: Box<str>,
    path_and_query: Box<str>,
}

/// The error of an address that is never fetched, because it has another form or another host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutsideUrlError;

/// The domains that are allowed, and everything under them.
const DOMAINS: [&str; 3] = ["qpic.cn", "qlogo.cn", "qq.com"];

/// Longer addresses are refused. Those of real emoticons have a few hundred bytes.
const MAX_LEN: usize = 2048;

impl OutsideUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// Returns an [`OutsideUrlError`] if it is not an allowed one.
    pub fn new(text: &str) -> Result<Self, OutsideUrlError> {
        if text.len() > MAX_LEN {
            return Err(OutsideUrlError);
        }
        let uri: Uri = text.parse().map_err(|_| OutsideUrlError)?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        // With a user name or a port, the authority is not the host alone.
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let host = host.to_ascii_lowercase();
        if !is_web || !is_allowed(&host) || hosts::official(&host).is_some() {
            return Err(OutsideUrlError);
        }
        let path_and_query = uri.path_and_query().map_or("/", |text| text.as_str());
        Ok(Self { host: host.into(), path_and_query: path_and_query.into() })
    }

    /// Returns the host in lower case.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the path and the query.
    pub(crate) fn path_and_query(&self) -> &str {
        &self.path_and_query
    }
}

/// Returns whether a host is one of the domains or a name under one of them.
fn is_allowed(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.bytes().all(is_valid)
    };
    let is_under = |domain: &&str| {
        let rest = host.strip_suffix(*domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // Names such as `localhost.ptlogin2.qq.com` lead to this computer.
    let is_local = |label: &str| label.to_ascii_lowercase().starts_with("localhost");
    host.split('.').all(|label| is_label(label) && !is_local(label)) && DOMAINS.iter().any(is_under)
}

impl TryFrom<String> for OutsideUrl {
    type Error = OutsideUrlError;

    fn try_from(text: String) -> Result<Self, OutsideUrlError> {
        Self::new(&text)
    }
}

impl From<OutsideUrl> for String {
    fn from(url: OutsideUrl) -> Self {
        format!("https://{}{}", url.host, url.path_and_query)
    }
}

impl fmt::Debug for OutsideUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutsideUrl")
    }
}

impl fmt::Display for OutsideUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the address is not an http or https address under qq.com, qpic.cn or qlogo.cn, \
             outside of web WeChat, without a user name and a port",
        )
    }
}

impl std::error::Error for OutsideUrlError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p85_only_plain_addresses_under_three_domains() {
        for (good, host, path) in [
            ("http://emoji.qpic.cn/wx_emoji/AAAA/", "emoji.qpic.cn", "/wx_emoji/AAAA/"),
            ("https://QPIC.cn", "qpic.cn", "/"),
            ("http://wx.qlogo.cn/a?b=c&d=%2F#e", "wx.qlogo.cn", "/a?b=c&d=%2F"),
            (
                "https://vweixinf.tc.qq.com/110/20401/x?m=1",
                "vweixinf.tc.qq.com",
                "/110/20401/x?m=1",
            ),
            ("http://a_b-1.qq.com/", "a_b-1.qq.com", "/"),
        ] {
            let url = OutsideUrl::new(good).unwrap();
            assert_eq!((url.host(), url.path_and_query()), (host, path), "{good}");
            let json = serde_json::to_string(&url).unwrap();
            assert_eq!(json, format!("\"https://{host}{path}\""));
            assert_eq!(serde_json::from_str::<OutsideUrl>(&json).unwrap(), url);
            assert_eq!(format!("{url:?}"), "OutsideUrl");
        }
        let long = format!("http://qpic.cn/{}", "x".repeat(MAX_LEN));
        for bad in [
            "",
            "/",
            "emoji.qpic.cn/x",
            "//emoji.qpic.cn/x",
            "ftp://emoji.qpic.cn/x",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxlogout",
            "http://WX2.qq.com/",
            "https://login.wx.qq.com/jslogin",
            "https://login.weixin.qq.com/",
            "https://filehelper.weixin.qq.com/",
            "https://file.wx8.qq.com/",
            "https://localhost.ptlogin2.qq.com/",
            "https://LocalHost6.qq.com/",
            "http://qq.com.evil.cn/",
            "http://evil-qq.com/",
            "http://evilqpic.cn/",
            "http://qpic.cn.evil.cn/",
            "http://qpic.com/",
            "http://cn/",
            "http://qpic.cn./",
            "http://.qpic.cn/",
            "http://a..qpic.cn/",
            "http://user@qpic.cn/",
            "http://user:password@qpic.cn/",
            "http://qpic.cn@evil.cn/",
            "http://evil.cn/qpic.cn",
            "http://evil.cn?qpic.cn",
            "http://evil.cn#.qpic.cn",
            "http://evil.cn\\.qpic.cn/",
            "http://evil.cn%2f.qpic.cn/",
            "http://qpic.cn:8080/",
            "http://qpic.cn:80/",
            "https://qpic.cn:443/",
            "http://qpic.cn:/",
            "http://127.0.0.1/",
            "http://[::1]/",
            "http://2130706433/",
            "http://localhost/",
            "http://\u{ff51}q.com/",
            "http://qpic.cn/a b",
            "http://qpic.cn/a\r\nX: y",
            " http://qpic.cn/",
            &long,
        ] {
            assert_eq!(OutsideUrl::new(bad), Err(OutsideUrlError), "{bad:?}");
            assert!(serde_json::from_value::<OutsideUrl>(bad.into()).is_err());
        }
    }
}
