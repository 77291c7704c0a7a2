//! The keys that each kind of event must have, in their order.

pub(super) const SENT: [&str; 14] = [
    "event",
    "kind",
    "file",
    "file_name",
    "forwarded",
    "to",
    "to_name",
    "msg_id",
    "sent_at",
    "local_id",
    "media_id",
    "bytes",
    "md5",
    "chunks",
];
pub(super) const MESSAGE: [&str; 17] = [
    "event",
    "msg_id",
    "from",
    "from_name",
    "to",
    "to_name",
    "sender",
    "sender_name",
    "time",
    "sent_at",
    "kind",
    "file_name",
    "content",
    "attachment",
    "avatar",
    "forward",
    "not_forwardable",
];
pub(super) const CONTACT: [&str; 11] = [
    "event",
    "user_name",
    "nick_name",
    "remark_name",
    "room",
    "name",
    "kind",
    "muted",
    "pinned",
    "members",
    "avatar",
];
pub(super) const REVOKED: [&str; 4] = ["event", "to", "to_name", "msg_id"];
pub(super) const MEMBER: [&str; 7] =
    ["event", "room", "user_name", "nick_name", "display_name", "name", "avatar"];
pub(super) const FETCHED: [&str; 8] =
    ["event", "kind", "msg_id", "user_name", "path", "bytes", "md5", "format"];
pub(super) const NO_PICTURE: [&str; 3] = ["event", "kind", "user_name"];
pub(super) const FAILED: [&str; 17] = [
    "event",
    "kind",
    "file",
    "forwarded",
    "to",
    "to_name",
    "msg_id",
    "user_name",
    "sent_at",
    "path",
    "step",
    "chunk",
    "ret",
    "local_id",
    "media_id",
    "advice",
    "message",
];
pub(super) const CHECK: [&str; 6] = ["event", "check", "status", "advice", "message", "next"];
pub(super) const ACCOUNT: [&str; 6] =
    ["event", "user_name", "nick_name", "profile", "base", "ends_at"];
