//! The events of `--json`: every key is always there.

use serde_json::{Value, json};
use wx_proto::{Fetched, MsgId, Sent, UserName};

use crate::problem::Problem;

/// What one event is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A file for a recipient.
    Picture { file: String, to: UserName },
    /// A message's picture; the path is none for standard output or where it stays in memory.
    Message { msg_id: MsgId, path: Option<String> },
}

impl Subject {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Picture { file, .. } => file,
            Self::Message { msg_id, .. } => msg_id.as_str(),
        }
    }
}

pub(crate) fn sent(file: &str, to: &UserName, sent: &Sent) -> Value {
    let uploaded = &sent.uploaded;
    json!({
        "event": "sent", "file": file, "to": to.as_str(), "msg_id": sent.msg_id.as_str(),
        "local_id": sent.local_id.as_str(), "media_id": uploaded.media_id.as_str(),
        "bytes": uploaded.bytes, "md5": uploaded.md5, "chunks": uploaded.chunks,
    })
}

pub(crate) fn fetched(msg_id: &MsgId, path: Option<&str>, fetched: &Fetched) -> Value {
    json!({
        "event": "fetched", "msg_id": msg_id.as_str(), "path": path, "bytes": fetched.bytes,
        "md5": fetched.md5, "format": fetched.format.name(),
    })
}

pub(crate) fn problem(subject: &Subject, problem: &Problem) -> Value {
    let (file, to, msg_id, path) = match subject {
        Subject::Picture { file, to } => (Some(file), Some(to.as_str()), None, None),
        Subject::Message { msg_id, path } => (None, None, Some(msg_id.as_str()), path.as_ref()),
    };
    json!({
        "event": problem.event(),
        "file": file, "to": to, "msg_id": msg_id, "path": path,
        "step": problem.step, "chunk": problem.chunk, "ret": problem.ret,
        "local_id": problem.local_id, "media_id": problem.media_id,
        "advice": problem.advice(), "message": problem.message,
    })
}
