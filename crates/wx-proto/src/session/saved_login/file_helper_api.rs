//! The state file of wx-filehelper-api ([§12.5](crate::protocol#s12-5)).

use super::cookie_list::{CookieList, ListedCookie, parse_each};
use super::fields::Fields;
use super::object::Object;
use super::values::{HostRule, Values};
use super::{SavedLogin, SavedLoginError};
use crate::model::fields::SavedLoginField as Field;
use crate::model::other_client::OtherClient;
use crate::model::profile::Profile;

pub(super) fn read(object: Object<'_>, hosts: HostRule) -> Result<SavedLogin, SavedLoginError> {
    let file = Fields::new(OtherClient::WxFileHelperApi, object);
    let (uin, sid) = (file.uin(Field::Uin)?, file.secret(Field::Sid)?);
    let uin = uin.filter(|_| !sid.expose().is_empty()).ok_or(file.no_login())?;
    let host: String = file.required(Field::EntryHost)?;
    let site = file.site_of(&host, Profile::FileHelper, hosts, Field::EntryHost)?;
    let mut cookies = CookieList::new(&file, site.hosts(), Field::Cookies);
    let listed = parse_each::<ListedCookie>(file.required(Field::Cookies)?);
    for cookie in listed.ok_or(file.invalid(Field::Cookies))? {
        cookies.add_listed(cookie)?;
    }
    let values = Values {
        uin,
        sid,
        skey: file.secret(Field::Skey)?,
        pass_ticket: file.pass_ticket(Field::PassTicket)?,
        device_id: file.device_id(Field::DeviceId)?,
        user_name: file.user_name(Field::UserName)?,
        sync_key: file.sync_key(Field::SyncKey)?,
        cookies: cookies.finish()?,
        site,
    };
    Ok(SavedLogin::from_values(OtherClient::WxFileHelperApi, values))
}
