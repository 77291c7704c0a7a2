//! The events of `--json`. Every key is always present.

use std::path::Path;

use serde_json::{Value, json};
use wx_client::health::HealthItem;
use wx_proto::{
    Advice, Attachment, AttachmentKind, Avatar, Contact, Fetched, HostRole, ImageFormat,
    ImageVariant, MediaKind, Member, Message, MessageKind, MsgId, OtherClient, Sent, Session,
    Skipped, UnixMs, UserName,
};

use crate::args::Addressee;
use crate::problem::Problem;
use crate::withhold;

/// The kind of a text in events. The other kinds are those of [`MediaKind`].
pub(crate) const TEXT: &str = "text";
/// The kind of an avatar in events.
const AVATAR: &str = "avatar";

/// What an event is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A text, a file or a forwarded message for a recipient: its kind, if it is known, the
    /// UserName, and the recipient as the user wrote it. `label` distinguishes it from others of
    /// the same kind, unless it is a file. `forwarded` is the id of the received message, if it has
    /// one.
    Outbound {
        file: Option<String>,
        label: Option<String>,
        forwarded: Option<MsgId>,
        kind: Option<&'static str>,
        to: String,
        given: String,
    },
    /// The login of a session file.
    Login { path: String },
    /// The attachment of a message, and its kind, if it is known. There is no path if it is written
    /// to standard output or kept in memory.
    Message { msg_id: MsgId, kind: Option<&'static str>, path: Option<String> },
    /// A message to revoke: its MsgID, if it is known, the UserName of its recipient, and the
    /// recipient as the user wrote it.
    Revocation { msg_id: Option<MsgId>, to: String, given: String },
    /// An avatar: its owner as the user wrote it, and the UserName, if it is known.
    Avatar { given: String, user_name: Option<String>, path: Option<String> },
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

    /// Returns the path of the file to write, if there is one.
    pub(crate) fn path(&self) -> Option<&str> {
        Keys::of(self).path
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Outbound { file, label, kind, .. } => {
                file.as_deref().or(label.as_deref()).or(*kind).unwrap_or(TEXT)
            }
            Self::Message { msg_id, .. } => msg_id.as_str(),
            Self::Revocation { msg_id, given, .. } => msg_id.as_ref().map_or(given, MsgId::as_str),
            Self::Avatar { given, .. } => given,
            Self::Login { path } => path,
        }
    }
}

/// The values of a subject in events.
#[derive(Default)]
struct Keys<'a> {
    kind: Option<&'static str>,
    file: Option<&'a str>,
    forwarded: Option<&'a str>,
    to: Option<&'a str>,
    given: Option<&'a str>,
    msg_id: Option<&'a str>,
    user_name: Option<&'a str>,
    path: Option<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(subject: &'a Subject) -> Self {
        let none = Self::default();
        match subject {
            Subject::Outbound { file, forwarded, kind, to, given, label: _ } => Self {
                kind: *kind,
                file: file.as_deref(),
                forwarded: forwarded.as_ref().map(MsgId::as_str),
                to: Some(to),
                given: Some(given),
                ..none
            },
            Subject::Message { msg_id, kind, path } => {
                Self { kind: *kind, msg_id: Some(msg_id.as_str()), path: path.as_deref(), ..none }
            }
            Subject::Avatar { user_name, path, .. } => Self {
                kind: Some(AVATAR),
                user_name: user_name.as_deref(),
                path: path.as_deref(),
                ..none
            },
            Subject::Revocation { msg_id, to, given } => Self {
                to: Some(to),
                given: Some(given),
                msg_id: msg_id.as_ref().map(MsgId::as_str),
                ..none
            },
            Subject::Login { .. } => none,
        }
    }
}

/// Returns the event of a message that the server accepted at this time.
pub(crate) fn sent(subject: &Subject, sent: &Sent, at: UnixMs) -> Value {
    let Keys { kind, file, forwarded, to, given, .. } = Keys::of(subject);
    let uploaded = sent.uploaded.as_ref();
    json!({
        "event": "sent",
        "kind": uploaded.map_or(kind.unwrap_or(TEXT), |uploaded| uploaded.kind.name()),
        "file": file, "file_name": uploaded.map(|uploaded| uploaded.name.as_str()),
        "forwarded": forwarded,
        "to": to, "to_name": given.and_then(Addressee::name_in),
        "msg_id": sent.msg_id.as_str(), "sent_at": at.as_secs(),
        "local_id": sent.local_id.as_str(),
        "media_id": uploaded.map(|uploaded| uploaded.media_id.as_str()),
        "bytes": uploaded.map(|uploaded| uploaded.bytes),
        "md5": uploaded.map(|uploaded| uploaded.md5.to_string()),
        "chunks": uploaded.map(|uploaded| uploaded.chunks),
    })
}

/// Returns the event of a message that was revoked.
pub(crate) fn revoked(msg_id: Option<&MsgId>, to: &str, given: &str) -> Value {
    json!({
        "event": "revoked", "to": to, "to_name": Addressee::name_in(given),
        "msg_id": msg_id.map(MsgId::as_str),
    })
}

