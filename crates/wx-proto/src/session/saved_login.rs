//! Reads the saved logins of other clients ([§12](crate::protocol#s12)).

mod cookie_list;
mod fields;
mod file_helper_api;
mod memory_card;
mod object;
mod openwechat;
mod values;
mod wechat4u;

use self::object::Object;
use self::values::{HostRule, Values};
use super::Session;
use crate::model::hosts::Hosts;
use crate::model::other_client::OtherClient;
use crate::model::saved_login_error::SavedLoginError;

/// A login that another client has saved, read from the contents of its file
/// ([§12](crate::protocol#s12), [P100](crate::protocol#p100)).
///
/// The clients of [`OtherClient`] are recognised by the keys of their JSON, not by the name of the
/// file. Pickles, such as those of itchat, are refused ([P99](crate::protocol#p99)): log in once
/// instead.
///
/// Nothing proves that the login is still valid. Before you save it, complete it with
/// [`Restore`](crate::flow::Restore): webwxinit names the account and renews the skey, and the sync
/// position of the other client is kept, so that queued messages are received. If `Restore` fails,
/// the login is over: save nothing. Stop the other client first, because both would move the same
/// sync position, and each would miss the messages that the other one receives.
///
/// ```
/// use wx_proto::{OtherClient, SavedLogin};
///
/// let file = r#"{
///     "entry_host": "filehelper.weixin.qq.com", "device_id": "123456789012345",
///     "skey": "@crypt_…", "sid": "oMrabhVznekD3NaC", "uin": "2272112421",
///     "pass_ticket": "…", "user_name": "@201052a7770bca94",
///     "synckey": {"Count": 1, "List": [{"Key": 1, "Val": 653210000}]},
///     "cookies": [{"name": "wxsid", "value": "oMrabhVznekD3NaC",
///                  "domain": "filehelper.weixin.qq.com", "path": "/", "expires": null}]
/// }"#;
/// # let file = file.replace('…', "x");
/// let saved = SavedLogin::read(file)?;
/// assert_eq!(saved.client(), OtherClient::WxFileHelperApi);
/// let session = saved.into_session();
/// assert_eq!(session.uin(), Some(2_272_112_421));
/// # Ok::<(), wx_proto::SavedLoginError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SavedLogin {
    client: OtherClient,
    session: Session,
}

impl SavedLogin {
    /// The maximum length of a file, in bytes. Usual files have a few KiB.
    pub const MAX_LEN: usize = 4 * 1024 * 1024;

    /// Reads the contents of a file. Plain http is rejected.
    ///
    /// # Errors
    /// Returns a [`SavedLoginError`], which names the field but never its value. A loopback address
    /// is not a secret and is shown.
    pub fn read(file: impl AsRef<[u8]>) -> Result<Self, SavedLoginError> {
        read(file.as_ref(), Hosts::from_base)
    }

    /// Like [`SavedLogin::read`], but also accepts plain http to a literal loopback address, for
    /// tests and demonstrations. See [`Hosts::loopback`].
    ///
    /// # Errors
    /// Returns a [`SavedLoginError`], which names the field but never its value.
    pub fn read_allow_loopback(file: impl AsRef<[u8]>) -> Result<Self, SavedLoginError> {
        read(file.as_ref(), Hosts::loopback)
    }

    /// Returns the client that saved the login.
    #[must_use]
    pub fn client(&self) -> OtherClient {
        self.client
    }

    /// Returns the session. It may be over.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the session, for a client that completes it with
    /// [`Restore`](crate::flow::Restore). It may be over.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.session
    }

    fn from_values(client: OtherClient, values: Values) -> Self {
        Self { client, session: values.into_session() }
    }
}

fn read(file: &[u8], hosts: HostRule) -> Result<SavedLogin, SavedLoginError> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if file.len() > SavedLogin::MAX_LEN {
        return Err(SavedLoginError::TooLarge);
    }
    if is_pickle(file) {
        return Err(SavedLoginError::Pickle);
    }
    let text = str::from_utf8(file).map_err(|_| SavedLoginError::Unrecognised)?.trim();
    if text == PLACEHOLDER {
        return Err(SavedLoginError::Placeholder);
    }
    if !text.starts_with('{') {
        return Err(SavedLoginError::Unrecognised);
    }
    let object = Object::parse(text).ok_or(SavedLoginError::NotJson)?;
    if object.pairs().next().is_none() {
        return Err(SavedLoginError::Empty);
    }
    let has = |keys: &[&str]| keys.iter().all(|key| object.has(key));
    if has(&["version", "base"]) {
        Err(SavedLoginError::SessionFile)
    } else if has(&["BaseRequest"]) && (has(&["Jar"]) || has(&["WechatDomain"])) {
        openwechat::read(object, hosts)
    } else if has(&["PROP"]) && (has(&["CONF"]) || has(&["COOKIE"])) {
        wechat4u::read(object, hosts)
    } else if has(&["entry_host"]) {
        file_helper_api::read(object, hosts)
    } else {
        memory_card::read(&object, hosts)
    }
}

/// The text that itchat writes to the file to test whether it can.
const PLACEHOLDER: &str = "itchat - DELETE THIS";

/// Returns whether a file begins like a pickle of a dict ([§12.1](crate::protocol#s12-1)): with the
/// number of protocol 2 or later, or with the opcodes of protocols 0 and 1.
fn is_pickle(file: &[u8]) -> bool {
    matches!(file, [0x80, 2..=5, ..]) || file.starts_with(b"(dp") || file.starts_with(b"}q")
}

#[cfg(test)]
mod tests;
