//! The keys that each kind of event must have, in their order.

pub(super) const SENT: [&str; 12] = [
    "event", "kind", "file", "to", "to_name", "msg_id", "sent_at", "local_id", "media_id", "bytes",
    "md5", "chunks",
];
pub(super) const MESSAGE: [&str; 12] = [
    "event",
    "msg_id",
    "from",
    "to",
    "to_name",
    "sender",
    "time",
    "sent_at",
    "kind",
    "file_name",
    "content",
    "attachment",
];
pub(super) const CONTACT: [&str; 10] = [
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
];
pub(super) const MEMBER: [&str; 6] =
    ["event", "room", "user_name", "nick_name", "display_name", "name"];
pub(super) const FETCHED: [&str; 7] = ["event", "kind", "msg_id", "path", "bytes", "md5", "format"];
pub(super) const FAILED: [&str; 15] = [
    "event", "kind", "file", "to", "to_name", "msg_id", "sent_at", "path", "step", "chunk", "ret",
    "local_id", "media_id", "advice", "message",
];
