//! Any reply to a download, in pieces of any size: the written bytes are within the limit, and
//! begin like the requested media. A successful flow has written all bytes.

use wx_proto::bytes::Bytes;
use wx_proto::flow::Fetch;
use wx_proto::{Attachment, ImageFormat, ImageVariant, MsgId, Policy, RecordingFormat};

use crate::harness::*;

const CAP: u64 = 4096;

/// Returns a file of this length, or of an unknown one.
fn file(len: Option<usize>) -> Attachment {
    let json = serde_json::json!({
        "msg_id": "7", "kind": "file", "sender": "@a", "media_id": "@m", "len": len,
    });
    serde_json::from_value(json).unwrap()
}

/// What is requested, and how its first bytes show it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Requested {
    File,
    Image,
    Recording(RecordingFormat),
}

impl Requested {
    fn attachment(self, file_len: Option<usize>) -> Attachment {
        let id = MsgId::new("7").unwrap();
        match self {
            Self::File => file(file_len),
            Self::Image => Attachment::image(id, ImageVariant::Original),
            Self::Recording(RecordingFormat::Mp4) => Attachment::video(id),
            Self::Recording(_) => Attachment::voice(id),
        }
    }

    /// Returns the format that a download of these bytes has, if they are what was requested.
    fn format(self, bytes: &[u8]) -> Option<Option<ImageFormat>> {
        match self {
            Self::File => Some(None),
            Self::Image => ImageFormat::from_first_bytes(bytes).map(Some),
            Self::Recording(format) => {
                (RecordingFormat::from_first_bytes(bytes) == Some(format)).then_some(None)
            }
        }
    }
}

/// Three bytes select the media, the head, the pieces and the sink; the rest is the body of three
/// replies.
pub fn check(data: &[u8]) {
    let [choice, piece, length, body @ ..] = data else { return };
    let body = Bytes::copy_from_slice(body);
    let requested = match (choice & 128, length) {
        (128.., _) => Requested::File,
        (_, 242..=247) => Requested::Recording(RecordingFormat::Mp4),
        (_, 248..=253) => Requested::Recording(RecordingFormat::Mp3),
        _ => Requested::Image,
    };
    let announced = match length {
        0..=199 | 242..=253 => body.len() as u64,
        200..=227 => u64::from(*length),
        _ => u64::MAX,
    };
    let mut headers = match length {
        228..=241 => vec![("transfer-encoding", "chunked".to_owned())],
        _ => vec![("content-length", announced.to_string())],
    };
    if choice & 1 != 0 {
        headers.push(("content-encoding", "gzip".to_owned()));
    }
    if !body.is_empty() {
        headers.push(("content-range", format!("bytes 0-{}/{}", body.len() - 1, body.len())));
    }
    let reply = match choice >> 1 & 3 {
        0 | 1 => Answer::Reply(200, headers, body.clone()),
        2 => Answer::Break(announced, body.clone()),
        _ => Answer::Reply(if choice & 8 != 0 { 206 } else { 503 }, headers, body.clone()),
    };
    let mut policy = Policy::default();
    (policy.max_fetch, policy.max_fetch_file) = (CAP, CAP);
    policy.keep_unknown = choice & 64 != 0;
    let policy_keeps = policy.keep_unknown;
    let file_len = Some(body.len()).filter(|len| piece & 1 == 0 && *len > 0);
    let attachment = requested.attachment(file_len);
    let restartable = choice & 16 != 0;
    let mut flow = Fetch::new(&session(), attachment, restartable, SEED, policy).unwrap();
    let answers =
        if choice & 32 != 0 { vec![vec![closed(), reply]; 3].concat() } else { vec![reply; 3] };
    let mut harness = Harness::new("", answers);
    harness.piece = usize::from(*piece).max(1);
    let result = harness.run(&mut flow);

    assert!(harness.stored.len() as u64 <= CAP);
    let format = requested.format(&harness.stored);
    assert!(policy_keeps || harness.stored.is_empty() || format.is_some());
    assert!(harness.seen.iter().filter(|seen| !seen.is_repeat()).count() <= 3);
    if let Ok(fetched) = result {
        assert_eq!(fetched.bytes, harness.stored.len() as u64);
        let is_file = requested == Requested::File;
        assert!(!is_file || file_len.is_none_or(|len| len as u64 == fetched.bytes));
        if choice & 1 == 0 {
            assert_eq!(harness.stored, body);
        }
        assert_eq!(fetched.format, format.unwrap_or(Some(ImageFormat::Unknown)));
        assert!(fetched.format != Some(ImageFormat::Unknown) || !harness.stored.starts_with(b"<"));
    }
}
