//! The hot-reload storage of openwechat ([§12.2](crate::protocol#s12-2)).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::cookie_list::{CookieList, parse_each};
use super::fields::Fields;
use super::object::Object;
use super::values::{HostRule, Values};
use super::{SavedLogin, SavedLoginError};
use crate::model::fields::SavedLoginField as Field;
use crate::model::hosts::HostRole;
use crate::model::other_client::OtherClient;
use crate::model::profile::Profile;

/// A cookie of Go's HTTP client, which has lost all attributes.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GoCookie {
    name: String,
    value: String,
}

pub(super) fn read(object: Object<'_>, hosts: HostRule) -> Result<SavedLogin, SavedLoginError> {
    let file = Fields::new(OtherClient::OpenWechat, object);
    let login = file.object(Field::BaseRequest)?;
    let (uin, sid) = (login.uin(Field::BaseUin)?, login.secret(Field::BaseSid)?);
    let uin = uin.filter(|_| !sid.expose().is_empty()).ok_or(file.no_login())?;
    let host: String = file.required(Field::WechatDomain)?;
    let site = file.site_of(&host, Profile::Web, hosts, Field::WechatDomain)?;
    let base = site.hosts().origin(HostRole::Base).to_string();

    let jar = file.map(Field::Jar)?;
    let mut cookies = CookieList::new(&file, site.hosts(), Field::Jar);
    // If several hosts have set a cookie, the one of the base counts.
    for is_base in [false, true] {
        for (_, json) in jar.pairs().filter(|(origin, _)| (*origin == base) == is_base) {
            let listed: Option<Vec<&RawValue>> =
                serde_json::from_str(json.get()).map_err(|_| file.invalid(Field::Jar))?;
            let listed = parse_each(listed.unwrap_or_default());
            for GoCookie { name, value } in listed.ok_or(file.invalid(Field::Jar))? {
                cookies.add(name, value)?;
            }
        }
    }
    let page: Option<Object<'_>> = file.optional(Field::LoginInfo)?;
    let page = page.map(|page| Fields::new(OtherClient::OpenWechat, page));
    let pass_ticket = page.map(|page| page.pass_ticket(Field::LoginPassTicket)).transpose()?;
    let values = Values {
        uin,
        sid,
        skey: login.secret(Field::BaseSkey)?,
        pass_ticket: pass_ticket.flatten(),
        device_id: login.device_id(Field::BaseDeviceId)?,
        user_name: None,
        sync_key: file.sync_key(Field::OpenWechatSyncKey)?,
        cookies: cookies.finish()?,
        site,
    };
    Ok(SavedLogin::from_values(OtherClient::OpenWechat, values))
}
