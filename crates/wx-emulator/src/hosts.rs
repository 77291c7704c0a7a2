//! Which host a request was sent to. On a loopback address all hosts are one; under the real names
//! each call has a host of its own, and cookies reach some of them only.

use crate::emulator::Profile;

/// The page's host, and the hosts that serve its logins and uploads.
struct Family {
    page: &'static str,
    login: &'static str,
    file: &'static str,
    profile: Profile,
}

const fn web(page: &'static str, login: &'static str, file: &'static str) -> Family {
    Family { page, login, file, profile: Profile::Web }
}

const fn helper(page: &'static str, login: &'static str, file: &'static str) -> Family {
    Family { page, login, file, profile: Profile::FileHelper }
}

/// The first of a profile is where a login lands that names no page.
const FAMILIES: [Family; 8] = [
    web("wx.qq.com", "login.wx.qq.com", "file.wx.qq.com"),
    web("wx2.qq.com", "login.wx2.qq.com", "file.wx2.qq.com"),
    web("wx8.qq.com", "login.wx8.qq.com", "file.wx8.qq.com"),
    web("web.wechat.com", "login.web.wechat.com", "file.web.wechat.com"),
    web("web2.wechat.com", "login.web2.wechat.com", "file.web2.wechat.com"),
    helper("szfilehelper.weixin.qq.com", "login.wx2.qq.com", "file.wx2.qq.com"),
    helper("filehelper.weixin.qq.com", "login.wx.qq.com", "file.wx.qq.com"),
    helper("cmfilehelper.weixin.qq.com", "login.wx8.qq.com", "file.wx8.qq.com"),
];

/// Where a request was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// An address or `localhost`, with its port: it is every host at once.
    Address(String),
    /// A host name, as of the real server.
    Name(String),
}

impl Host {
    /// Reads a `Host` header.
    pub(crate) fn read(header: Option<&str>) -> Self {
        let header = header.unwrap_or_default();
        let name = header.rsplit_once(':').map_or(header, |(name, _)| name);
        let is_address = header.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
        if is_address || name == "localhost" || name.is_empty() {
            Host::Address(header.to_owned())
        } else {
            Host::Name(name.to_ascii_lowercase())
        }
    }

    /// Origin of the page that sends a request of `profile` here.
    pub(crate) fn page_origin(&self, profile: Profile) -> String {
        match self {
            Host::Address(address) => format!("http://{address}"),
            Host::Name(name) => format!("https://{}", page_of(name, profile)),
        }
    }

    /// The `Domain` of a cookie with this name that the page's host sets; none on an address.
    pub(crate) fn cookie_domain(&self, cookie: &str) -> Option<String> {
        let Host::Name(name) = self else { return None };
        Some(cookie_domain(name, cookie))
    }

    /// Origin of the page that a login leads to, if its code was asked for with this
    /// `redirect_uri`. None on an address.
    pub(crate) fn landing_origin(&self, redirect_uri: &str, profile: Profile) -> Option<String> {
        let Host::Name(name) = self else { return None };
        // Some clients encode it twice.
        let uri = redirect_uri.replace("%3A", ":").replace("%2F", "/");
        let asked = uri.split_once("://").map_or("", |(_, rest)| rest);
        let asked = asked.split('/').next().unwrap_or_default();
        let known = families(profile).find(|family| family.page == asked);
        let page = known.map_or_else(|| page_of(name, profile), |family| family.page.to_owned());
        Some(format!("https://{page}"))
    }

    /// Whether the page of `profile` sends `endpoint` to this host.
    pub(crate) fn serves(&self, endpoint: &str, profile: Profile) -> bool {
        let Host::Name(name) = self else { return true };
        let of_family = |host: fn(&Family) -> &'static str| {
            families(profile).any(|family| host(family) == name)
        };
        match endpoint {
            "jslogin" | "login" => of_family(|family| family.login),
            "qrcode" => name == "login.weixin.qq.com",
            "reportforweb" => name == "support.weixin.qq.com",
            "webwxuploadmedia" | "webwxgetmedia" => of_family(|family| family.file),
            "synccheck" if profile == Profile::Web => name
                .strip_prefix("webpush.")
                .is_some_and(|page| families(profile).any(|family| family.page == page)),
            _ => of_family(|family| family.page),
        }
    }
}

