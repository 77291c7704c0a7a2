//! The `botData` of wechat4u and wechat4filehelper ([§12.3](crate::protocol#s12-3)).

use super::cookie_list::{CookieList, is_needed};
use super::fields::Fields;
use super::object::Object;
use super::values::{HostRule, Values};
use super::{SavedLogin, SavedLoginError};
use crate::model::fields::SavedLoginField as Field;
use crate::model::other_client::OtherClient;
use crate::model::profile::Profile;
use crate::session::DATA_TICKET;
use crate::session::login_cookie::login_cookie;
use crate::wire::lenient;

/// Cookies that the client makes up.
const INVENTED: [&str; 2] = ["pgv_pvi", "pgv_si"];

/// Reads a file of one of the two clients. They differ in their hosts only.
pub(super) fn read(object: Object<'_>, hosts: HostRule) -> Result<SavedLogin, SavedLoginError> {
    let file = Fields::new(OtherClient::Wechat4u, object);
    let values = values(&file, hosts)?;
    let client = match values.site.profile() {
        Profile::Web => OtherClient::Wechat4u,
        Profile::FileHelper => OtherClient::Wechat4FileHelper,
    };
    Ok(SavedLogin::from_values(client, values))
}

pub(super) fn values(file: &Fields<'_>, hosts: HostRule) -> Result<Values, SavedLoginError> {
    let login = file.object(Field::Prop)?;
    let (uin, sid) = (login.uin(Field::PropUin)?, login.secret(Field::PropSid)?);
    let uin = uin.filter(|_| !sid.expose().is_empty()).ok_or(file.no_login())?;
    let base: String = file.object(Field::Conf)?.required(Field::ConfOrigin)?;
    let site = file.site_at(&base, None, hosts, Field::ConfOrigin)?;

    let named = file.map(Field::Cookie)?;
    let mut cookies = CookieList::new(file, site.hosts(), Field::Cookie);
    for (name, json) in named.pairs().filter(|(name, _)| !INVENTED.contains(name)) {
        match lenient::text_of(json) {
            Some(value) => cookies.add(name.to_owned(), value.into_owned())?,
            None if is_needed(name) => return Err(file.invalid(Field::Cookie)),
            None => {}
        }
    }
    let mut cookies = cookies.finish()?;
    let field = Field::PropDataTicket;
    let ticket = login.text(field)?.map(|text| login.checked(text, field)).transpose()?;
    // The client keeps the ticket in both places.
    if let Some(ticket) = ticket
        && !named.has(DATA_TICKET)
    {
        let ticket = login_cookie(site.hosts(), DATA_TICKET.to_owned(), ticket);
        if !ticket.is_sendable() {
            return Err(login.invalid(field));
        }
        cookies.put(ticket);
    }
    // It is empty until webwxinit has replied.
    let user: Option<Object<'_>> = file.optional(Field::User)?;
    let user = user.map(|user| Fields::new(file.client(), user));
    let user_name = user.map(|user| user.user_name(Field::UserUserName)).transpose()?;
    Ok(Values {
        uin,
        sid,
        skey: login.secret(Field::PropSkey)?,
        pass_ticket: login.pass_ticket(Field::PropPassTicket)?,
        device_id: None,
        user_name: user_name.flatten(),
        sync_key: login.sync_key(Field::PropSyncKey)?,
        cookies,
        site,
    })
}
