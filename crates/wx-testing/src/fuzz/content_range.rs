//! Any `Content-Range` of a reply to a request for all bytes of a recording: the recording is
//! accepted only if the range is that of its whole body.

use wx_proto::bytes::Bytes;
use wx_proto::flow::Fetch;
use wx_proto::http::HeaderValue;
use wx_proto::{Attachment, Md5, MsgId, Policy, RecordingFormat};

use crate::harness::*;

/// The first byte selects the media and the head, the second one the size of the pieces. What
/// follows up to a line break is the header, and the rest is the body of three replies.
pub fn check(data: &[u8]) {
    let [choice, piece, rest @ ..] = data else { return };
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return };
    let (range, body) = (&rest[..end], Bytes::copy_from_slice(&rest[end + 1..]));
    let Ok(range) = std::str::from_utf8(range) else { return };
    if HeaderValue::from_str(range).is_err() {
        return;
    }
    let id = MsgId::new("7").unwrap();
    let (attachment, format) = match choice & 1 {
        0 => (Attachment::video(id), RecordingFormat::Mp4),
        _ => (Attachment::voice(id), RecordingFormat::Mp3),
    };
    let status = if choice & 2 == 0 { 206 } else { 200 };
    let mut headers = vec![("content-range", range.to_owned())];
    let length = ("content-length", body.len().to_string());
    match choice >> 2 & 3 {
        0 => headers.push(length),
        1 => headers.push(("transfer-encoding", "chunked".to_owned())),
        // The same range twice, and two ranges.
        2 => headers.extend([length, ("content-range", range.to_owned())]),
        _ => headers.extend([length, ("content-range", "bytes 0-0/1".to_owned())]),
    }
    let has_one_range = choice >> 2 & 3 != 3 || range == "bytes 0-0/1";
    let mut harness = Harness::new("", vec![Answer::Reply(status, headers, body.clone()); 3]);
    harness.piece = usize::from(*piece).max(1);
    let flow = Fetch::new(&session(), attachment, true, SEED, Policy::default());
    let result = harness.run(&mut flow.unwrap());

    assert!((1..=3).contains(&harness.seen.len()));
    assert!(body.starts_with(&harness.stored));
    let is_whole = status == 200 || (has_one_range && is_range_of(range, body.len()));
    let is_media = RecordingFormat::from_first_bytes(&body) == Some(format);
    match result {
        Ok(fetched) => {
            assert!(is_whole && is_media, "{range:?} of {} bytes", body.len());
            assert_eq!((harness.stored, fetched.md5), (body.to_vec(), Md5::digest(&body)));
            assert_eq!((fetched.bytes, fetched.format), (body.len() as u64, None));
        }
        Err(_) => assert!(!is_whole || !is_media, "{range:?} of {} bytes", body.len()),
    }
}

/// Returns whether this is the range of all bytes of a body, by the text of its numbers.
fn is_range_of(range: &str, len: usize) -> bool {
    let range = range.trim_matches([' ', '\t']);
    let words: Vec<_> = range.split([' ', '-', '/']).collect();
    let [unit, numbers @ ..] = &words[..] else { return false };
    let [first, last, total] = numbers else { return false };
    let is_number = |text: &&&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let digits = |number: usize| number.to_string().trim_start_matches('0').to_owned();
    let expected = [0, len.wrapping_sub(1), len].map(digits);
    let are_equal = || numbers.iter().map(|text| text.trim_start_matches('0')).eq(expected);
    len > 0
        && unit.eq_ignore_ascii_case("bytes")
        && range == format!("{unit} {first}-{last}/{total}")
        && numbers.iter().filter(is_number).count() == 3
        && are_equal()
}
