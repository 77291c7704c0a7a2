//! The memory cards of Wechaty ([§12.4](crate::protocol#s12-4)).

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::cookie_list::{CookieList, ListedCookie, parse_each};
use super::fields::Fields;
use super::object::Object;
use super::values::{HostRule, Values};
use super::{SavedLogin, SavedLoginError, wechat4u};
use crate::model::fields::SavedLoginField as Field;
use crate::model::other_client::OtherClient;
use crate::model::profile::Profile;
use crate::model::secret::Secret;

const BROWSER: Field = Field::PuppetWechat;
const WECHAT4U: Field = Field::PuppetWechat4u;

/// Reads the only login of a card. Slots without a login are ignored if another one has a login.
pub(super) fn read(card: &Object<'_>, hosts: HostRule) -> Result<SavedLogin, SavedLoginError> {
    let mut found = None;
    let mut refused = None;
    for (key, json) in card.pairs() {
        // If several puppets share a card, their names precede the slot.
        let slot = key.rsplit('\n').next().unwrap_or(key);
        let login = match slot {
            _ if slot == BROWSER.name() => from_browser(json, hosts),
            _ if slot == WECHAT4U.name() => from_wechat4u(json, hosts),
            _ => continue,
        };
        match login {
            Ok(login) if found.is_none() => found = Some(login),
            Ok(_) => return Err(SavedLoginError::SeveralLogins),
            Err(error @ SavedLoginError::NoLogin(_)) => {
                refused = refused.or(Some(error));
            }
            Err(error) => return Err(error),
        }
    }
    found.ok_or(refused.unwrap_or(SavedLoginError::Unrecognised))
}

fn from_wechat4u(json: &RawValue, hosts: HostRule) -> Result<SavedLogin, SavedLoginError> {
    let client = OtherClient::PuppetWechat4u;
    let object = serde_json::from_str::<Option<Object<'_>>>(json.get())
        .map_err(|_| SavedLoginError::Invalid { client, field: WECHAT4U })?;
    // After a logout, the slot is null or an empty object.
    let has_login =
        |object: &Object<'_>| object.values(Field::Prop.name()).any(|login| login.get() != "null");
    let object = object.filter(has_login).ok_or(SavedLoginError::NoLogin(client))?;
    let values = wechat4u::values(&Fields::new(client, object), hosts)?;
    Ok(SavedLogin::from_values(client, values))
}

/// Reads the cookies of a browser. They contain everything except for the skey, which webwxinit
/// replies with, as after a reload of the page.
fn from_browser(json: &RawValue, hosts: HostRule) -> Result<SavedLogin, SavedLoginError> {
    let client = OtherClient::PuppetWechat;
    let slot = Fields::new(client, Object::default());
    let listed = serde_json::from_str::<Option<Vec<&RawValue>>>(json.get())
        .map_err(|_| slot.invalid(BROWSER))?
        .unwrap_or_default();
    let listed: Vec<ListedCookie> = parse_each(listed).ok_or(slot.invalid(BROWSER))?;
    let Some(Identity { uin, sid, host }) = Identity::latest(&listed) else {
        return Err(slot.no_login());
    };
    let uin = slot.uin_of(&uin, BROWSER)?.ok_or(slot.no_login())?;
    let sid = slot.checked(sid, BROWSER)?;
    let site = slot.site_of(&host, Profile::Web, hosts, BROWSER)?;
    let mut cookies = CookieList::new(&slot, site.hosts(), BROWSER);
    for cookie in listed {
        cookies.add_listed(cookie)?;
    }
    let values = Values {
        uin,
        sid,
        skey: Secret::default(),
        pass_ticket: None,
        device_id: None,
        user_name: None,
        sync_key: None,
        cookies: cookies.finish()?,
        site,
    };
    Ok(SavedLogin::from_values(client, values))
}

/// The cookies that identify a login, and the host that has set them.
struct Identity {
    uin: String,
    sid: String,
    host: String,
}

impl Identity {
    /// Returns the identity that expires last, because a browser may have been on several hosts.
    fn latest(listed: &[ListedCookie]) -> Option<Self> {
        let named = |name: &'static str| {
            listed.iter().filter(move |cookie| cookie.name == name && !cookie.value.is_empty())
        };
        let sids: BTreeMap<_, _> =
            named("wxsid").map(|sid| (sid.bare_domain(), &sid.value)).collect();
        let end = |cookie: &ListedCookie| {
            cookie.expires.filter(|end| *end >= 0.0).unwrap_or(f64::INFINITY)
        };
        let uin = named("wxuin")
            .filter(|uin| sids.contains_key(&uin.bare_domain()))
            .max_by(|one, other| end(one).total_cmp(&end(other)))?;
        let host = uin.bare_domain();
        Some(Self { uin: uin.value.clone(), sid: (*sids.get(&host)?).clone(), host })
    }
}
