//! The session file, version 1, which is JSON. Unknown keys are kept, unknown versions are
//! rejected, and times are in Unix seconds.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::sync::SyncState;
use super::sync_key::SyncKey;
use super::{Parts, Session};
use crate::model::fields::SessionField;
use crate::model::hosts::{HostError, HostRole, Hosts};
use crate::model::ids::{DeviceId, MsgId, UserName};
use crate::model::profile::Profile;
use crate::model::session_error::SessionError;
use crate::model::site::Site;
use crate::model::unix_ms::UnixMs;
use crate::session::cookies::CookieJar;
use crate::session::cookies::cookie::Cookie;
use crate::wire::query::PassTicket;

/// A cookie in the file. It has no `Debug`, because it contains the value.
#[derive(Serialize, Deserialize)]
struct FileCookie {
    name: String,
    value: String,
    domain: String,
    #[serde(default)]
    host_only: bool,
    #[serde(default = "root")]
    path: String,
    #[serde(default)]
    secure: bool,
    #[serde(default)]
    expires: Option<u64>,
}

fn root() -> String {
    "/".to_owned()
}

pub(super) fn read(
    text: &[u8],
    hosts: fn(&str) -> Result<Hosts, HostError>,
) -> Result<Session, SessionError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut file = Fields(serde_json::from_slice(text).map_err(|_| SessionError::NotJson)?);
    match file.0.remove("version").map(|version| version.as_u64()) {
        Some(Some(1)) => {}
        Some(other) => {
            return Err(SessionError::Version(other.and_then(|version| version.try_into().ok())));
        }
        None => return Err(SessionError::Version(None)),
    }
    let profile = match file.text(SessionField::Profile)? {
        None => Profile::Web,
        Some(name) => {
            Profile::from_name(&name).ok_or(SessionError::Invalid(SessionField::Profile))?
        }
    };
    let base = file.text(SessionField::Base)?.ok_or(SessionError::Missing(SessionField::Base))?;
    let cookies = file
        .0
        .remove(SessionField::Cookies.name())
        .ok_or(SessionError::Missing(SessionField::Cookies))?;
    let user_name =
        file.text(SessionField::UserName)?.ok_or(SessionError::Missing(SessionField::UserName))?;
    let device_id = file.text(SessionField::DeviceId)?;
    let lang = file.text(SessionField::Lang)?;
    let site = hosts(&base)
        .and_then(|hosts| Site::new(profile).with_hosts(hosts))
        .map_err(|error| error.showing(|_| None))?;
    Ok(Session::from_parts(Parts {
        site: site.with_lang(lang.as_deref().unwrap_or("zh_CN"))?,
        uin: file.uin()?,
        sid: file.text(SessionField::Sid)?.ok_or(SessionError::Missing(SessionField::Sid))?.into(),
        skey: file
            .text(SessionField::Skey)?
            .ok_or(SessionError::Missing(SessionField::Skey))?
            .into(),
        pass_ticket: file.text(SessionField::PassTicket)?.map(|ticket| PassTicket(ticket.into())),
        device_id: device_id
            .map(|id| DeviceId::new(id).map_err(|_| SessionError::Invalid(SessionField::DeviceId)))
            .transpose()?,
        user_name: self::user_name(&user_name)?,
        cookies: jar(cookies)?,
        nick_name: None,
        sync: Arc::new(file.sync()?),
        rooms: Arc::default(),
        rest: file.0,
    }))
}

/// The placeholder for a UserName that is not known yet.
const UNKNOWN_NAME: &str = "@";

pub(super) fn user_name(text: &str) -> Result<Option<UserName>, SessionError> {
    match text {
        UNKNOWN_NAME => Ok(None),
        text => Ok(Some(
            UserName::new(text).map_err(|_| SessionError::Invalid(SessionField::UserName))?,
        )),
    }
}

