//! Collects the cookies of a saved login ([P100](crate::protocol#p100)).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fields::Fields;
use crate::model::fields::SavedLoginField as Field;
use crate::model::hosts::{HostRole, Hosts};
use crate::model::saved_login_error::SavedLoginError;
use crate::model::unix_ms::UnixMs;
use crate::session::LONGEST_VALUE;
use crate::session::cookies::CookieJar;
use crate::session::cookies::cookie::{Cookie, is_within};
use crate::session::lifetime::OF_LOGIN;
use crate::session::login_cookie::login_cookie;

/// A cookie with its attributes, as browsers and most HTTP libraries list it. It has no `Debug`,
/// because it contains the value.
#[derive(Deserialize)]
pub(super) struct ListedCookie {
    pub(super) name: String,
    pub(super) value: String,
    /// With or without a leading dot.
    #[serde(default)]
    pub(super) domain: Option<String>,
    #[serde(default)]
    path: Option<String>,
    /// In Unix seconds. Browsers write −1 for a cookie without an end.
    #[serde(default)]
    pub(super) expires: Option<f64>,
    #[serde(default)]
    secure: Option<bool>,
}

impl ListedCookie {
    /// Returns the domain without the leading dot, in lower case.
    pub(super) fn bare_domain(&self) -> String {
        let domain = self.domain.as_deref().unwrap_or_default();
        domain.trim_start_matches('.').to_ascii_lowercase()
    }

    fn into_cookie(self, hosts: &Hosts) -> Cookie {
        let domain = self.bare_domain();
        let known = login_cookie(hosts, self.name, self.value.into());
        Cookie {
            domain: if domain.is_empty() { known.domain } else { domain },
            path: self.path.unwrap_or(known.path),
            secure: known.secure && self.secure.unwrap_or(true),
            // A fraction of a second does not matter, and a number that is too large is `u64::MAX`.
            expires: self.expires.filter(|at| *at >= 0.0).map(|at| UnixMs::from_secs(at as u64)),
            ..known
        }
    }
}

/// The name of a cookie of any form.
#[derive(Deserialize)]
struct Named {
    #[serde(alias = "Name")]
    name: String,
}

/// Parses a list of cookies. Objects of another form are left out, unless the login needs a cookie
/// of their name. In that case, the list is not valid, like a list of other values than objects.
pub(super) fn parse_each<'a, T: Deserialize<'a>>(listed: Vec<&'a RawValue>) -> Option<Vec<T>> {
    let parse = |json: &'a RawValue| match serde_json::from_str(json.get()) {
        Ok(cookie) => Some(Some(cookie)),
        Err(_) => {
            json.get().starts_with('{').then_some(())?;
            let named = serde_json::from_str::<Named>(json.get());
            let is_needed = named.is_ok_and(|cookie| is_needed(&cookie.name));
            (!is_needed).then_some(None)
        }
    };
    let parsed: Option<Vec<Option<T>>> = listed.into_iter().map(parse).collect();
    parsed.map(|cookies| cookies.into_iter().flatten().collect())
}

/// Returns whether a login is useless without the cookie of this name.
pub(super) fn is_needed(name: &str) -> bool {
    OF_LOGIN.contains(&name)
}

/// The cookies of a login, which a field of the file lists. One that cannot be sent is left out,
/// unless the login needs it.
pub(super) struct CookieList<'a> {
    fields: &'a Fields<'a>,
    hosts: &'a Hosts,
    field: Field,
    jar: CookieJar,
}

impl<'a> CookieList<'a> {
    pub(super) fn new(fields: &'a Fields<'a>, hosts: &'a Hosts, field: Field) -> Self {
        Self { fields, hosts, field, jar: CookieJar::default() }
    }

    /// Adds a cookie of which only the name and the value are known. It replaces an earlier one of
    /// this name.
    pub(super) fn add(&mut self, name: String, value: String) -> Result<(), SavedLoginError> {
        self.put(login_cookie(self.hosts, name, value.into()))
    }

    /// Adds a cookie, unless it is one of another site.
    pub(super) fn add_listed(&mut self, listed: ListedCookie) -> Result<(), SavedLoginError> {
        let cookie = listed.into_cookie(self.hosts);
        let roles = [HostRole::Base, HostRole::Login, HostRole::File, HostRole::Push];
        let reaches = |role| is_within(self.hosts.origin(role).host(), &cookie.domain);
        // No cookie is for a whole top-level domain.
        if cookie.domain.contains('.') && roles.into_iter().any(reaches) {
            return self.put(cookie);
        }
        Ok(())
    }

    fn put(&mut self, cookie: Cookie) -> Result<(), SavedLoginError> {
        let len = cookie.name.len() + cookie.value.expose().len();
        let is_short = len <= LONGEST_VALUE && cookie.path.len() <= LONGEST_VALUE;
        if cookie.is_sendable() && is_short {
            self.jar.put(cookie);
        } else if is_needed(&cookie.name) {
            return Err(self.fields.invalid(self.field));
        }
        Ok(())
    }

    /// Returns the cookies.
    ///
    /// # Errors
    /// Returns [`SavedLoginError::NoCookies`] if there is none.
    pub(super) fn finish(self) -> Result<CookieJar, SavedLoginError> {
        if self.jar.cookies().is_empty() {
            return Err(SavedLoginError::NoCookies(self.fields.client()));
        }
        Ok(self.jar)
    }
}
