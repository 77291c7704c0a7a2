//! References to avatars, the pictures of people and rooms ([§3.6](crate::protocol#s3-6)).

use serde::{Deserialize, Serialize};

use crate::model::ids::{MsgId, UserName};
use crate::model::opaque::opaque;

/// What is needed to [fetch](crate::flow::FetchAvatar) the avatar of a person, an account or a
/// room.
///
/// [`Contact::avatar`](crate::Contact::avatar),
/// [`RoomDetails::avatar`](crate::RoomDetails::avatar) and
/// [`Message::avatar`](crate::Message::avatar) return one. It is valid within one login. It
/// contains no secret, because the skey is the session's when it is fetched, and can be saved as
/// JSON. Its `Debug` shows nothing.
///
/// ```
/// use wx_proto::{Avatar, UserName};
///
/// let avatar = Avatar::new(UserName::new("@1f28")?);
/// assert_eq!(serde_json::to_string(&avatar)?, r#"{"user_name":"@1f28"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Avatar {
    user_name: UserName,
    #[serde(flatten)]
    source: AvatarSource,
}

/// Where an avatar is, apart from the name of its owner.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AvatarSource {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) head_img_url: Option<HeadImgUrl>,
    /// The `EncryChatRoomId` of a room that the owner is a member of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) encry_chat_room_id: Option<UserName>,
    /// The friend request of the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) msg_id: Option<MsgId>,
}

/// A `HeadImgUrl` as the server gave it, except that [`SKEY`] stands for its skey.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct HeadImgUrl(Box<str>);

/// Stands for a value of `skey` that is not empty. No address contains braces.
const SKEY: &str = "{skey}";
/// The beginning of each skey. A part of an address that contains it may be an skey.
const SKEY_START: &str = "crypt_";
/// An address has about 150 bytes.
const LONGEST: usize = 1024;
const DIRECTORY: &str = "/cgi-bin/mmwebwx-bin/";
const ICON: &str = "webwxgeticon";
const HEAD_IMG: &str = "webwxgetheadimg";

impl Avatar {
    /// Creates the reference from a UserName alone. The official page writes such an address if it
    /// has no `HeadImgUrl`.
    #[must_use]
    pub fn new(user_name: UserName) -> Self {
        Self { user_name, source: AvatarSource::default() }
    }

    pub(crate) fn with_source(user_name: &UserName, source: AvatarSource) -> Self {
        Self { user_name: user_name.clone(), source }
    }

    /// Returns the UserName of the owner.
    #[must_use]
    pub fn user_name(&self) -> &UserName {
        &self.user_name
    }

    /// Returns the version of the picture, if the server gave one: it changes when the picture
    /// changes, so that it can be part of a cache key.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.source.head_img_url.as_ref()?.value("seq")?.parse().ok()
    }

    pub(crate) fn source(&self) -> &AvatarSource {
        &self.source
    }

    /// Returns the wire name of the call.
    pub(crate) fn call(&self) -> &'static str {
        let is_of_room = match &self.source.head_img_url {
            Some(url) => url.path_and_query().0.ends_with(HEAD_IMG),
            None => self.user_name.is_room(),
        };
        if is_of_room { HEAD_IMG } else { ICON }
    }

    /// Returns the path for an address without a `HeadImgUrl`.
    pub(crate) fn path(&self) -> String {
        format!("{DIRECTORY}{}", self.call())
    }
}

impl HeadImgUrl {
    /// Returns `None` unless it is the path of an avatar with a query, such as those that the
    /// server is known to send: no other host, no other call, and no skey outside of `skey`.
    pub(crate) fn new(given: &str) -> Option<Self> {
        let (path, query) = given.split_once('?').filter(|_| given.len() <= LONGEST)?;
        let is_avatar = [ICON, HEAD_IMG].contains(&path.strip_prefix(DIRECTORY)?);
        let (mut pairs, mut has_skey) = (Vec::new(), false);
        for pair in query.split('&') {
            match pair.split_once('=') {
                Some(("skey", _)) if has_skey => return None,
                Some(("skey", value)) => {
                    has_skey = true;
                    pairs.push(if value.is_empty() { "skey=" } else { "skey={skey}" });
                }
                _ if pair.contains(SKEY_START) || !pair.bytes().all(is_plain) => return None,
                _ => pairs.push(pair),
            }
        }
        is_avatar.then(|| Self(format!("{path}?{}", pairs.join("&")).into()))
    }

