use super::*;

fn parse(variables: &[(&str, &str)]) -> Result<ProxySettings, ProxyError> {
    ProxySettings::parse(|name| {
        variables.iter().find(|(set, _)| *set == name).map(|(_, value)| OsString::from(value))
    })
}

fn url(value: &str) -> Option<String> {
    parse(&[("HTTPS_PROXY", value)]).ok().map(|settings| settings.proxy().unwrap().url())
}

#[test]
fn a_proxy_is_taken_as_it_was_meant() {
    for (value, same) in [
        ("proxy", "http://proxy:80"),
        ("proxy:3128", "http://proxy:3128"),
        (" http://proxy:3128/ ", "http://proxy:3128"),
        ("HTTP://Proxy.example:1", "http://Proxy.example:1"),
        ("socks5://10.0.0.1", "socks5://10.0.0.1:1080"),
        ("socks5h://[::1]:9", "socks5h://[::1]:9"),
        ("me@proxy", "http://me:@proxy:80"),
        ("http://me:p%40ss@proxy", "http://me:p%40ss@proxy:80"),
        ("http://me:p@ss:word@proxy", "http://me:p%40ss%3Aword@proxy:80"),
        ("http://me:100%@proxy", "http://me:100%25@proxy:80"),
        ("http://@proxy", "http://proxy:80"),
        ("http://3proxy:3128", "http://3proxy:3128"),
        ("http://4f2a9c1b:3128", "http://4f2a9c1b:3128"),
        ("proxy.lan.:3128", "http://proxy.lan.:3128"),
    ] {
        assert_eq!(url(value).as_deref(), Some(same), "{value}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_by_the_name_of_its_variable() {
    for value in [
        "https://proxy:1",
        "socks://proxy",
        "socks4://proxy",
        "socks4a://proxy",
        "ftp://proxy",
        "://proxy",
        "http://",
        "http://:80",
        "proxy:",
        "proxy:0",
        "proxy:65536",
        "proxy:+80",
        "proxy:80a",
        "http:proxy",
        "http:/proxy:80",
        "socks5:proxy:1080",
        "proxy/path",
        "http://proxy?q",
        "http://me:a/b@proxy",
        "http://me:a#b@proxy",
        "a b",
        "proxy:80,other:80",
        "1.2.3",
        "1.2.3.256",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        ".",
        "http://[::1",
        "http://::1:80",
        "http://[::g]:80",
        "a..b",
        "prox\u{fc}",
        "http://%ff@proxy",
        "http://a%3Ab:c@proxy",
        "socks5://me@proxy",
        "socks5h://:word@proxy",
        "direct://",
        "DIRECT;x",
        "\u{1}",
    ] {
        let error = parse(&[("all_proxy", value)]).unwrap_err();
        assert_eq!(error.variable(), "all_proxy", "{value}");
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains("all_proxy") && (value.len() < 8 || !shown.contains(value)),
            "{shown}"
        );
    }
    let long = format!("socks5://{}:word@proxy", "u".repeat(256));
    assert_eq!(url(&long), None);
}

#[test]
fn the_first_variable_that_is_set_counts() {
    let host = |variables: &[(&str, &str)]| {
        parse(variables).unwrap().proxy().map(|proxy| proxy.host().to_owned())
    };
    let all = [("HTTPS_PROXY", "a"), ("https_proxy", "b"), ("ALL_PROXY", "c"), ("all_proxy", "d")];
    for first in 0..all.len() {
        assert_eq!(host(&all[first..]).as_deref(), Some(all[first].1));
        let mut variables = all;
        variables[..first].iter_mut().for_each(|(_, value)| *value = " ");
        assert_eq!(host(&variables).as_deref(), Some(all[first].1));
    }
    for blank in ["", "   ", "\t\n"] {
        assert_eq!(
            host(&[("HTTP_PROXY", "socks4://a"), ("http_proxy", "a"), ("HTTPS_PROXY", blank)]),
            None
        );
    }
    // The second one is ignored.
    assert_eq!(host(&[("HTTPS_PROXY", "a"), ("ALL_PROXY", "ftp://a")]).as_deref(), Some("a"));
}

#[test]
fn domains_are_distinguished_from_other_values() {
    let direct = |value| parse(&[("ALL_PROXY", "a"), ("no_proxy", value)]).unwrap();
    let list = " .QQ.com ,*.wechat.com,wx.qq.com:443,a.b:80,,10.0.0.0/8 weixin.qq.com.,*x,::1";
    assert_eq!(direct(list).direct(), ["qq.com", "wechat.com", "wx.qq.com", "weixin.qq.com"]);
    assert!(direct(list).proxy().is_some());
    assert!(!direct(list).excludes("example.com"));
    let all = direct("qq.com, *");
    assert!(all.proxy().is_none() && all.excludes("example.com"));
    assert!(!ProxySettings::none().excludes("example.com"));
    // A proxy that cannot be used is still refused.
    assert!(parse(&[("ALL_PROXY", "ftp://a"), ("NO_PROXY", "*")]).is_err());
}

#[test]
fn nothing_shows_a_password() {
    let settings = parse(&[("ALL_PROXY", "http://anna:hunter2@proxy.example:80")]).unwrap();
    let shown = format!("{settings:?} {settings:#?} {:?}", settings.proxy());
    for secret in ["anna", "hunter2", "proxy.example"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStringExt;
    let odd = |name: &str| (name == "HTTPS_PROXY").then(|| OsString::from_vec(vec![b'a', 0xff]));
    assert_eq!(ProxySettings::parse(odd).unwrap_err().variable(), "HTTPS_PROXY");
}
