//! The two web pages that use this protocol.

use std::fmt;

/// One of the two web pages that use this protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// Web WeChat, with the five host families of [§1.2](crate::protocol#s1-2).
    #[default]
    Web,
    /// The File Transfer Helper of [§1.3](crate::protocol#s1-3) and [§8.8](crate::protocol#s8-8):
    /// the same protocol, with `filehelper` as the only recipient ([P60](crate::protocol#p60)).
    FileHelper,
}

impl Profile {
    /// Returns the name used in session files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::FileHelper => "filehelper",
        }
    }

    /// Returns the profile with this name in session files.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Web, Self::FileHelper].into_iter().find(|profile| profile.name() == name)
    }

    /// Returns `appid` of jslogin and of the poll ([§8.1](crate::protocol#s8-1),
    /// [§8.8](crate::protocol#s8-8)).
    pub(crate) const fn app_id(self) -> &'static str {
        match self {
            Self::Web => "wx782c26e4c19acffb",
            Self::FileHelper => "wx_webfilehelper",
        }
    }

    /// Returns `mmweb_appid`, which all calls of the File Transfer Helper send
    /// ([P60](crate::protocol#p60)).
    pub(crate) const fn mmweb_app_id(self) -> Option<&'static str> {
        match self {
            Self::Web => None,
            Self::FileHelper => Some("wx_webfilehelper"),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