/// The `Domain` of a cookie that the page at `host` is given: the ticket of uploads is the one that
/// reaches the hosts of all families.
pub(crate) fn cookie_domain(host: &str, cookie: &str) -> String {
    if cookie != "webwx_data_ticket" {
        return host.to_owned();
    }
    let parent = if host.ends_with(".wechat.com") { ".wechat.com" } else { ".qq.com" };
    parent.to_owned()
}

fn families(profile: Profile) -> impl Iterator<Item = &'static Family> {
    FAMILIES.iter().filter(move |family| family.profile == profile)
}

/// The page whose login, upload or push host `name` is; a page's own name is its own.
fn page_of(name: &str, profile: Profile) -> String {
    let push = name.strip_prefix("webpush.").unwrap_or(name);
    let mut all = families(profile);
    let serves = |family: &&Family| {
        [family.page, family.login, family.file].contains(&name) || family.page == push
    };
    let known = all.find(serves).or_else(|| families(profile).next());
    known.map_or_else(String::new, |family| family.page.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Host {
        Host::read(Some(name))
    }

    #[test]
    fn addresses_are_all_hosts_at_once() {
        for address in ["127.0.0.1:8080", "[::1]:8080", "localhost:1", "192.168.0.1"] {
            let host = name(address);
            assert_eq!(host.page_origin(Profile::Web), format!("http://{address}"));
            assert!(host.serves("webwxuploadmedia", Profile::Web));
            assert_eq!(host.cookie_domain("wxuin"), None);
            assert_eq!(host.landing_origin("https://wx.qq.com/x", Profile::Web), None);
        }
    }

    #[test]
    fn each_call_has_its_host() {
        use Profile::{FileHelper, Web};
        let cases = [
            ("jslogin", "login.wx2.qq.com", Web, true),
            ("jslogin", "login.weixin.qq.com", Web, false),
            ("webwxuploadmedia", "file.wx.qq.com", Web, true),
            ("webwxuploadmedia", "file.wx.qq.com", FileHelper, true),
            ("webwxuploadmedia", "wx.qq.com", Web, false),
            ("synccheck", "webpush.wx.qq.com", Web, true),
            ("synccheck", "wx.qq.com", Web, false),
            ("synccheck", "szfilehelper.weixin.qq.com", FileHelper, true),
            ("webwxsync", "webpush.wx.qq.com", Web, false),
            ("webwxsync", "wx.qq.com", FileHelper, false),
            ("qrcode", "login.weixin.qq.com", FileHelper, true),
            ("reportforweb", "wx.qq.com", Web, false),
        ];
        for (endpoint, host, profile, expected) in cases {
            assert_eq!(name(host).serves(endpoint, profile), expected, "{endpoint} {host}");
        }
    }

    #[test]
    fn a_login_lands_where_its_redirect_uri_says() {
        let login = name("login.wx2.qq.com");
        let lands = |uri: &str, profile| login.landing_origin(uri, profile).unwrap();
        assert_eq!(lands("https://wx8.qq.com/cgi-bin/x", Profile::Web), "https://wx8.qq.com");
        let twice = "https%3A%2F%2Ffilehelper.weixin.qq.com%2Fcgi-bin";
        assert_eq!(lands(twice, Profile::FileHelper), "https://filehelper.weixin.qq.com");
        assert_eq!(lands("https://elsewhere.example/", Profile::Web), "https://wx2.qq.com");
        assert_eq!(lands("", Profile::FileHelper), "https://szfilehelper.weixin.qq.com");
    }

    #[test]
    fn the_page_of_a_host() {
        let page = |host: &str, profile| name(host).page_origin(profile);
        assert_eq!(page("file.wx.qq.com", Profile::Web), "https://wx.qq.com");
        assert_eq!(page("webpush.web2.wechat.com", Profile::Web), "https://web2.wechat.com");
        assert_eq!(
            page("file.wx2.qq.com", Profile::FileHelper),
            "https://szfilehelper.weixin.qq.com"
        );
        assert_eq!(page("login.weixin.qq.com", Profile::Web), "https://wx.qq.com");
    }

    #[test]
    fn the_ticket_reaches_every_family() {
        let domain = |host: &str, cookie| name(host).cookie_domain(cookie).unwrap();
        assert_eq!(domain("wx2.qq.com", "wxsid"), "wx2.qq.com");
        assert_eq!(domain("wx2.qq.com", "webwx_data_ticket"), ".qq.com");
        assert_eq!(domain("web.wechat.com", "webwx_data_ticket"), ".wechat.com");
    }
}