/// Returns the event of a complete download.
pub(crate) fn fetched(subject: &Subject, fetched: &Fetched) -> Value {
    let Keys { kind, msg_id, user_name, path, .. } = Keys::of(subject);
    json!({
        "event": "fetched", "kind": kind, "msg_id": msg_id, "user_name": user_name, "path": path,
        "bytes": fetched.bytes, "md5": fetched.md5.to_string(),
        "format": fetched.format.map(ImageFormat::name),
    })
}

/// Returns the event of an avatar that there is no picture for.
pub(crate) fn no_picture(subject: &Subject) -> Value {
    let Keys { kind, user_name, .. } = Keys::of(subject);
    json!({ "event": "no_picture", "kind": kind, "user_name": user_name })
}

pub(crate) fn contact(contact: &Contact) -> Value {
    json!({
        "event": "contact", "user_name": contact.user_name.as_str(), "nick_name": contact.nick_name,
        "remark_name": contact.remark_name.as_deref().unwrap_or_default(),
        "room": contact.is_room(), "name": contact.name(), "kind": contact.kind.name(),
        "muted": contact.flags.is_muted(), "pinned": contact.flags.is_pinned(),
        "members": contact.room.as_ref().map(|room| room.members.len()),
        "avatar": contact.avatar(),
    })
}

pub(crate) fn member(room: &UserName, member: &Member, name: &str, avatar: &Avatar) -> Value {
    json!({
        "event": "member", "room": room.as_str(), "user_name": member.user_name.as_str(),
        "nick_name": member.nick_name,
        "display_name": member.display_name.as_deref().unwrap_or_default(), "name": name,
        "avatar": avatar,
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

/// Returns the event of a login that another client has saved, and that was imported.
pub(crate) fn imported(client: OtherClient, session: &Session) -> Value {
    let mut event = account("imported", session);
    event["client"] = client.name().into();
    event
}

/// Returns the event of a login that ends soon, because the server does not renew it.
pub(crate) fn login_ends(at: UnixMs) -> Value {
    json!({ "event": "login_ends", "ends_at": at.as_secs() })
}

/// Returns the event with the versions that `doctor` reports.
pub(crate) fn doctor(transport: Option<&str>, tls: Option<&str>) -> Value {
    json!({
        "event": "doctor", "version": env!("CARGO_PKG_VERSION"), "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH, "transport": transport, "tls": tls,
    })
}

/// Returns the event of a check of `doctor`.
pub(crate) fn check(item: &HealthItem) -> Value {
    json!({
        "event": "check", "check": item.check, "status": item.status.name(),
        "advice": item.advice.map(Advice::name), "message": item.message, "next": item.next,
    })
}

/// Returns the id of a message, or `0` if it has none.
pub(crate) fn msg_id(message: &Message) -> &str {
    message.id.as_ref().map_or("0", MsgId::as_str)
}

/// The names of a message, as far as they are known: of its sender or room, of its recipient, and
/// of its sender within the room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MessageNames {
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) sender: Option<String>,
}

pub(crate) fn message(message: &Message, names: &MessageNames) -> Value {
    let user_name = |name: &Option<UserName>| name.as_ref().map(|name| name.as_str().to_owned());
    let file = match &message.kind {
        MessageKind::File(file) => Some(file.name.as_deref().unwrap_or_default()),
        _ => None,
    };
    let sent_at = message.sent_at.map_or(0, UnixMs::as_secs);
    let (forward, not_forwardable) = match message.forward() {
        Ok(forward) => printed_whole(json!(forward)),
        Err(error) => (Value::Null, Some(error.to_string())),
    };
    json!({
        "event": "message", "msg_id": msg_id(message), "from": user_name(&message.from),
        "from_name": names.from, "to": user_name(&message.to), "to_name": names.to,
        "sender": user_name(&message.sender), "sender_name": names.sender,
        "time": sent_at, "sent_at": sent_at,
        "kind": kind(message),
        "file_name": file,
        "content": message.content,
        "attachment": message.attachment(),
        "avatar": message.avatar(),
        "forward": forward,
        "not_forwardable": not_forwardable,
    })
}

/// Returns what `wx forward` needs, unless a part of it is withheld: the message would be forwarded
/// without that part.
fn printed_whole(forward: Value) -> (Value, Option<String>) {
    if withhold::in_json(&forward) == forward {
        return (forward, None);
    }
    let why = "the message holds characters of a secret of the login, which are not printed: \
               forward it on the phone";
    (Value::Null, Some(why.to_owned()))
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
    let Keys { kind, file, forwarded, to, given, msg_id, user_name, path } = Keys::of(subject);
    json!({
        "event": problem.event(), "kind": kind, "file": file, "forwarded": forwarded, "to": to,
        "to_name": given.and_then(Addressee::name_in), "msg_id": msg_id, "user_name": user_name,
        "sent_at": null, "path": path,
        "step": problem.step, "chunk": problem.chunk, "ret": problem.ret,
        "local_id": problem.local_id, "media_id": problem.media_id,
        "advice": problem.advice(), "message": problem.message,
    })
}
