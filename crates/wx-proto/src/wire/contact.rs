//! A contact in the JSON of a list ([§8.4](crate::protocol#s8-4)).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::list::Element;
use super::{entities, lenient, repair};
use crate::model::contact::Contact;
use crate::model::ids::UserName;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields<'a> {
    #[serde(borrow)]
    user_name: Option<&'a RawValue>,
    #[serde(borrow)]
    nick_name: Option<&'a RawValue>,
    #[serde(borrow)]
    remark_name: Option<&'a RawValue>,
}

impl Element for Contact {
    /// Returns `None` for a contact without a UserName.
    fn from_json(json: &RawValue) -> Option<Self> {
        let fields: Fields<'_> = serde_json::from_str(json.get()).ok()?;
        let user_name =
            lenient::text_of(fields.user_name?).filter(|name| !repair::is_damaged(name))?;
        let text = |json: Option<&RawValue>| {
            json.and_then(lenient::text_of).map(|text| entities::decode(&text)).unwrap_or_default()
        };
        Some(Self {
            user_name: UserName::new(user_name).ok()?,
            nick_name: text(fields.nick_name),
            remark_name: Some(text(fields.remark_name)).filter(|name| !name.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_shown_by_its_remark_if_there_is_one() {
        for (remark, name) in [(r#""""#, "Anna"), ("null", "Anna"), (r#""A&amp;B""#, "A&B")] {
            let json = format!(r#"{{"UserName":"@a","NickName":"Anna","RemarkName":{remark}}}"#);
            let contact = Contact::from_json(serde_json::from_str(&json).unwrap()).unwrap();
            assert_eq!(contact.remark_name.is_some(), name != "Anna", "{remark}");
            assert_eq!(contact.name(), name);
        }
    }
}