/// The keys that have not been read yet.
struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a string. Null counts as absent.
    fn text(&mut self, field: SessionField) -> Result<Option<String>, SessionError> {
        match self.0.remove(field.name()) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(SessionError::Invalid(field)),
        }
    }

    /// Reads the sync state, whose keys are optional.
    fn sync(&mut self) -> Result<SyncState, SessionError> {
        let key: Option<SyncKey> = self.optional(SessionField::SyncKey)?;
        let seen: Option<Vec<MsgId>> = self.optional(SessionField::RecentMessages)?;
        let synced_at = self.optional(SessionField::SyncedAt)?;
        Ok(SyncState::saved(key.and_then(SyncKey::non_empty), synced_at, seen.unwrap_or_default()))
    }

    fn optional<T: DeserializeOwned>(
        &mut self,
        field: SessionField,
    ) -> Result<Option<T>, SessionError> {
        let value = self.0.remove(field.name()).unwrap_or_default();
        serde_json::from_value(value).map_err(|_| SessionError::Invalid(field))
    }

    /// Reads a number or a string of digits, up to 2^32 − 1 ([P12](crate::protocol#p12)).
    fn uin(&mut self) -> Result<u32, SessionError> {
        let value = self.0.remove("uin").ok_or(SessionError::Missing(SessionField::Uin))?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        number
            .and_then(|number| u32::try_from(number).ok())
            .ok_or(SessionError::Invalid(SessionField::Uin))
    }
}

fn jar(value: Value) -> Result<CookieJar, SessionError> {
    let listed: Vec<FileCookie> =
        serde_json::from_value(value).map_err(|_| SessionError::Invalid(SessionField::Cookies))?;
    let mut jar = CookieJar::default();
    for cookie in listed {
        let domain = cookie.domain.trim_start_matches('.').to_ascii_lowercase();
        let FileCookie { name, value, host_only, path, secure, expires, .. } = cookie;
        let (value, expires) = (value.into(), expires.map(UnixMs::from_secs));
        let cookie = Cookie { name, value, domain, host_only, path, secure, expires };
        if cookie.domain.is_empty() || !cookie.is_sendable() {
            return Err(SessionError::Invalid(SessionField::Cookies));
        }
        jar.put(cookie);
    }
    Ok(jar)
}

pub(super) fn write(session: &Session) -> String {
    let parts = &session.parts;
    let cookies: Vec<_> = parts.cookies.cookies().iter().map(file_cookie).collect();
    let known = serde_json::json!({
        "version": 1,
        "profile": parts.site.profile().name(),
        "base": session.hosts().origin(HostRole::Base).to_string(),
        "lang": parts.site.lang(),
        "uin": parts.uin,
        "sid": parts.sid.expose(),
        "skey": parts.skey.expose(),
        "pass_ticket": parts.pass_ticket.as_ref().map(|ticket| ticket.0.expose()),
        "device_id": parts.device_id.as_ref().map(DeviceId::as_str),
        "user_name": parts.user_name.as_ref().map_or(UNKNOWN_NAME, UserName::as_str),
        "cookies": cookies,
        "sync_key": parts.sync.acknowledged_key(),
        "synced_at": parts.sync.synced_at,
        "recent_messages": parts.sync.recent(),
    });
    let mut all = parts.rest.clone();
    if let Value::Object(known) = known {
        all.extend(known);
    }
    format!("{:#}\n", Value::Object(all))
}

fn file_cookie(cookie: &Cookie) -> FileCookie {
    let dot = if cookie.host_only { "" } else { "." };
    FileCookie {
        name: cookie.name.clone(),
        value: cookie.value.expose().clone(),
        domain: format!("{dot}{}", cookie.domain),
        host_only: cookie.host_only,
        path: cookie.path.clone(),
        secure: cookie.secure,
        expires: cookie.expires.map(UnixMs::as_secs),
    }
}

#[cfg(test)]
mod tests;
