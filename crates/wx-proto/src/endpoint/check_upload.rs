//! `POST webwxcheckupload`: called before the upload of files above 25 MiB
//! ([§4.5](crate::protocol#s4-5), [P41](crate::protocol#p41)).

use bytes::Bytes;
use http::{Method, Response};
use serde::{Deserialize, Serialize};

use super::{Endpoint, REPLY_LIMIT};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::base_request::BaseRequest;
use crate::model::hosts::HostRole;
use crate::model::ids::{DeviceId, MediaId};
use crate::model::md5::Md5;
use crate::model::media::Media;
use crate::model::recipient::Recipient;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::{Purpose, Seed};
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;
use crate::wire::{lenient, reply};

pub use crate::model::upload_ticket::UploadTicket;

/// Asks whether the server already has a file. If not, the reply has an upload ticket.
#[derive(Clone, Debug)]
pub struct CheckUpload {
    to: Recipient,
    name: String,
    len: u64,
    md5: Md5,
    device_id: DeviceId,
    at: UnixMs,
}

/// The reply to webwxcheckupload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UploadCheck {
    /// The server already has the file, so no upload is needed. The ticket is part of the message.
    Known(MediaId, UploadTicket),
    /// The server does not have the file. Upload and send it with this ticket.
    Unknown(UploadTicket),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Request<'a> {
    from_user_name: &'a str,
    to_user_name: &'a str,
    file_size: u64,
    file_md5: Md5,
    file_name: &'a str,
    file_type: u8,
    base_request: BaseRequest<'a>,
}

#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "MediaId", default, deserialize_with = "lenient::id")]
    media_id: String,
    #[serde(rename = "AESKey", default, deserialize_with = "lenient::id")]
    aes_key: String,
    #[serde(rename = "Signature", default, deserialize_with = "lenient::id")]
    signature: String,
}

impl CheckUpload {
    /// Creates the check of `media`, which has the MD5 `md5` and will be sent to `to`.
    #[must_use]
    pub fn new(media: &Media, md5: Md5, to: Recipient, seed: Seed) -> Self {
        Self {
            to,
            name: media.form_name().into_owned(),
            len: media.len(),
            md5,
            device_id: seed.device_id(Purpose::CheckDevice),
            at: seed.unix_ms,
        }
    }
}

impl Endpoint for CheckUpload {
    const METHOD: Method = Method::POST;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Json;
    type Reply = UploadCheck;

