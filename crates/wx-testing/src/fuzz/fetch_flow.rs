//! Any reply to a download, in pieces of any size: what is written is within the limit and begins
//! like an image, and success means all of it.

use wx_proto::bytes::Bytes;
use wx_proto::flow::FetchImage;
use wx_proto::{ImageFormat, ImageVariant, MsgId, Policy};

use crate::harness::*;

const CAP: u64 = 4096;

/// Three bytes select the head, the pieces and the sink; the rest is the body of three replies.
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
    policy.max_fetch = CAP;
    policy.keep_unknown = choice & 64 != 0;
    let policy_keeps = policy.keep_unknown;
    let id = MsgId::new("7").unwrap();
    let restartable = choice & 16 != 0;
    let mut flow =
        FetchImage::new(&session(), id, ImageVariant::Original, restartable, SEED, policy).unwrap();
    let answers =
        if choice & 32 != 0 { vec![vec![closed(), reply]; 3].concat() } else { vec![reply; 3] };
    let mut harness = Harness::new("", answers);
    harness.piece = usize::from(*piece).max(1);
    let result = harness.run(&mut flow);

    assert!(harness.stored.len() as u64 <= CAP);
    assert!(
        policy_keeps
            || harness.stored.is_empty()
            || ImageFormat::from_first_bytes(&harness.stored).is_some()
    );
    assert!(harness.seen.iter().filter(|seen| !seen.is_repeat()).count() <= 3);
    if let Ok(fetched) = result {
        assert_eq!(fetched.bytes, harness.stored.len() as u64);
        assert_eq!(
            ImageFormat::from_first_bytes(&harness.stored).unwrap_or(ImageFormat::Unknown),
            fetched.format
        );
        assert!(fetched.format != ImageFormat::Unknown || !harness.stored.starts_with(b"<"));
        if choice & 1 == 0 {
            assert_eq!(harness.stored, body);
        }
    }
}
