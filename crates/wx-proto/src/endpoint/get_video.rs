//! `GET webwxgetvideo`: the video of a message ([§3.5](crate::protocol#s3-5),
//! [P81](crate::protocol#p81), [P82](crate::protocol#p82)).

use bytes::Bytes;
use http::{Method, Response};

use super::{Endpoint, recording};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::hosts::HostRole;
use crate::model::ids::MsgId;
use crate::model::policy::Policy;
use crate::model::recording_format::RecordingFormat;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;

/// Requests the video of a message.
#[derive(Clone, Debug)]
pub struct GetVideo {
    id: MsgId,
    at: UnixMs,
}

impl GetVideo {
    /// Requests the video of the message `id`.
    #[must_use]
    pub fn new(id: MsgId, seed: Seed) -> Self {
        Self { id, at: seed.unix_ms }
    }
}

impl Endpoint for GetVideo {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Media;
    type Reply = Bytes;

    fn name(&self) -> &'static str {
        "webwxgetvideo"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_alive(self.at)?;
        ApiRequest::builder(self, session, cgi!("webwxgetvideo"))
            .cookies_at(self.at)
            .pair("msgid", self.id.as_str())
            .pair("skey", session.skey_or_empty())
            .app_pair()
            .of_player()
            .empty()
    }

    /// Returns the bytes, which are an MP4. All of them are in memory here;
    /// [`Fetch`](crate::flow::Fetch) streams them.
    fn read(reply: &Response<Bytes>) -> Result<Bytes, ReplyError> {
        recording::body(reply, Policy::default().max_fetch_file, check)
    }
}

/// Checks the first bytes of a video: an MP4 begins with a box of its brands.
pub(crate) fn check(first: &[u8]) -> Result<(), ReplyError> {
    let is_mp4 = first.get(4..8) == Some(b"ftyp");
    recording::check(first, RecordingFormat::Mp4, is_mp4)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::model::first_bytes::FirstBytes;

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/getvideo.json")).unwrap()
    }

    fn request(case: &Value) -> ApiRequest {
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
        GetVideo::new(id, seed).request(&session).unwrap()
    }

    /// Returns the reply to a request, with its body.
    fn read(answer: &Value, body: &[u8]) -> Result<Bytes, ReplyError> {
        let mut reply = Response::builder().status(answer["status"].as_u64().unwrap() as u16);
        for (name, value) in answer["headers"].as_object().into_iter().flatten() {
            reply = reply.header(name, value.as_str().unwrap());
        }
        GetVideo::read(&reply.body(Bytes::copy_from_slice(body)).unwrap())
    }

    #[test]
    fn p22_p81_p96_requests_of_the_vector() {
        let vector = vector();
        let mut checked = 0;
        for case in vector["requests"].as_array().unwrap() {
            if !["official page", "helper page (2026 client)"]
                .contains(&case["client"].as_str().unwrap())
            {
                continue;
            }
            let request = request(case);
            let http = request.http();
            assert_eq!(http.method(), case["method"].as_str().unwrap());
            assert_eq!(http.uri().host(), case["host"].as_str());
            assert_eq!(http.uri().path(), case["path"].as_str().unwrap());
            assert_eq!(http.uri().query(), case["query_text"].as_str());
            for (name, value) in case["headers"].as_object().unwrap() {
                assert_eq!(http.headers()[name], value.as_str().unwrap(), "{name}");
            }
            assert_eq!(http.headers()["cookie"], "webwx_data_ticket=t");
            // A media element cannot carry a header of the page's.
            assert!(!http.headers().contains_key("mmweb_appid"));
            checked += 1;
        }
        assert_eq!(checked, 2);
    }

    #[test]
    fn p81_p82_answers_of_the_vector() {
        for answer in vector()["answers"].as_array().unwrap() {
            let mut body = b"\0\0\0\x18ftypmp42".to_vec();
            body.resize(answer["body_length"].as_u64().unwrap() as usize, 7);
            let expected = match answer["outcome"].as_str().unwrap() {
                "video" => Ok(Bytes::from(body.clone())),
                "not available" => Err(ReplyError::Empty),
                "transport error: too short" => {
                    Err(ReplyError::Truncated { expected: Some(1_522_084), got: 1000 })
                }
                other => panic!("{other}"),
            };
            assert_eq!(read(answer, &body), expected, "{answer}");
        }
    }

    #[test]
    fn p81_a_part_is_not_the_video() {
        let body = b"\0\0\0\x18ftypmp42";
        let read = |range: &str, length: &str| {
            let headers = serde_json::json!({ "Content-Range": range, "Content-Length": length });
            read(&serde_json::json!({ "status": 206, "headers": headers }), body)
        };
        assert_eq!(read("bytes 0-11/12", "12"), Ok(Bytes::from_static(body)));
        for range in [
            "bytes 0-11/13",
            "bytes 1-12/13",
            "bytes 0-11/*",
            "bytes */12",
            "0-11/12",
            "",
            "bytes 0-18446744073709551615/0",
        ] {
            assert_eq!(read(range, "12"), Err(ReplyError::Status(206)), "{range}");
        }
        for (range, length, expected, got) in [
            ("bytes 0-99/100", "12", 100, 12),
            ("bytes 0-99/100", "100", 100, 12),
            ("bytes 0-9/10", "12", 10, 12),
        ] {
            let expected = Some(expected);
            assert_eq!(
                read(range, length),
                Err(ReplyError::Truncated { expected, got }),
                "{range}"
            );
        }
    }

    #[test]
    fn p81_what_is_no_mp4_is_named() {
        let read = |body: &[u8]| {
            let headers = serde_json::json!({ "Content-Length": body.len().to_string() });
            read(&serde_json::json!({ "status": 200, "headers": headers }), body)
        };
        assert_eq!(read(b"\r\n<html>"), Err(ReplyError::Html));
        let refused = read(b"{\"BaseResponse\":{\"Ret\":1101}}").unwrap_err();
        assert!(matches!(refused, ReplyError::Refused { .. }), "{refused:?}");
        let first = FirstBytes::new(b"GIF89a and more");
        assert_eq!(
            read(b"GIF89a and more"),
            Err(ReplyError::NotARecording { expected: RecordingFormat::Mp4, first })
        );
    }
}
