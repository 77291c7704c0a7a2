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
            .media_element()
            .empty()
    }

    /// Returns the bytes, which are an MP3. All of them are in memory here;
    /// [`Fetch`](crate::flow::Fetch) streams them.
    fn read(reply: &Response<Bytes>) -> Result<Bytes, ReplyError> {
        recording::body(reply, Policy::default().max_fetch, RecordingFormat::Mp3)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::endpoint::recording::tests::{case, check_request, read, request};

    fn vector() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/getvoice.json")).unwrap()
    }

    #[test]
    fn p81_p96_requests_of_the_vector() {
        let vector = vector();
        let recommended = case(&vector, "recommended");
        for client in ["official page", "recommended", "helper page (inferred)"] {
            let case = case(&vector, client);
            let made = request(case, GetVoice::new);
            // The page has the skey raw. The other two encode it, one of them by inference.
            let query = case["query_text"].as_str().unwrap().replace("%40", "@");
            check_request(&made, case, &query);
            for (name, value) in recommended["headers"].as_object().unwrap() {
                assert_eq!(made.http().headers()[name], value.as_str().unwrap());
            }
            assert_eq!(made.http().headers()["accept"], "*/*");
        }
        let page = request(case(&vector, "official page"), GetVoice::new);
        assert_eq!(page.http().headers()["referer"], "https://wx.qq.com/?lang=zh_CN");
        assert_eq!(vector["cookies_required"], true);
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
            let len = answer["body_length"].as_u64().unwrap_or(100) as usize;
            body.resize(len, 0);
            let mut answer = answer.clone();
            answer["headers"] = match answer["status"].as_u64() {
                Some(206) => json!({ "Content-Range": "bytes 0-99/100" }),
                _ => json!({ "Content-Length": len.to_string() }),
            };
            let expected = match answer["outcome"].as_str().unwrap() {
                "mp3 with an ID3 tag" | "mp3 frame" => Ok(Bytes::from(body.clone())),
                "not available" => Err(ReplyError::Empty),
                other => panic!("{other}"),
            };
            assert_eq!(read::<GetVoice>(&answer, &body), expected, "{answer}");
        }
    }
}
