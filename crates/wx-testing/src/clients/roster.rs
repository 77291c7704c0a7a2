//! The clients and their known faults.

use wx_emulator::Profile;

/// A released client.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// The name of its driver and of its installation directory.
    pub name: &'static str,
    /// The installed version.
    pub version: &'static str,
    /// The language of its driver.
    pub language: Language,
    /// The page that it logs in to.
    pub profile: Profile,
    /// The steps that fail because of the client.
    pub faults: &'static [KnownFault],
    /// Whether this is the official page itself, which has no violations by definition.
    pub is_official: bool,
}

/// A step that fails because of the client.
#[derive(Clone, Copy, Debug)]
pub struct KnownFault {
    /// The step.
    pub step: &'static str,
    /// The fault, and its location in the code of the client.
    pub evidence: &'static str,
}

/// The language of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Python, with packages from PyPI.
    Python,
    /// Node.js, with packages from npm. Also drives the browser.
    Node,
}

const fn python(
    name: &'static str,
    version: &'static str,
    faults: &'static [KnownFault],
) -> Client {
    Client {
        name,
        version,
        language: Language::Python,
        profile: Profile::Web,
        faults,
        is_official: false,
    }
}

const fn node(name: &'static str, version: &'static str, faults: &'static [KnownFault]) -> Client {
    Client {
        name,
        version,
        language: Language::Node,
        profile: Profile::Web,
        faults,
        is_official: false,
    }
}

const fn browser(name: &'static str, profile: Profile) -> Client {
    let client = node(name, "webuploader 0.1.8", &[]);
    Client { profile, is_official: true, ..client }
}

/// All clients, in the order of the table.
pub const ROSTER: &[Client] = &[
    python("itchat", "1.3.10", &[]),
    python("itchat-uos", "1.4.1", &[]),
    python("itchat-uos-patch", "1.6.0", &[]),
    python("itchat-efb", "efb-wechat-slave 2.0.7", &[]),
    python("wxpy", "0.3.9.8, itchat 1.2.32", &[]),
    python(
        "bl-wxpy",
        "0.6.13",
        &[KnownFault {
            step: "receive-video",
            evidence: "a video is requested without a `Range` (`api/core.py:178`), so the server \
                       sends 0 bytes",
        }],
    ),
    python(
        "pywxclient",
        "0.1.2",
        &[
            KnownFault {
                step: "sync",
                evidence: "a text of a room keeps the sender's UserName and `<br/>` in front, and \
                       the sender's name is never looked up (`core/message.py:88` only decodes \
                       entities)",
            },
            KnownFault {
                step: "image-small",
                evidence: "LocalID and ClientMsgId are whole seconds (`core/message.py:36`, \
                       `:43`), so the server stores only one of two messages of the same second; \
                       the driver sends only a text and this image in one second",
            },
            KnownFault {
                step: "logout",
                evidence: "the login ends, but the HTML page of the reply is parsed as JSON \
                       (`core/api.py:631`): JSONDecodeError",
            },
        ],
    ),
    node("wechat4u", "0.7.14", &[]),
    node("puppet-wechat4u", "1.14.14", &[]),
    browser("browser-web", Profile::Web),
    browser("browser-filehelper", Profile::FileHelper),
];
