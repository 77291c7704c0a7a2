//! The errors of values of the core that have no advice.

use crate::error_walk::ErrorWalk;
use wx_proto::{Md5, NotForwardable, OutsideUrl};

/// Checks the errors of parsing, and the reasons why a message cannot be forwarded.
pub(crate) fn check(walk: &mut ErrorWalk) {
    walk.errors("Md5Error", ["00".parse::<Md5>().unwrap_err()]);
    walk.errors("OutsideUrlError", [OutsideUrl::new("http://evil.example/").unwrap_err()]);
    walk.errors(
        "NotForwardable",
        [
            NotForwardable::Voice,
            NotForwardable::Link,
            NotForwardable::MiniProgram,
            NotForwardable::ContactCard,
            NotForwardable::FriendRequest,
            NotForwardable::ChatHistory,
            NotForwardable::Transfer,
            NotForwardable::RedPacket,
            NotForwardable::Quote,
            NotForwardable::App { app_msg_type: 3 },
            NotForwardable::System,
            NotForwardable::Recall,
            NotForwardable::StatusNotice,
            NotForwardable::StoreEmoticon,
            NotForwardable::Other { msg_type: Some(9) },
            NotForwardable::Other { msg_type: None },
            NotForwardable::Incomplete,
        ],
    );
}
