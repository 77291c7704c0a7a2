//! A small server: it puts uploads together, delivers messages once, and holds media to fetch.

use serde_json::{Value, json};
use wx_proto::ApiRequest;
use wx_proto::bytes::Bytes;

use super::form::{self, Chunk};
use crate::jobs::{Job, SENDS};
use crate::rules::Repeats;

/// The values of webwxcheckupload.
const AES_KEY: &str = "aes";
const SIGNATURE: &str = "signature";

/// A good reply.
#[derive(Clone)]
pub(super) enum Reply {
    Json(Value),
    Bytes(Bytes),
    /// The whole of a recording, as the range of all bytes.
    Recording(Bytes),
}

pub(super) struct Server {
    repeats: Repeats,
    /// What can be fetched: the media and its thumbnail.
    media: [Bytes; 2],
    is_checked: bool,
    uploads: Vec<Upload>,
    pub(super) messages: Vec<Message>,
}

struct Upload {
    id: String,
    chunks: Vec<Bytes>,
    /// The number of bytes of repeated chunks that were appended.
    appended: usize,
}

/// A delivered message.
pub(super) struct Message {
    pub(super) call: &'static str,
    client_msg_id: String,
    pub(super) msg_id: String,
    pub(super) to: String,
    pub(super) content: Vec<u8>,
}

impl Server {
    pub(super) fn new(repeats: Repeats, media: [Bytes; 2]) -> Self {
        Self { repeats, media, is_checked: false, uploads: vec![], messages: vec![] }
    }

    /// Handles a request.
    pub(super) fn handle(&mut self, request: &ApiRequest) -> Reply {
        if let Some(chunk) = Chunk::read(request) {
            return Reply::Json(self.add(&chunk).unwrap_or_else(refused));
        }
        match request.endpoint() {
            "reportforweb" => Reply::Bytes(Bytes::from_static(b"GIF89a")),
            // The preflight.
            "webwxuploadmedia" => Reply::Json(refused()),
            "webwxcheckupload" => {
                self.is_checked = true;
                let mut reply = accepted();
                reply["MediaId"] = "".into();
                (reply["AESKey"], reply["Signature"]) = (AES_KEY.into(), SIGNATURE.into());
                Reply::Json(reply)
            }
            "webwxgetmsgimg" | "webwxgetmedia" | "webwxgeticon" => {
                let query = request.http().uri().query().unwrap_or_default();
                let is_thumbnail = query.split('&').any(|pair| pair == "type=slave");
                Reply::Bytes(self.media[usize::from(is_thumbnail)].clone())
            }
            "webwxgetvideo" | "webwxgetvoice" => {
                let range = request.http().headers().get("range");
                match range.is_some_and(|range| range == "bytes=0-") {
                    true => Reply::Recording(self.media[0].clone()),
                    false => Reply::Bytes(Bytes::new()),
                }
            }
            call if call.starts_with("webwxsend") => {
                Reply::Json(self.deliver(call, &form::json(request)["Msg"]).unwrap_or_else(refused))
            }
            other => panic!("{other}"),
        }
    }

    /// Adds a chunk. `None` if it is refused.
    fn add(&mut self, chunk: &Chunk) -> Option<Value> {
        let good =
            if self.is_checked { (AES_KEY.into(), SIGNATURE.into()) } else { Default::default() };
        if chunk.ticket != good {
            return None;
        }
        let id = match &chunk.id {
            // Each first chunk of a parallel upload begins another upload.
            _ if chunk.is_parallel && chunk.index == 0 => format!("@upload_{}", self.uploads.len()),
            id => id.clone()?,
        };
        let at = match self.uploads.iter().position(|upload| upload.id == id) {
            Some(at) => at,
            None if chunk.index == 0 => {
                self.uploads.push(Upload { id: id.clone(), chunks: vec![], appended: 0 });
                self.uploads.len() - 1
            }
            None => return None,
        };
        let upload = &mut self.uploads[at];
        match (chunk.index.checked_sub(upload.chunks.len()), self.repeats) {
            (Some(0), _) => upload.chunks.push(chunk.bytes.clone()),
            (Some(_), _) => return None,
            (None, Repeats::Replaced) => upload.chunks[chunk.index] = chunk.bytes.clone(),
            (None, _) => upload.appended += chunk.bytes.len(),
        }
        let is_last = chunk.index + 1 == chunk.count;
        let whole: usize = upload.chunks.iter().map(Bytes::len).sum();
        if is_last && whole != chunk.total {
            return None;
        }
        let has_id = is_last && (upload.appended == 0 || self.repeats == Repeats::AppendedWithId);
        let media_id = if has_id { format!("@media_{at}") } else { String::new() };
        let start_pos = if is_last { whole + upload.appended } else { 0 };
        let mut reply = accepted();
        reply["MediaId"] = media_id.into();
        if chunk.is_parallel {
            reply["UploadID"] = if chunk.index == 0 { id.into() } else { "".into() };
        } else {
            reply["StartPos"] = start_pos.into();
        }
        Some(reply)
    }

    /// Delivers a message, unless it has done so before. `None` if it is refused.
    fn deliver(&mut self, call: &str, msg: &Value) -> Option<Value> {
        let word = |key: &str| msg[key].as_str().map(str::to_owned);
        let text = word("Content").unwrap_or_default();
        let content = match call {
            "webwxsendmsg" => text.into_bytes(),
            "webwxsendappmsg" => self.file(&text, &msg["Signature"])?,
            "webwxsendemoticon" if !msg["EMoticonMd5"].is_null() => {
                word("EMoticonMd5")?.into_bytes()
            }
            // A forwarded image is named by its content.
            _ if !text.is_empty() => text.into_bytes(),
            _ => self.uploaded(&word("MediaId")?)?,
        };
        let calls = SENDS.map(Job::message_call);
        let (call, client_msg_id) =
            (calls.into_iter().find(|known| *known == call)?, word("ClientMsgId")?);
        let known = self.messages.iter().find(|known| known.client_msg_id == client_msg_id);
        let msg_id =
            known.map_or(format!("{}", 7001 + self.messages.len()), |known| known.msg_id.clone());
        if known.is_none() {
            let to = word("ToUserName")?;
            self.messages.push(Message {
                call,
                client_msg_id,
                msg_id: msg_id.clone(),
                to,
                content,
            });
        }
        let mut reply = accepted();
        reply["MsgID"] = msg_id.into();
        Some(reply)
    }

    /// Returns the bytes of a file that is described in XML.
    fn file(&self, xml: &str, signature: &Value) -> Option<Vec<u8>> {
        let element = |name: &str| {
            let (_, rest) = xml.split_once(&format!("<{name}>"))?;
            Some(rest.split_once('<')?.0)
        };
        let bytes = self.uploaded(element("attachid")?)?;
        let is_signed = !self.is_checked || signature == SIGNATURE;
        (is_signed && element("totallen") == Some(&bytes.len().to_string())).then_some(bytes)
    }

    /// Returns the bytes of an upload, with zeros for the chunks that were appended.
    fn uploaded(&self, media_id: &str) -> Option<Vec<u8>> {
        let at: usize = media_id.strip_prefix("@media_")?.parse().ok()?;
        let upload = self.uploads.get(at)?;
        let mut bytes = upload.chunks.concat();
        bytes.resize(bytes.len() + upload.appended, 0);
        Some(bytes)
    }
}

fn accepted() -> Value {
    json!({ "BaseResponse": { "Ret": 0, "ErrMsg": "" } })
}

fn refused() -> Value {
    json!({ "BaseResponse": { "Ret": 1, "ErrMsg": "" }, "MediaId": "" })
}
