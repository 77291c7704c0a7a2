//! The names of fields, for errors.

macro_rules! fields {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`.")] $variant,)+
        }

        impl $name {
            /// Returns the name of the field in the reply or file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

fields! {
    /// A required field of a reply.
    ReplyField {
        Ret = "ret",
        RetCode = "retcode",
        Selector = "selector",
        Code = "window.code",
        RedirectUri = "window.redirect_uri",
        QrLoginCode = "window.QRLogin.code",
        QrLoginUuid = "window.QRLogin.uuid",
        Uuid = "uuid",
        WxUin = "wxuin",
        WxSid = "wxsid",
        Skey = "skey",
        PassTicket = "pass_ticket",
        UserName = "User.UserName",
        SyncKey = "SyncKey",
        UploadId = "UploadID",
    }
}

fields! {
    /// A field of a session, with its name in the session file.
    SessionField {
        Profile = "profile",
        Base = "base",
        Lang = "lang",
        UserAgent = "user_agent",
        Uin = "uin",
        Sid = "sid",
        Skey = "skey",
        PassTicket = "pass_ticket",
        DeviceId = "device_id",
        UserName = "user_name",
        Cookies = "cookies",
        DataTicket = "data_ticket",
        SyncKey = "sync_key",
        SyncedAt = "synced_at",
        RecentMessages = "recent_messages",
    }
}

fields! {
    /// A field of another client's saved login, with its path from the top of the file.
    SavedLoginField {
        Jar = "Jar",
        BaseRequest = "BaseRequest",
        BaseUin = "BaseRequest.Uin",
        BaseSid = "BaseRequest.Sid",
        BaseSkey = "BaseRequest.Skey",
        BaseDeviceId = "BaseRequest.DeviceID",
        LoginInfo = "LoginInfo",
        LoginPassTicket = "LoginInfo.PassTicket",
        WechatDomain = "WechatDomain",
        OpenWechatSyncKey = "SyncKey",
        Prop = "PROP",
        PropUin = "PROP.uin",
        PropSid = "PROP.sid",
        PropSkey = "PROP.skey",
        PropPassTicket = "PROP.passTicket",
        PropDataTicket = "PROP.webwxDataTicket",
        PropSyncKey = "PROP.syncKey",
        Conf = "CONF",
        ConfOrigin = "CONF.origin",
        Cookie = "COOKIE",
        User = "user",
        UserUserName = "user.UserName",
        PuppetWechat4u = "PUPPET-WECHAT4U",
        PuppetWechat = "PUPPET_WECHAT",
        EntryHost = "entry_host",
        DeviceId = "device_id",
        Skey = "skey",
        Sid = "sid",
        Uin = "uin",
        PassTicket = "pass_ticket",
        UserName = "user_name",
        SyncKey = "synckey",
        Cookies = "cookies",
    }
}
