//! The cookies that the emulator has set, and the hosts to which they are sent.

/// A minimal browser cookie jar, sufficient for these recordings.
#[derive(Default)]
pub(crate) struct Jar(Vec<Cookie>);

struct Cookie {
    name: String,
    value: String,
    domain: String,
}

impl Jar {
    /// Stores the cookie of a `Set-Cookie` header. Under a host name, every cookie has a domain.
    pub(crate) fn set(&mut self, header: &str) {
        let mut parts = header.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let domain = parts.find_map(|part| part.strip_prefix("Domain=")).unwrap();
        let domain = domain.trim_start_matches('.').to_owned();
        self.0.retain(|cookie| (&*cookie.name, &cookie.domain) != (name, &domain));
        self.0.push(Cookie { name: name.to_owned(), value: value.to_owned(), domain });
    }

    /// Returns the value of a cookie, whatever its domain.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.as_str())
    }

    /// Returns the names of the cookies for a host, in alphabetical order.
    pub(crate) fn reaching(&self, host: &str) -> Vec<&str> {
        let reaches = |cookie: &&Cookie| {
            host.strip_suffix(&cookie.domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let mut names: Vec<&str> =
            self.0.iter().filter(reaches).map(|cookie| &*cookie.name).collect();
        names.sort_unstable();
        names
    }
}
