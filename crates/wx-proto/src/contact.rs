use serde::Deserialize;
use serde_json::value::RawValue;

use crate::UserName;
use crate::wire::list::Element;
use crate::wire::{entities, lenient, repair};

/// A person or a room of the contact list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// How to send to it, in this login only: the next one has other names (§8.4).
    pub user_name: UserName,
    /// The name that it gave itself, decoded. What a stranger chose: do not print it raw.
    pub nick_name: String,
    /// The name that the account's owner gave it, decoded; mostly empty.
    pub remark_name: String,
}

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
    /// `None` for what has no UserName.
    fn of_json(json: &RawValue) -> Option<Self> {
        let fields: Fields<'_> = serde_json::from_str(json.get()).ok()?;
        let user_name =
            lenient::text_of(fields.user_name?).filter(|name| !repair::is_damaged(name))?;
        let text = |json: Option<&RawValue>| {
            json.and_then(lenient::text_of).map(|text| entities::decode(&text)).unwrap_or_default()
        };
        Some(Self {
            user_name: UserName::new(user_name).ok()?,
            nick_name: text(fields.nick_name),
            remark_name: text(fields.remark_name),
        })
    }
}

impl Contact {
    /// Whether it is a room.
    #[must_use]
    pub fn is_room(&self) -> bool {
        self.user_name.is_room()
    }

    /// The remark if there is one, else the nickname.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.remark_name.is_empty() { &self.nick_name } else { &self.remark_name }
    }
}
