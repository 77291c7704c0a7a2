//! The cookies that the emulator has set, and the hosts that they reach.

/// A browser's jar, as far as these recordings need one.
#[derive(Default)]
pub(crate) struct Jar(Vec<Cookie>);

struct Cookie {
    name: String,
    value: String,
    domain: String,
}

impl Jar {
    /// Takes in a `Set-Cookie` header of an answer from a host name, where each has a domain.
    pub(crate) fn set(&mut self, header: &str) {
        let mut parts = header.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let domain = parts.find_map(|part| part.strip_prefix("Domain=")).unwrap();
        let domain = domain.trim_start_matches('.').to_owned();
        self.0.retain(|cookie| (&*cookie.name, &cookie.domain) != (name, &domain));
        self.0.push(Cookie { name: name.to_owned(), value: value.to_owned(), domain });
    }

    /// The value of a cookie, wherever it may go.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.as_str())
    }

    /// The names that reach a host, in alphabetical order.
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
