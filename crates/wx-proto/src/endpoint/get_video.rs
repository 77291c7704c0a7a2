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
            .media_element()
            .empty()
    }

    /// Returns the bytes, which are an MP4. All of them are in memory here;
    /// [`Fetch`](crate::flow::Fetch) streams them.
    fn read(reply: &Response<Bytes>) -> Result<Bytes, ReplyError> {
        recording::body(reply, Policy::default().max_fetch_file, RecordingFormat::Mp4)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::endpoint::get_msg_img::GetMsgImg;
    use crate::endpoint::recording::tests::{case, check_request, request};
    use crate::model::first_bytes::FirstBytes;
    use crate::model::image_variant::ImageVariant;

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/getvideo.json")).unwrap()
    }

    fn read(answer: &Value, body: &[u8]) -> Result<Bytes, ReplyError> {
        recording::tests::read::<GetVideo>(answer, body)
    }

    #[test]
    fn p22_p81_p96_requests_of_the_vector() {
        let vector = vector();
        for client in ["official page", "helper page (2026 client)"] {
            let case = case(&vector, client);
            let query = case["query_text"].as_str().unwrap();
            check_request(&request(case, GetVideo::new), case, query);
        }
        assert_eq!(vector["cookies_required"], true);
        let cover = &vector["cover"];
        let thumbnail = |id, seed| GetMsgImg::new(id, ImageVariant::Thumbnail, seed);
        let made = request(cover, thumbnail);
        assert_eq!(made.http().method(), cover["method"].as_str().unwrap());
        assert_eq!(made.http().uri().host(), cover["host"].as_str());
        assert_eq!(made.http().uri().path(), cover["path"].as_str().unwrap());
        // The page has a stray & before the first name, and the skey raw (§3.1).
        let query = cover["query_text"].as_str().unwrap();
        assert_eq!(made.http().uri().query().unwrap().replace('@', "%40"), format!("&{query}"));
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
            let headers = json!({ "Content-Range": range, "Content-Length": length });
            read(&json!({ "status": 206, "headers": headers }), body)
        };
        assert_eq!(read("bytes 0-11/12", "12"), Ok(Bytes::from_static(body)));
        assert_eq!(read("Bytes 0-011/0012", "12"), Ok(Bytes::from_static(body)));
        for range in [
            "bytes 0-+11/+12",
            "octets 0-11/12",
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
            let headers = json!({ "Content-Length": body.len().to_string() });
            read(&json!({ "status": 200, "headers": headers }), body)
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
