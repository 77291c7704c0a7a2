//! A server that assembles uploads, and counts messages by their ClientMsgIds.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wx_proto::{ApiRequest, Md5};

/// A message that the server has accepted. Repeats under the same ClientMsgId count once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivered {
    pub(super) client_msg_id: String,
    pub(super) msg_id: String,
    pub(super) to: String,
    pub(super) call: &'static str,
    /// The bytes of the text or of the media.
    pub(super) content: Vec<u8>,
}

#[derive(Default)]
pub(super) struct CountingServer {
    /// All calls: the name, and the index of the chunk or the first character of the text.
    pub(super) calls: Vec<String>,
    pub(super) messages: Vec<Delivered>,
    /// The chunks of each upload, by ClientMediaId or UploadID.
    uploads: BTreeMap<String, Vec<Vec<u8>>>,
    /// The completed uploads, by MediaId.
    media: BTreeMap<String, Vec<u8>>,
    upload_ids: usize,
}

/// One chunk of an upload.
struct Chunk<'a> {
    upload: String,
    index: usize,
    count: usize,
    len: u64,
    md5: &'a str,
    bytes: &'a [u8],
}

/// The ticket of every upload that was checked.
const TICKET: (&str, &str) = ("the key", "the signature");

impl CountingServer {
    /// Handles a request, and returns the body of the reply.
    pub(super) fn answer(&mut self, request: &ApiRequest) -> String {
        let body = request.http().body().to_vec();
        let call = request.endpoint();
        let mut reply = match call {
            "webwxcheckupload" => {
                self.calls.push(call.to_owned());
                json!({ "MediaId": "", "AESKey": TICKET.0, "Signature": TICKET.1 })
            }
            "webwxuploadmedia" => self.upload(call, &body),
            "webwxuploadmediaparallel" => self.upload_parallel(call, &body),
            _ => self.message(call, &body),
        };
        reply["BaseResponse"] = json!({ "Ret": 0 });
        reply.to_string()
    }

    fn upload(&mut self, call: &str, body: &[u8]) -> Value {
        let (form, bytes) = parts(body);
        let request: Value =
            serde_json::from_str(field(form, "uploadmediarequest").unwrap()).unwrap();
        let number = |name| field(form, name).map(|number| number.parse().unwrap());
        let was_checked = self.calls.iter().any(|call| call == "webwxcheckupload");
        assert!(!was_checked || ticket(&request) == TICKET, "the ticket is kept");
        let len = request["TotalLen"].as_u64().unwrap();
        let media_id = self.chunk(
            call,
            &Chunk {
                upload: request["ClientMediaId"].to_string(),
                index: number("chunk").unwrap_or(0),
                count: number("chunks").unwrap_or(1),
                len,
                md5: request["FileMd5"].as_str().unwrap(),
                bytes,
            },
        );
        json!({ "MediaId": media_id, "StartPos": len })
    }

    fn upload_parallel(&mut self, call: &str, body: &[u8]) -> Value {
        let (form, bytes) = parts(body);
        let request = field(form, "UploadMediaParallelRequest").unwrap();
        let request: Value = serde_json::from_str(request).unwrap();
        let index = usize::try_from(request["Chunk"].as_u64().unwrap()).unwrap();
        assert_eq!(ticket(&request), TICKET, "the ticket is kept");
        let upload = match index {
            // Each first chunk begins another upload.
            0 => {
                self.upload_ids += 1;
                format!("@upload_{}", self.upload_ids)
            }
            _ => request["UploadID"].as_str().expect("the UploadID is kept").to_owned(),
        };
        let media_id = self.chunk(
            call,
            &Chunk {
                upload: upload.clone(),
                index,
                count: usize::try_from(request["Chunks"].as_u64().unwrap()).unwrap(),
                len: request["TotalLen"].as_u64().unwrap(),
                md5: request["FileMD5"].as_str().unwrap(),
                bytes,
            },
        );
        let shown = if index == 0 { &*upload } else { "" };
        json!({ "UploadID": shown, "MediaId": media_id })
    }

    /// Adds a chunk, and returns the MediaId if it is the last one.
    fn chunk(&mut self, call: &str, chunk: &Chunk<'_>) -> String {
        self.calls.push(format!("{call} {}", chunk.index));
        let chunks = self.uploads.entry(chunk.upload.clone()).or_default();
        match chunks.get(chunk.index) {
            Some(known) => assert!(known == chunk.bytes, "a repeat with other bytes"),
            None => {
                assert_eq!(chunk.index, chunks.len(), "a gap, or an unknown upload");
                chunks.push(chunk.bytes.to_vec());
            }
        }
        if chunks.len() < chunk.count {
            return String::new();
        }
        let whole = chunks.concat();
        assert_eq!(whole.len() as u64, chunk.len);
        assert_eq!(String::from(Md5::digest(&whole)), chunk.md5);
        let media_id = format!("@media_{}", chunk.upload);
        self.media.insert(media_id.clone(), whole);
        media_id
    }

    fn message(&mut self, call: &'static str, body: &[u8]) -> Value {
        let body: Value = serde_json::from_slice(body).unwrap();
        let text = |key: &str| body["Msg"][key].as_str().unwrap_or_default().to_owned();
        let xml = text("Content");
        let attached = xml.split_once("<attachid>").and_then(|(_, after)| after.split_once('<'));
        let media_id = attached.map_or_else(|| text("MediaId"), |(id, _)| id.to_owned());
        let content = match call {
            "webwxsendmsg" => text("Content").into_bytes(),
            _ => self.media.get(&media_id).expect("the media was uploaded").clone(),
        };
        let mark = xml.chars().next().filter(|_| call == "webwxsendmsg");
        self.calls.push(mark.map_or(call.to_owned(), |mark| format!("{call} {mark}")));
        let client_msg_id = text("ClientMsgId");
        let known = self.messages.iter().find(|known| known.client_msg_id == client_msg_id);
        let msg_id = known.map_or(1_000 + self.messages.len(), |known| {
            assert_eq!((known.call, &known.to), (call, &text("ToUserName")));
            assert!(known.content == content, "a repeat with another content");
            known.msg_id.parse().unwrap()
        });
        let msg_id = msg_id.to_string();
        if known.is_none() {
            let (to, msg_id) = (text("ToUserName"), msg_id.clone());
            self.messages.push(Delivered { client_msg_id, msg_id, to, call, content });
        }
        json!({ "MsgID": msg_id, "LocalID": "x" })
    }
}

fn ticket(request: &Value) -> (&str, &str) {
    let text = |key: &str| request[key].as_str().unwrap_or_default();
    (text("AESKey"), text("Signature"))
}

/// Splits a form into its text and the bytes of the file, which is its last part.
fn parts(body: &[u8]) -> (&str, &[u8]) {
    let find = |from: usize, text: &[u8]| {
        from + body[from..].windows(text.len()).position(|window| window == text).unwrap()
    };
    let boundary = find(0, b"\r\n");
    let file = find(0, b"filename=\"");
    let start = find(file, b"\r\n\r\n") + 4;
    let end = body.len() - boundary - b"\r\n--\r\n".len();
    (std::str::from_utf8(&body[..start]).unwrap(), &body[start..end])
}

fn field<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = form.split_once(&format!("name=\"{name}\"\r\n\r\n"))?;
    after.split("\r\n").next()
}
