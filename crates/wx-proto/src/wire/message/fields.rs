use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::ids::UserName;
use crate::wire::{content, lenient, repair};

/// The relevant fields of a message. Each is parsed separately, so that an invalid one affects no
/// other one. All are optional, because an error for a missing one would allocate a message.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Fields<'a> {
    #[serde(borrow)]
    pub(super) msg_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) msg_type: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) from_user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) to_user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) create_time: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) sub_msg_type: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) app_msg_type: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) img_width: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) img_height: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) has_product_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) voice_length: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) play_length: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) file_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) file_size: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) media_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) encry_file_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) url: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) ori_content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) status_notify_code: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) status_notify_user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    recommend_info: Option<&'a RawValue>,
}

/// The person of a card or a friend request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Person<'a> {
    #[serde(borrow)]
    pub(super) user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) nick_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) verify_flag: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) ticket: Option<&'a RawValue>,
}

impl<'a> Fields<'a> {
    /// Returns the person that the message is about. Only objects are parsed, because each error
    /// allocates a message.
    pub(super) fn person(&self) -> Option<Person<'a>> {
        let json = self.recommend_info?.get();
        if json.starts_with('{') { serde_json::from_str(json).ok() } else { None }
    }
}

pub(super) fn text(json: Option<&RawValue>) -> Cow<'_, str> {
    json.and_then(lenient::text_of).unwrap_or_default()
}

/// Returns the text of an id, or `None` if it is damaged and therefore ambiguous.
pub(super) fn id(json: Option<&RawValue>) -> Option<Cow<'_, str>> {
    Some(text(json)).filter(|text| !repair::is_damaged(text))
}

/// Returns a text that a person wrote, decoded.
pub(super) fn decoded(json: Option<&RawValue>) -> String {
    content::decode(&text(json))
}

pub(super) fn number(json: Option<&RawValue>) -> Option<i64> {
    text(json).trim().parse().ok()
}

/// Returns a number that is not negative and not 0, which means that it is absent.
pub(super) fn count(json: Option<&RawValue>) -> Option<u64> {
    number(json).and_then(|number| u64::try_from(number).ok()).filter(|number| *number != 0)
}

/// Returns a name that may be absent or invalid.
pub(super) fn user_name(json: Option<&RawValue>) -> Option<UserName> {
    UserName::new(text(json)).ok()
}
