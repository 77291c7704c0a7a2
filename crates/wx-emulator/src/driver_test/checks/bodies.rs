//! Bodies of replies.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::heads::check_body;
use super::requests::{check_success, image};
use crate::driver_test::bench::{Bench, Checked, check_unchanged};
use crate::driver_test::job::{ExchangeEnd, Operation};
use crate::driver_test::report::Finding;
use crate::driver_test::scripted_server::{Step, message, reply};

/// Returns a line in GBK, followed by bytes that are not valid UTF-8.
fn body() -> Vec<u8> {
    [b"\xb7\xfe\xce\xf1\xc6\xf7\r\n\xef\xbb\xbf", &image(70_000)[..]].concat()
}

fn compressed(encoding: &str, plain: &[u8]) -> Vec<u8> {
    let level = Compression::fast();
    // Writing to a vector does not fail.
    let written = match encoding {
        "gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(plain).and_then(|()| encoder.finish())
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(plain).and_then(|()| encoder.finish())
        }
        _ => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(plain).and_then(|()| encoder.finish())
        }
    };
    written.unwrap_or_default()
}

pub(super) fn nothing_is_decoded(bench: &Bench<'_>) -> Checked {
    for encoding in ["gzip", "deflate", "br", "zstd", "identity"] {
        let sent = compressed(encoding, &body());
        let head = format!("200 OK\r\nContent-Encoding: {encoding}");
        let ran = bench.run(Operation::ListContacts, vec![reply(&head, &sent)], |_| ())?;
        // Also detects an Accept-Encoding that the driver has added.
        if let Some(received) = ran.server.log().requests.first() {
            check_unchanged(ran.first()?, received)?;
        }
        let announced = ran.first()?.head.as_ref().and_then(|(_, headers)| {
            let (encoding, len) =
                (headers.get("content-encoding")?, headers.get("content-length")?);
            Some((encoding.to_str().ok()?.to_owned(), len.to_str().ok()?.parse::<usize>().ok()?))
        });
        if announced != Some((encoding.to_owned(), sent.len())) {
            let expected = "a head with Content-Encoding and Content-Length as they were sent";
            let seen = announced.map_or("one of the headers is missing", |_| "other values");
            return Err(Finding::new(expected, seen).with_case(encoding));
        }
        check_body(&ran, &sent).map_err(|finding| finding.with_case(encoding))?;
    }
    let fetched = image(5000);
    let script = vec![reply("200 OK\r\nContent-Encoding: gzip", compressed("gzip", &fetched))];
    let ran = bench.run(Operation::FetchImage, script, |_| ())?;
    check_success(&ran)?;
    if ran.job.io.sink != fetched {
        let seen = format!("{} bytes in the sink", ran.job.io.sink.len());
        return Err(Finding::new("the image, inflated by the core", seen));
    }
    Ok(())
}

/// Returns a body in chunked encoding, with chunks of `len` bytes.
fn chunked(body: &[u8], len: usize, extension: &str, end: &str) -> Vec<u8> {
    let mut bytes = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(len) {
        bytes.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
        bytes.extend([chunk, b"\r\n"].concat());
    }
    bytes.extend(end.as_bytes());
    bytes
}

pub(super) fn bodies_arrive_completely(bench: &Bench<'_>) -> Checked {
    let body = body();
    let until_close = [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", &body[..]].concat();
    let length = message("200 OK\r\nContent-Type: text/plain; charset=gbk", &body);
    let cases = [
        ("Content-Length", (vec![Step::Write(length.clone())], &body[..])),
        ("Content-Length, in several packets", (in_packets(&length, 9000), &body)),
        ("an empty body", (reply("200 OK", ""), b"")),
        ("until the connection is closed", (vec![Step::Write(until_close), Step::Close], &body)),
        ("chunked", (vec![Step::Write(chunked(&body, 5000, "", "0\r\n\r\n"))], &body)),
        (
            "chunked, in several packets",
            (in_packets(&chunked(&body, 7000, "", "0\r\n\r\n"), 6999), &body),
        ),
        (
            "chunked, with extensions and trailers",
            (vec![Step::Write(chunked(&body, 999, ";a=\"b\"", "000\r\nX-Sum: 1\r\n\r\n"))], &body),
        ),
    ];
    bench.each_at_once(&cases, |(script, body)| {
        let ran = bench.run(Operation::ListContacts, vec![script.clone()], |_| ())?;
        ran.check_status(200)?;
        check_body(&ran, body)
    })
}

fn in_packets(bytes: &[u8], len: usize) -> Vec<Step> {
    let packets = bytes.chunks(len);
    packets
        .flat_map(|packet| [Step::Write(packet.to_vec()), Step::Pause(Duration::from_millis(5))])
        .collect()
}

/// The part of each body that arrives is valid JSON, so the core cannot detect the truncation.
pub(super) fn truncated_bodies_are_noticed(bench: &Bench<'_>) -> Checked {
    let json = br#"{"BaseResponse":{"Ret":0,"ErrMsg":""},"MemberCount":0,"MemberList":[],"Seq":0}"#;
    let longer = [&json[..], &[b' '; 100]].concat();
    let length = message("200 OK", &longer);
    let cases = [
        ("Content-Length", length[..length.len() - 100].to_vec()),
        ("chunked, without the last chunk", chunked(json, 20, "", "")),
        ("chunked, within the line of a chunk", chunked(json, 20, "", "6")),
        ("chunked, within a chunk", chunked(json, 20, "", "64\r\n   ")),
        ("within the head", b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()),
    ];
    bench.each_at_once(&cases, |bytes| {
        let script = vec![Step::Write(bytes.clone()), Step::Close];
        let ran = bench.run(Operation::ListContacts, vec![script], |_| ())?;
        let (end, _) = ran.first_end()?;
        let expected = "a failure, of a request that may have been delivered";
        if !matches!(end, ExchangeEnd::Failed { never_delivered: false, .. }) {
            return Err(Finding::new(expected, end.to_string()));
        }
        Ok(())
    })
}
