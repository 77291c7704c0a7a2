//! The events of `--json`. Every key is always present.

use std::path::Path;

use serde_json::{Value, json};
use wx_proto::{
    Attachment, AttachmentKind, Contact, Fetched, HostRole, ImageFormat, ImageVariant, MediaKind,
    Member, Message, MessageKind, MsgId, Sent, Session, Skipped, UnixMs, UserName,
};

use crate::args::Addressee;
use crate::problem::Problem;

/// The kind of a text in events. The other kinds are those of [`MediaKind`].
pub(crate) const TEXT: &str = "text";

/// What an event is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A text or a file for a recipient: its kind, if it is known, the UserName, and the recipient
    /// as the user wrote it.
    Outbound { file: Option<String>, kind: Option<&'static str>, to: String, given: String },
    /// The login of a session file.
    Login { path: String },
    /// The attachment of a message, and its kind, if it is known. There is no path if it is written
    /// to standard output or kept in memory.
    Message { msg_id: MsgId, kind: Option<&'static str>, path: Option<String> },
}

impl Subject {
    /// Returns the subject for the login of a session file.
    pub(crate) fn login(path: &Path) -> Self {
        Self::Login { path: path.to_string_lossy().into_owned() }
    }

    /// Returns the subject for the attachment of a message, which is written to `path`.
    pub(crate) fn attachment(attachment: &Attachment, path: Option<String>) -> Self {
        let kind = match attachment.kind {
            AttachmentKind::Image { variant: ImageVariant::Emoticon, .. } => {
                Some(MediaKind::Emoticon.name())
            }
            AttachmentKind::Image { .. } => Some(MediaKind::Image.name()),
            AttachmentKind::Video => Some(MediaKind::Video.name()),
            AttachmentKind::File(_) => Some(MediaKind::File.name()),
            // It cannot be sent, so it is not a kind of media.
            AttachmentKind::Voice => Some("voice"),
            _ => None,
        };
        Self::Message { msg_id: attachment.msg_id.clone(), kind, path }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Outbound { file, .. } => file.as_deref().unwrap_or(TEXT),
            Self::Message { msg_id, .. } => msg_id.as_str(),
            Self::Login { path } => path,
        }
    }
}

/// Returns the event of a message that the server accepted at this time.
pub(crate) fn sent(file: Option<&str>, to: &str, given: &str, sent: &Sent, at: UnixMs) -> Value {
    let uploaded = sent.uploaded.as_ref();
    json!({
        "event": "sent", "kind": uploaded.map_or(TEXT, |uploaded| uploaded.kind.name()),
        "file": file, "to": to, "to_name": Addressee::name_in(given),
        "msg_id": sent.msg_id.as_str(), "sent_at": at.as_secs(),
        "local_id": sent.local_id.as_str(),
        "media_id": uploaded.map(|uploaded| uploaded.media_id.as_str()),
        "bytes": uploaded.map(|uploaded| uploaded.bytes),
        "md5": uploaded.map(|uploaded| uploaded.md5.to_string()),
        "chunks": uploaded.map(|uploaded| uploaded.chunks),
    })
}

pub(crate) fn fetched(
    kind: Option<&str>,
    msg_id: &MsgId,
    path: Option<&str>,
    fetched: &Fetched,
) -> Value {
    json!({
        "event": "fetched", "kind": kind, "msg_id": msg_id.as_str(), "path": path,
        "bytes": fetched.bytes, "md5": fetched.md5.to_string(),
        "format": fetched.format.map(ImageFormat::name),
    })
}

pub(crate) fn contact(contact: &Contact) -> Value {
    json!({
        "event": "contact", "user_name": contact.user_name.as_str(), "nick_name": contact.nick_name,
        "remark_name": contact.remark_name.as_deref().unwrap_or_default(),
        "room": contact.is_room(), "name": contact.name(), "kind": contact.kind.name(),
        "muted": contact.flags.is_muted(), "pinned": contact.flags.is_pinned(),
        "members": contact.room.as_ref().map(|room| room.members.len()),
    })
}

pub(crate) fn member(room: &UserName, member: &Member, name: &str) -> Value {
    json!({
        "event": "member", "room": room.as_str(), "user_name": member.user_name.as_str(),
        "nick_name": member.nick_name,
        "display_name": member.display_name.as_deref().unwrap_or_default(), "name": name,
    })
}

/// Returns the event of a room that the server has named, but does not know any more.
pub(crate) fn missing(room: &UserName) -> Value {
    json!({ "event": "missing", "room": room.as_str() })
}

pub(crate) fn account(event: &str, session: &Session) -> Value {
    let site = session.site();
    let user_name = session.user_name().map_or("@", UserName::as_str);
    json!({
        "event": event, "user_name": user_name, "nick_name": session.nick_name(),
        "profile": site.profile().name(), "base": site.hosts().origin(HostRole::Base).to_string(),
        "ends_at": session.ends_at().map(UnixMs::as_secs),
    })
}

/// Returns the event of a login that ends soon, because the server does not renew it.
pub(crate) fn login_ends(at: UnixMs) -> Value {
    json!({ "event": "login_ends", "ends_at": at.as_secs() })
}

/// Returns the id of a message, or `0` if it has none.
pub(crate) fn msg_id(message: &Message) -> &str {
    message.id.as_ref().map_or("0", MsgId::as_str)
}

pub(crate) fn message(message: &Message) -> Value {
    let name = |name: &Option<UserName>| name.as_ref().map(|name| name.as_str().to_owned());
    let file = match &message.kind {
        MessageKind::File(file) => Some(file.name.as_deref().unwrap_or_default()),
        _ => None,
    };
    let sent_at = message.sent_at.map_or(0, UnixMs::as_secs);
    json!({
        "event": "message", "msg_id": msg_id(message), "from": name(&message.from),
        "to": name(&message.to),
        "to_name": message.to.as_ref().and_then(|to| Addressee::name_in(to.as_str())),
        "sender": name(&message.sender), "time": sent_at, "sent_at": sent_at,
        "kind": kind(message),
        "file_name": file,
        "content": message.content,
        "attachment": message.attachment(),
    })
}

pub(crate) fn skipped(what: &str, skipped: Skipped) -> Value {
    json!({
        "event": "skipped", "what": what, "unreadable": skipped.unreadable,
        "over_limit": skipped.over_limit,
    })
}

/// Returns the kind of a message as a lower-case word.
pub(crate) fn kind(message: &Message) -> &'static str {
    match &message.kind {
        MessageKind::Emoticon { of_store: true, .. } => "store_emoticon",
        kind => kind.name(),
    }
}

pub(crate) fn problem(subject: &Subject, problem: &Problem) -> Value {
    let (kind, file, to, given, msg_id, path) = match subject {
        Subject::Outbound { file, kind, to, given } => {
            (kind.as_ref(), file.as_ref(), Some(to), Some(given), None, None)
        }
        Subject::Message { msg_id, kind, path } => {
            (kind.as_ref(), None, None, None, Some(msg_id.as_str()), path.as_ref())
        }
        Subject::Login { .. } => (None, None, None, None, None, None),
    };
    json!({
        "event": problem.event(), "kind": kind, "file": file, "to": to,
        "to_name": given.and_then(|given| Addressee::name_in(given)), "msg_id": msg_id,
        "sent_at": null, "path": path,
        "step": problem.step, "chunk": problem.chunk, "ret": problem.ret,
        "local_id": problem.local_id, "media_id": problem.media_id,
        "advice": problem.advice(), "message": problem.message,
    })
}