    fn name(&self) -> &'static str {
        "webwxcheckupload"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        session.check_alive(self.at)?;
        ApiRequest::builder(self, session, cgi!("webwxcheckupload"))
            .cookies_at(self.at)
            .session_pairs()
            .json(&Request {
                from_user_name: session.own_name()?.as_str(),
                to_user_name: self.to.as_str(),
                file_size: self.len,
                file_md5: self.md5,
                file_name: &self.name,
                // The call fails without this value, whatever the file is.
                file_type: 7,
                base_request: BaseRequest::new(session, &self.device_id),
            })
    }

    fn read(reply: &Response<Bytes>) -> Result<UploadCheck, ReplyError> {
        let fields: Fields = reply::accepted(reply, REPLY_LIMIT)?;
        let ticket = UploadTicket::new(fields.aes_key, fields.signature);
        Ok(match MediaId::new(fields.media_id) {
            Ok(id) => UploadCheck::Known(id, ticket),
            Err(_) => UploadCheck::Unknown(ticket),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> CheckUpload {
        let media =
            Media::new("大.png", 26_214_401, include_bytes!("../../tests/pictures/tiny.png"))
                .unwrap();
        let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };
        CheckUpload::new(
            &media,
            "daf2d55da001844735acd560b28d8a1a".parse().unwrap(),
            Recipient::new("@0a").unwrap(),
            seed,
        )
    }

    #[test]
    fn p41_keys_in_order_and_file_type_7() {
        let session =
            Session::builder("https://wx.qq.com").uin(7).sid("s").skey("k").user_name("@me");
        let session = session.pass_ticket("a%2Bb").build().unwrap();
        let request = call().request(&session).unwrap();
        assert_eq!(request.http().uri().query(), Some("lang=zh_CN&pass_ticket=a%252Bb"));
        let body = String::from_utf8(request.http().body().to_vec()).unwrap();
        let start = "{\"FromUserName\":\"@me\",\"ToUserName\":\"@0a\",\"FileSize\":26214401,\
                     \"FileMd5\":\"daf2d55da001844735acd560b28d8a1a\",\"FileName\":\"大.png\",\
                     \"FileType\":7,\
                     \"BaseRequest\":{\"Uin\":7,\"Sid\":\"s\",\"Skey\":\"k\",\"DeviceID\":\"e";
        assert!(body.starts_with(start), "{body}");
    }

    fn vector() -> serde_json::Value {
        let text = include_str!("../../tests/vectors/appmsg_file.json");
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn p73_the_pages_request_of_the_vector_to_the_byte() {
        let case = &vector()["checkupload"];
        let page = &case["requests"][0];
        assert_eq!(page["client"], "official page");
        let (body, base) = (&page["body"], &page["body"]["BaseRequest"]);
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let session = Session::builder("https://wx.qq.com")
            .uin(u32::try_from(base["Uin"].as_u64().unwrap()).unwrap())
            .sid(text(&base["Sid"]))
            .skey(text(&base["Skey"]))
            .user_name(&text(&body["FromUserName"]));
        let (len, name) = (body["FileSize"].as_u64().unwrap(), text(&body["FileName"]));
        let media = Media::new(name, len, b"PK\x03\x04").unwrap();
        let to = Recipient::new(text(&body["ToUserName"])).unwrap();
        let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };
        let call = CheckUpload::new(&media, text(&body["FileMd5"]).parse().unwrap(), to, seed);
        let request = call.request(&session.build().unwrap()).unwrap();
        let http = request.http();
        assert_eq!(http.method(), case["method"].as_str().unwrap());
        assert_eq!(http.uri().host(), case["host"].as_str());
        assert_eq!(http.uri().path(), case["path"].as_str().unwrap());
        let sent = String::from_utf8(http.body().to_vec()).unwrap();
        let device_id = call.device_id.as_str();
        assert_eq!(sent.replace(device_id, base["DeviceID"].as_str().unwrap()), page["body_text"]);
    }

    #[test]
    fn p73_replies_of_the_vector() {
        let parallel: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/upload_parallel.json")).unwrap();
        let vector = vector();
        let answers = [&vector, &parallel].map(|it| it["checkupload"]["answers"].as_array());
        let mut known = Vec::new();
        for answer in answers.into_iter().flat_map(Option::unwrap) {
            let body = &answer["body"];
            let key = |name: &str| body[name].as_str().unwrap().to_owned();
            let ticket = || UploadTicket::new(key("AESKey"), key("Signature"));
            let read = CheckUpload::read(&Response::new(body.to_string().into()));
            let next = answer["next"].as_str().unwrap();
            known.push(match read {
                Ok(UploadCheck::Unknown(found)) => {
                    assert!(next.starts_with("upload") || next == "chunks", "{answer}");
                    assert_eq!(found, ticket());
                    false
                }
                Ok(UploadCheck::Known(id, found)) => {
                    assert!(next.contains("skip the upload") || next == "send at once", "{answer}");
                    assert_eq!(
                        (id.as_str(), found.signature()),
                        (&*key("MediaId"), ticket().signature())
                    );
                    assert_eq!(found.signature().is_none(), key("Signature").is_empty());
                    true
                }
                Err(error) => {
                    assert!(next.starts_with("stop"), "{answer}");
                    assert!(matches!(error, ReplyError::Refused { .. }));
                    continue;
                }
            });
        }
        assert_eq!(known, [false, true, true, false, true]);
    }

    #[test]
    fn p41_known_or_a_ticket() {
        let read = |body: &'static str| CheckUpload::read(&Response::new(Bytes::from(body)));
        let known = read(r#"{"BaseResponse":{"Ret":0},"MediaId":"@m","Signature":"","AESKey":""}"#);
        assert_eq!(
            known,
            Ok(UploadCheck::Known(MediaId::new("@m").unwrap(), UploadTicket::default()))
        );
        let unknown =
            read(r#"{"BaseResponse":{"Ret":0},"MediaId":"","Signature":"canary","AESKey":"aes"}"#)
                .unwrap();
        let ticket = UploadTicket::new("aes".to_owned(), "canary".to_owned());
        assert_eq!(unknown, UploadCheck::Unknown(ticket));
        assert!(!format!("{unknown:?}").contains("canary"));
        let trap = read(r#"{"BaseResponse":{"Ret":1205},"MediaId":"@m"}"#);
        assert!(matches!(trap, Err(ReplyError::Refused { .. })));
    }
}
