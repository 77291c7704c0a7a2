//! Any reply to a download, in pieces of any size: the written bytes are within the limit, and
//! begin like an image if an image was requested. A successful flow has written all bytes.

use wx_proto::bytes::Bytes;
use wx_proto::flow::Fetch;
use wx_proto::{Attachment, ImageFormat, ImageVariant, MsgId, Policy};

use crate::harness::*;

const CAP: u64 = 4096;

/// Returns a file of this length, or of an unknown one.
fn file(len: Option<usize>) -> Attachment {
    let json = serde_json::json!({
        "msg_id": "7", "kind": "file", "sender": "@a", "media_id": "@m", "len": len,
    });
    serde_json::from_value(json).unwrap()
}

/// Three bytes select the media, the head, the pieces and the sink; the rest is the body of three
/// replies.
pub fn check(data: &[u8]) {
    let [choice, piece, length, body @ ..] = data else { return };
    let body = Bytes::copy_from_slice(body);
    let announced = match length {
        0..=199 => body.len() as u64,
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
    let reply = match choice >> 1 & 3 {
        0 | 1 => Answer::Reply(200, headers, body.clone()),
        2 => Answer::Break(announced, body.clone()),
        _ => Answer::Reply(if choice & 8 != 0 { 206 } else { 503 }, headers, body.clone()),
    };
    let mut policy = Policy::default();
    (policy.max_fetch, policy.max_fetch_file) = (CAP, CAP);
    policy.keep_unknown = choice & 64 != 0;
    let policy_keeps = policy.keep_unknown;
    let is_file = choice & 128 != 0;
    let file_len = Some(body.len()).filter(|len| piece & 1 == 0 && *len > 0);
    let attachment = if is_file {
        file(file_len)
    } else {
        Attachment::image(MsgId::new("7").unwrap(), ImageVariant::Original)
    };
    let restartable = choice & 16 != 0;
    let mut flow = Fetch::new(&session(), attachment, restartable, SEED, policy).unwrap();
    let answers =
        if choice & 32 != 0 { vec![vec![closed(), reply]; 3].concat() } else { vec![reply; 3] };
    let mut harness = Harness::new("", answers);
    harness.piece = usize::from(*piece).max(1);
    let result = harness.run(&mut flow);

    assert!(harness.stored.len() as u64 <= CAP);
    assert!(
        is_file
            || policy_keeps
            || harness.stored.is_empty()
            || ImageFormat::from_first_bytes(&harness.stored).is_some()
    );
    assert!(harness.seen.iter().filter(|seen| !seen.is_repeat()).count() <= 3);
    if let Ok(fetched) = result {
        assert_eq!(fetched.bytes, harness.stored.len() as u64);
        assert!(!is_file || fetched.format.is_none());
        assert!(!is_file || file_len.is_none_or(|len| len as u64 == fetched.bytes));
        if choice & 1 == 0 {
            assert_eq!(harness.stored, body);
        }
        if is_file {
            return;
        }
        assert_eq!(
            Some(ImageFormat::from_first_bytes(&harness.stored).unwrap_or(ImageFormat::Unknown)),
            fetched.format
        );
        assert!(fetched.format != Some(ImageFormat::Unknown) || !harness.stored.starts_with(b"<"));
    }
}
