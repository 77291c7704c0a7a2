use std::fmt;

/// Why a message cannot be forwarded ([P87](crate::protocol#p87)). Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotForwardable {
    /// A voice message.
    Voice,
    /// A link or an article.
    Link,
    /// A mini program.
    MiniProgram,
    /// A contact that somebody recommends.
    ContactCard,
    /// A friend request.
    FriendRequest,
    /// A chat that was forwarded as a whole.
    ChatHistory,
    /// A money transfer.
    Transfer,
    /// A red packet.
    RedPacket,
    /// A quote in an app message. A quote that arrives as a text can be forwarded.
    Quote,
    /// Any other app message except a file.
    App {
        /// AppMsgType.
        app_msg_type: i64,
    },
    /// A system message.
    System,
    /// A notice that a message was recalled.
    Recall,
    /// A status notice from the phone.
    StatusNotice,
    /// An emoticon from the store ([P85](crate::protocol#p85)).
    StoreEmoticon,
    /// A message of an unknown kind.
    Other {
        /// MsgType, if it is a number.
        msg_type: Option<i64>,
    },
    /// The kind can be forwarded, but the server left out a value that this needs: the text, the
    /// XML of a location, the MD5 of an emoticon, or the name, the length or the MediaId of a file.
    Incomplete,
}

impl fmt::Display for NotForwardable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Voice => {
                "voice messages cannot be forwarded: fetch the sound and send it as a file"
            }
            Self::Link => "links cannot be forwarded: send the address as a text",
            Self::MiniProgram => "mini programs cannot be forwarded: use the phone",
            Self::ContactCard => "contact cards cannot be forwarded: use the phone",
            Self::FriendRequest => "friend requests cannot be forwarded",
            Self::ChatHistory => "chat histories cannot be forwarded: use the phone",
            Self::Transfer => "notices of money transfers cannot be forwarded",
            Self::RedPacket => "notices of red packets cannot be forwarded",
            Self::Quote => "this form of quote cannot be forwarded: send the reply as a text",
            Self::App { app_msg_type } => {
                let kind = format_args!("app messages of type {app_msg_type}");
                return write!(f, "{kind} cannot be forwarded: use the phone");
            }
            Self::System => "system messages cannot be forwarded: send the line as a text",
            Self::Recall => "notices of recalled messages cannot be forwarded",
            Self::StatusNotice => "status notices from the phone cannot be forwarded",
            Self::StoreEmoticon => "emoticons from the store cannot be forwarded: use the phone",
            Self::Other { msg_type: Some(msg_type) } => {
                let kind = format_args!("messages of type {msg_type}");
                return write!(f, "{kind} cannot be forwarded: use the phone");
            }
            Self::Other { msg_type: None } => {
                "messages of an unknown type cannot be forwarded: use the phone"
            }
            Self::Incomplete => {
                "the server left out a value that is needed to forward this message: fetch its \
                 media and send it anew"
            }
        })
    }
}

impl std::error::Error for NotForwardable {}
