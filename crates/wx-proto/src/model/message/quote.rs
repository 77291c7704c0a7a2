use crate::model::ids::MsgId;
use crate::model::opaque::opaque;

/// A reply to a quoted message ([P104](crate::protocol#p104)).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quote {
    /// The name of the quoted person, as the sender sees it.
    pub name: String,
    /// The quoted text, or a word such as `[图片]`, or XML if it was not a text.
    pub quoted: String,
    /// The text of the reply.
    pub reply: String,
    /// The id of the quoted message. A quote that arrives as text has none.
    pub msg_id: Option<MsgId>,
    /// The MsgType of the quoted message, `None` for a quote that arrives as text.
    pub msg_type: Option<i64>,
}

opaque!(Quote);
