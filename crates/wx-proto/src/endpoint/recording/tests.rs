//! The tests that webwxgetvideo and webwxgetvoice have in common.

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use super::check;
use crate::endpoint::Endpoint;
use crate::endpoint::api_request::ApiRequest;
use crate::model::ids::MsgId;
use crate::model::recording_format::RecordingFormat;
use crate::model::reply_error::ReplyError;
use crate::model::seed::Seed;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;

/// Returns the case of this client.
pub(in crate::endpoint) fn case<'a>(vector: &'a Value, client: &str) -> &'a Value {
    let mut cases = vector["requests"].as_array().unwrap().iter();
    cases.find(|case| case["client"] == client).unwrap()
}

/// Returns the request of a call with the values of a case.
pub(in crate::endpoint) fn request<E: Endpoint>(
    case: &Value,
    call: impl FnOnce(MsgId, Seed) -> E,
) -> ApiRequest {
    let session = Session::builder(&format!("https://{}", case["host"].as_str().unwrap()))
        .uin(1)
        .sid("s")
        .skey(case["query"][1][1].as_str().unwrap())
        .user_name("@me")
        .data_ticket("t")
        .build()
        .unwrap();
    let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };
    let id = MsgId::new(case["query"][0][1].as_str().unwrap()).unwrap();
    call(id, seed).request(&session).unwrap()
}

/// Compares a request with a case, whose text of the query is this.
pub(in crate::endpoint) fn check_request(request: &ApiRequest, case: &Value, query: &str) {
    let http = request.http();
    assert_eq!(http.method(), case["method"].as_str().unwrap());
    assert_eq!(http.uri().host(), case["host"].as_str());
    assert_eq!(http.uri().path(), case["path"].as_str().unwrap());
    assert_eq!(http.uri().query(), Some(query));
    let names = query.split('&').map(|pair| pair.split_once('=').unwrap().0);
    assert!(names.eq(case["query"].as_array().unwrap().iter().map(|pair| &pair[0])));
    for (name, value) in case["headers"].as_object().into_iter().flatten() {
        assert_eq!(http.headers()[name], value.as_str().unwrap(), "{name}");
    }
    assert_eq!(http.headers()["cookie"], "webwx_data_ticket=t");
    // A media element cannot carry a header of the page's.
    assert!(!http.headers().contains_key("mmweb_appid"));
}

/// Returns the result of an answer of a vector, with this body.
pub(in crate::endpoint) fn read<E: Endpoint<Reply = Bytes>>(
    answer: &Value,
    body: &[u8],
) -> Result<Bytes, ReplyError> {
    let mut reply = Response::builder().status(answer["status"].as_u64().unwrap() as u16);
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        reply = reply.header(name, value.as_str().unwrap());
    }
    E::read(&reply.body(Bytes::copy_from_slice(body)).unwrap())
}

#[test]
fn p81_each_call_has_its_format() {
    let (video, sound) = (b"\0\0\0\x18ftypmp42", b"ID3\x04");
    for (format, own, other) in [
        (RecordingFormat::Mp4, &video[..], &sound[..]),
        (RecordingFormat::Mp3, &sound[..], &video[..]),
    ] {
        assert_eq!(check(own, format), Ok(()));
        for first in [other, b"#!SILK_V3", b"GIF89a"] {
            let refused = check(first, format).unwrap_err();
            assert!(matches!(refused, ReplyError::NotARecording { .. }), "{refused:?}");
        }
        assert_eq!(check(b"", format), Err(ReplyError::Empty));
        assert_eq!(check(b"\r\n<html>", format), Err(ReplyError::Html));
    }
}
