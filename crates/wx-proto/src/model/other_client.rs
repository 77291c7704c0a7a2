//! The clients whose saved logins can be read.

use std::fmt;

/// Another client, whose saved login can be read ([§12](crate::protocol#s12)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OtherClient {
    /// [openwechat](https://github.com/eatmoreapple/openwechat): `storage.json`.
    OpenWechat,
    /// [wechat4u](https://github.com/nodeWechat/wechat4u): `sync-data.json`.
    Wechat4u,
    /// wechat4filehelper, a fork of wechat4u for the File Transfer Helper: `sync-data.json`.
    Wechat4FileHelper,
    /// [Wechaty](https://github.com/wechaty/puppet-wechat4u) with wechat4u:
    /// `NAME.memory-card.json`.
    PuppetWechat4u,
    /// [Wechaty](https://github.com/wechaty/puppet-wechat) with a browser: `NAME.memory-card.json`.
    PuppetWechat,
    /// [wx-filehelper-api](https://github.com/CJackHwang/wx-filehelper-api), or another client that
    /// stores the same: `state.json`.
    WxFileHelperApi,
}

impl OtherClient {
    /// Returns the name of the client.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenWechat => "openwechat",
            Self::Wechat4u => "wechat4u",
            Self::Wechat4FileHelper => "wechat4filehelper",
            Self::PuppetWechat4u => "wechaty-puppet-wechat4u",
            Self::PuppetWechat => "wechaty-puppet-wechat",
            Self::WxFileHelperApi => "wx-filehelper-api",
        }
    }
}

impl fmt::Display for OtherClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
