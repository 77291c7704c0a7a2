//! `GET webwxgetvoice`: the sound of a voice message ([§3.5](crate::protocol#s3-5),
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

/// Requests the sound of a voice message.
#[derive(Clone, Debug)]
pub struct GetVoice {
    id: MsgId,
    at: UnixMs,
}

impl GetVoice {
    /// Requests the sound of the message `id`.
    #[must_use]
    pub fn new(id: MsgId, seed: Seed) -> Self {
        Self { id, at: seed.unix_ms }
    }
}

impl Endpoint for GetVoice {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Media;
    type Reply = Bytes;

    fn name(&self) -> &'static str {
        "webwxgetvoice"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_alive(self.at)?;
        ApiRequest::builder(self, session, cgi!("webwxgetvoice"))
            .cookies_at(self.at)
            .pair("msgid", self.id.as_str())
            // The page does not encode it.
            .raw_pair("skey", session.skey_or_empty())
            .app_pair()
            .of_player()
            .empty()
    }

    /// Returns the bytes, which are an MP3. All of them are in memory here;
    /// [`Fetch`](crate::flow::Fetch) streams them.
    fn read(reply: &Response<Bytes>) -> Result<Bytes, ReplyError> {
        recording::body(reply, Policy::default().max_fetch, check)
    }
}

/// Checks the first bytes of a voice message: an MP3 begins with an ID3 tag or with the header of a
/// frame of layer III.
pub(crate) fn check(first: &[u8]) -> Result<(), ReplyError> {
    let is_mp3 = match first {
        [b'I', b'D', b'3', ..] => true,
        // The version 1 is reserved.
        [0xff, bits, ..] => bits >> 5 == 0b111 && bits >> 3 & 3 != 1 && bits >> 1 & 3 == 1,
        _ => false,
    };
    recording::check(first, RecordingFormat::Mp3, is_mp3)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/getvoice.json")).unwrap()
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
        GetVoice::new(id, seed).request(&session).unwrap()
    }

    /// Returns the reply to a request, with its body.
    fn read(answer: &Value, body: &[u8]) -> Result<Bytes, ReplyError> {
        let mut reply = Response::builder().status(answer["status"].as_u64().unwrap() as u16);
        for (name, value) in answer["headers"].as_object().into_iter().flatten() {
            reply = reply.header(name, value.as_str().unwrap());
        }
        GetVoice::read(&reply.body(Bytes::copy_from_slice(body)).unwrap())
    }

    #[test]
    fn p81_p96_requests_of_the_vector() {
        let vector = vector();
        let case = |client: &str| {
            let cases = vector["requests"].as_array().unwrap().iter();
            cases.clone().find(|case| case["client"] == client).unwrap().clone()
        };
        let page = case("official page");
        let web = request(&page);
        assert_eq!(web.http().uri().path(), page["path"].as_str().unwrap());
        assert_eq!(web.http().uri().query(), page["query_text"].as_str());
        let recommended = case("recommended")["headers"].clone();
        assert_eq!(web.http().headers()["range"], recommended["Range"].as_str().unwrap());
        assert_eq!(web.http().headers()["accept"], "*/*");
        assert_eq!(web.http().headers()["referer"], "https://wx.qq.com/?lang=zh_CN");
        // The text was inferred, with the skey encoded. Here it is raw on both pages.
        let helper = case("helper page (inferred)");
        let query = helper["query_text"].as_str().unwrap().replace("%40", "@");
        assert_eq!(request(&helper).http().uri().query(), Some(&*query));
    }

    #[test]
    fn p81_p82_answers_of_the_vector() {
        for answer in vector()["answers"].as_array().unwrap() {
            let mut body = match answer["body_starts_with_hex"].as_str() {
                Some("494433") => b"ID3".to_vec(),
                Some("fffb") => vec![0xff, 0xfb],
                None => Vec::new(),
                other => panic!("{other:?}"),
            };
            if !body.is_empty() {
                body.resize(100, 0);
            }
            let mut answer = answer.clone();
            let headers = match answer["status"].as_u64() {
                Some(206) => serde_json::json!({ "Content-Range": "bytes 0-99/100" }),
                _ => serde_json::json!({ "Content-Length": body.len().to_string() }),
            };
            answer["headers"] = headers;
            let expected = match answer["outcome"] == "not available" {
                true => Err(ReplyError::Empty),
                false => Ok(Bytes::from(body.clone())),
            };
            assert_eq!(read(&answer, &body), expected, "{answer}");
        }
    }

    #[test]
    fn p81_an_mp3_by_its_first_bytes() {
        let is_mp3 = |first: &[u8]| check(first).is_ok();
        for first in [&b"ID3\x04"[..], b"\xff\xfb\x90\0", b"\xff\xf3\x40", b"\xff\xe2\x10"] {
            assert!(is_mp3(first), "{first:x?}");
        }
        // AAC, layers I and II, a reserved version, text, and nothing.
        for first in [
            &b"\xff\xf1\x50"[..],
            b"\xff\xff",
            b"\xff\xfd",
            b"\xff\xeb",
            b"#!SILK_V3",
            b"\xff",
            b"ID",
        ] {
            assert!(!is_mp3(first), "{first:x?}");
        }
        assert_eq!(check(b""), Err(ReplyError::Empty));
        assert_eq!(check(b"<html>"), Err(ReplyError::Html));
    }
}
