//! The hosts to which requests are sent. A loopback address serves every role. Under the real
//! names, each role has its own host, and each cookie reaches only some hosts.

use super::profile::Profile;

/// The role of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostRole {
    /// The page itself, and most of its calls.
    Page,
    /// Login by QR code.
    Login,
    /// The images of QR codes.
    QrCode,
    /// The long poll for messages.
    Push,
    /// Uploads and downloads.
    File,
    /// Telemetry of the page.
    Telemetry,
    /// Images of emoticons, for everybody. It does not belong to web WeChat.
    Emoticons,
}

/// The host of the images of emoticons.
pub(crate) const EMOTICON_HOST: &str = "emoji.qpic.cn";

/// The host of a page, with the login and upload hosts that belong to it.
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

/// A login that names no page leads to the first one of its profile.
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

/// The host to which a request was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// An address or `localhost`, with its port. It serves every role.
    Address(String),
    /// A host name, such as one of the real server.
    Name(String),
}

impl Host {
    /// Parses a `Host` header.
    pub(crate) fn parse(header: Option<&str>) -> Self {
        let header = header.unwrap_or_default();
        let name = header.rsplit_once(':').map_or(header, |(name, _)| name);
        let is_address = header.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
        if is_address || name == "localhost" || name.is_empty() {
            Host::Address(header.to_owned())
        } else {
            Host::Name(name.to_ascii_lowercase())
        }
    }

    /// Returns the origin of the page of `profile` that sends requests to this host.
    pub(crate) fn page_origin(&self, profile: Profile) -> String {
        match self {
            Host::Address(address) => format!("http://{address}"),
            Host::Name(name) => format!("https://{}", page_of(name, profile)),
        }
    }

    /// Returns the `Domain` of a cookie that the host of the page sets. `None` for an address.
    pub(crate) fn cookie_domain(&self, cookie: &str) -> Option<String> {
        let Host::Name(name) = self else { return None };
        Some(cookie_domain(name, cookie))
    }

    /// Returns the origin of the page to which a login leads if its code was requested with this
    /// `redirect_uri`. `None` for an address.
    pub(crate) fn landing_origin(&self, redirect_uri: &str, profile: Profile) -> Option<String> {
        let Host::Name(name) = self else { return None };
        // Some clients encode the URI twice.
        let uri = redirect_uri.replace("%3A", ":").replace("%2F", "/");
        let host = uri.split_once("://").map_or("", |(_, rest)| rest);
        let host = host.split('/').next().unwrap_or_default();
        let known = families(profile).find(|family| family.page == host);
        let page = known.map_or_else(|| page_of(name, profile), |family| family.page.to_owned());
        Some(format!("https://{page}"))
    }

    /// Returns whether the host has this role for the page of `profile`.
    pub(crate) fn serves(&self, role: HostRole, profile: Profile) -> bool {
        let Host::Name(name) = self else { return true };
        let is_one_of = |host: fn(&Family) -> &'static str| {
            families(profile).any(|family| host(family) == name)
        };
        match role {
            HostRole::Login => is_one_of(|family| family.login),
            HostRole::QrCode => name == "login.weixin.qq.com",
            HostRole::Telemetry => name == "support.weixin.qq.com",
            HostRole::Emoticons => name == EMOTICON_HOST,
            HostRole::File => is_one_of(|family| family.file),
            HostRole::Push if profile == Profile::Web => name
                .strip_prefix("webpush.")
                .is_some_and(|page| families(profile).any(|family| family.page == page)),
            HostRole::Push | HostRole::Page => is_one_of(|family| family.page),
        }
    }
}

/// Returns the `Domain` of a cookie that the page at `host` sets. Only the upload ticket is sent to
/// the hosts of all pages.
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

/// Returns the page whose login, upload or push host is `name`. The host of a page maps to itself.
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
        Host::parse(Some(name))
    }

    #[test]
    fn an_address_serves_every_role() {
        for address in ["127.0.0.1:8080", "[::1]:8080", "localhost:1", "192.168.0.1"] {
            let host = name(address);
            assert_eq!(host.page_origin(Profile::Web), format!("http://{address}"));
            assert!(host.serves(HostRole::File, Profile::Web));
            assert_eq!(host.cookie_domain("wxuin"), None);
            assert_eq!(host.landing_origin("https://wx.qq.com/x", Profile::Web), None);
        }
    }

    #[test]
    fn each_role_has_its_host() {
        use HostRole::{File, Login, Page, Push, QrCode, Telemetry};
        use Profile::{FileHelper, Web};
        let cases = [
            (Login, "login.wx2.qq.com", Web, true),
            (Login, "login.weixin.qq.com", Web, false),
            (File, "file.wx.qq.com", Web, true),
            (File, "file.wx.qq.com", FileHelper, true),
            (File, "wx.qq.com", Web, false),
            (Push, "webpush.wx.qq.com", Web, true),
            (Push, "wx.qq.com", Web, false),
            (Push, "szfilehelper.weixin.qq.com", FileHelper, true),
            (Page, "webpush.wx.qq.com", Web, false),
            (Page, "wx.qq.com", FileHelper, false),
            (QrCode, "login.weixin.qq.com", FileHelper, true),
            (Telemetry, "wx.qq.com", Web, false),
        ];
        for (role, host, profile, expected) in cases {
            assert_eq!(name(host).serves(role, profile), expected, "{role:?} {host}");
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