    /// Returns the address with this skey, which is percent-encoded as necessary.
    pub(crate) fn with_skey(&self, skey: &str) -> String {
        self.0.replace(SKEY, skey)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn path_and_query(&self) -> (&str, &str) {
        self.0.split_once('?').unwrap_or((&self.0, ""))
    }

    fn value(&self, name: &str) -> Option<&str> {
        let mut pairs = self.path_and_query().1.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// Whether a byte is sent unchanged in a query.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!*'()@:,;$+/=%".contains(&byte)
}

impl TryFrom<String> for HeadImgUrl {
    type Error = &'static str;

    fn try_from(given: String) -> Result<Self, &'static str> {
        Self::new(&given).ok_or("not the address of an avatar relative to the page")
    }
}

impl From<HeadImgUrl> for String {
    fn from(url: HeadImgUrl) -> Self {
        url.0.into()
    }
}

opaque!(Avatar);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const PATH: &str = "/cgi-bin/mmwebwx-bin/webwxgeticon";

    #[test]
    fn p86_an_address_is_relative_to_the_page_and_one_of_an_avatar() {
        for good in ["seq=1&username=@0f&skey=", "username=@0f&chatroomid=@1&x=%2F~", "seq="] {
            for path in [PATH, "/cgi-bin/mmwebwx-bin/webwxgetheadimg"] {
                let url = format!("{path}?{good}");
                assert_eq!(HeadImgUrl::new(&url).map(String::from), Some(url));
            }
        }
        let long = format!("{PATH}?seq={}", "1".repeat(LONGEST));
        let elsewhere =
            ["https://evil.example", "//evil.example", "http://wx.qq.com", r"\\evil", "@"];
        let elsewhere = elsewhere.map(|host| format!("{host}{PATH}?seq=1"));
        let others = [
            "",
            "?seq=1",
            PATH,
            "/cgi-bin/mmwebwx-bin/webwxlogout?seq=1",
            "/cgi-bin/mmwebwx-bin/../webwxgeticon?seq=1",
            "/cgi-bin/mmwebwx-bin/webwxgeticon/?seq=1",
            "cgi-bin/mmwebwx-bin/webwxgeticon?seq=1",
            &long,
        ];
        let odd = ["a b", "a\r\nHost: x", "a\0", "a#b", r"a\b", "图", "a\u{7f}", "a\"", "{skey}"];
        let odd = odd.map(|value| format!("{PATH}?username={value}"));
        let refused = elsewhere.iter().map(String::as_str).chain(others);
        for bad in refused.chain(odd.iter().map(String::as_str)) {
            assert_eq!(HeadImgUrl::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn p15_p86_an_address_holds_no_skey() {
        for (query, kept) in [
            ("seq=1&skey=@crypt_canary&x=2", Some("seq=1&skey={skey}&x=2")),
            ("skey=%40crypt_canary", Some("skey={skey}")),
            ("skey=canary\r\n", Some("skey={skey}")),
            ("skey=a=b", Some("skey={skey}")),
            ("skey={skey}", Some("skey={skey}")),
            ("skey=", Some("skey=")),
            ("skey=&skey=@crypt_canary", None),
            ("skey=@crypt_canary&skey=", None),
            ("seq=@crypt_canary", None),
            ("@crypt_canary", None),
        ] {
            let url = HeadImgUrl::new(&format!("{PATH}?{query}"));
            let expected = kept.map(|kept| format!("{PATH}?{kept}"));
            assert_eq!(url.clone().map(String::from), expected, "{query}");
            let Some(url) = url else { continue };
            assert_eq!(HeadImgUrl::new(&String::from(url.clone())), Some(url), "{query}");
        }
        let url = HeadImgUrl::new(&format!("{PATH}?skey=old&seq=7")).unwrap();
        assert_eq!(url.with_skey("@new"), format!("{PATH}?skey=@new&seq=7"));
    }

    fn full() -> Value {
        json!({
            "user_name": "@0f", "head_img_url": format!("{PATH}?seq=7&username=@0f&skey={SKEY}"),
            "encry_chat_room_id": "@1e", "msg_id": "1036723910963469192",
        })
    }

    #[test]
    fn p86_it_is_the_same_after_json_and_debug_shows_nothing() {
        for json in [full(), json!({ "user_name": "@@0f" })] {
            let read: Avatar = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), json);
            assert_eq!(format!("{read:?}"), "Avatar { .. }");
        }
        let read: Avatar = serde_json::from_value(full()).unwrap();
        assert_eq!((read.seq(), read.user_name().as_str()), (Some(7), "@0f"));
        assert_eq!(Avatar::new(UserName::new("@0f").unwrap()).seq(), None);
    }

    #[test]
    fn p86_forged_values_are_refused() {
        for (key, value) in [
            ("user_name", json!("a\nb")),
            ("user_name", Value::Null),
            ("head_img_url", json!("https://evil.example/x.jpg")),
            ("head_img_url", json!(7)),
            ("encry_chat_room_id", json!("")),
            ("msg_id", json!("../7")),
        ] {
            let mut forged = full();
            forged[key] = value;
            assert!(serde_json::from_value::<Avatar>(forged.clone()).is_err(), "{forged}");
        }
    }
}
