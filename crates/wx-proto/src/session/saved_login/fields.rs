//! Reads the fields of a saved login. Each error names the field.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::Object;
use crate::model::fields::SavedLoginField as Field;
use crate::model::ids::{DeviceId, UserName};
use crate::model::other_client::OtherClient;
use crate::model::saved_login_error::SavedLoginError;
use crate::model::secret::Secret;
use crate::session::sync_key::SyncKey;
use crate::session::{LONGEST_NAME, LONGEST_VALUE};
use crate::wire::lenient;
use crate::wire::query::PassTicket;

/// The fields of an object in a file. A field is named by its path from the top of the file, such
/// as `PROP.uin`, whose last part is the key.
pub(super) struct Fields<'a> {
    client: OtherClient,
    object: Object<'a>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(client: OtherClient, object: Object<'a>) -> Self {
        Self { client, object }
    }

    pub(super) fn missing(&self, field: Field) -> SavedLoginError {
        SavedLoginError::Missing { client: self.client, field }
    }

    pub(super) fn invalid(&self, field: Field) -> SavedLoginError {
        SavedLoginError::Invalid { client: self.client, field }
    }

    /// Returns the value of a field, unless it is absent or null.
    fn raw(&self, field: Field) -> Result<Option<&'a RawValue>, SavedLoginError> {
        let key = field.name().rsplit('.').next().unwrap_or_default();
        let mut values = self.object.values(key);
        let value = values.next();
        if values.next().is_some() {
            return Err(self.invalid(field));
        }
        Ok(value.filter(|value| value.get() != "null"))
    }

    /// Reads a value, unless it is absent or null.
    pub(super) fn optional<T: Deserialize<'a>>(
        &self,
        field: Field,
    ) -> Result<Option<T>, SavedLoginError> {
        let read = |json: &'a RawValue| serde_json::from_str(json.get());
        self.raw(field)?.map(read).transpose().map_err(|_| self.invalid(field))
    }

    pub(super) fn required<T: Deserialize<'a>>(&self, field: Field) -> Result<T, SavedLoginError> {
        self.optional(field)?.ok_or(self.missing(field))
    }

    pub(super) fn object(&self, field: Field) -> Result<Self, SavedLoginError> {
        self.required(field).map(|object| Self::new(self.client, object))
    }

    /// Reads an object whose keys are not fields.
    pub(super) fn map(&self, field: Field) -> Result<Object<'a>, SavedLoginError> {
        let map: Object<'a> = self.required(field)?;
        if map.has_repeated_key() { Err(self.invalid(field)) } else { Ok(map) }
    }

    /// Reads a string. An empty one is the same as none.
    pub(super) fn text(&self, field: Field) -> Result<Option<String>, SavedLoginError> {
        Ok(self.optional(field)?.filter(|text: &String| !text.is_empty()))
    }

    /// Reads a secret, which may be empty.
    pub(super) fn secret(&self, field: Field) -> Result<Secret, SavedLoginError> {
        self.checked(self.required(field)?, field)
    }

    /// Checks the characters and the length of a secret.
    pub(super) fn checked(&self, text: String, field: Field) -> Result<Secret, SavedLoginError> {
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_printable && text.len() <= LONGEST_VALUE {
            Ok(text.into())
        } else {
            Err(self.invalid(field))
        }
    }

    /// Reads the pass_ticket as it is in the XML of the login page.
    pub(super) fn pass_ticket(&self, field: Field) -> Result<Option<PassTicket>, SavedLoginError> {
        let ticket = self.text(field)?.map(|text| self.checked(text, field)).transpose()?;
        Ok(ticket.map(PassTicket))
    }

    /// Reads the number of the user from a number or a string
    /// ([P12](crate::protocol#p12)). Neither zero nor an empty string is one.
    pub(super) fn uin(&self, field: Field) -> Result<Option<u32>, SavedLoginError> {
        let json = self.raw(field)?.ok_or(self.missing(field))?;
        let text = lenient::text_of(json).ok_or(self.invalid(field))?;
        self.uin_of(&text, field)
    }

    pub(super) fn uin_of(&self, text: &str, field: Field) -> Result<Option<u32>, SavedLoginError> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let uin = match text {
            "" => Some(0),
            _ if is_number => text.parse().ok(),
            _ => None,
        };
        Ok(Some(uin.ok_or(self.invalid(field))?).filter(|uin: &u32| *uin != 0))
    }

    pub(super) fn device_id(&self, field: Field) -> Result<Option<DeviceId>, SavedLoginError> {
        let id = self.text(field)?.map(DeviceId::new).transpose();
        id.map_err(|_| self.invalid(field))
    }

    pub(super) fn user_name(&self, field: Field) -> Result<Option<UserName>, SavedLoginError> {
        let Some(name) = self.text(field)? else { return Ok(None) };
        let name = UserName::new(name).ok().filter(|name| name.as_str().len() <= LONGEST_NAME);
        name.map(Some).ok_or(self.invalid(field))
    }

    /// Reads the sync position. Before webwxinit, there is none.
    pub(super) fn sync_key(&self, field: Field) -> Result<Option<SyncKey>, SavedLoginError> {
        // The key itself would also be read from an array.
        self.optional::<Object<'a>>(field)?;
        Ok(self.optional(field)?.and_then(SyncKey::non_empty))
    }

    /// Returns the error for a file without a login.
    pub(super) fn no_login(&self) -> SavedLoginError {
        SavedLoginError::NoLogin(self.client)
    }

    pub(super) fn client(&self) -> OtherClient {
        self.client
    }
}
