//! `GET webwxgetmedia`: fetches a received file ([§3.4](crate::protocol#s3-4),
//! [P75](crate::protocol#p75)).

use bytes::Bytes;
use http::{Method, Response};

use super::Endpoint;
use super::download::{self, Whole};
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::attachment::FileAttachment;
use crate::model::hosts::HostRole;
use crate::model::policy::Policy;
use crate::model::profile::Profile;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::model::unix_ms::UnixMs;
use crate::session::Session;
use crate::wire::cgi::cgi;

/// Requests a received file.
#[derive(Clone, Debug)]
pub struct GetMedia {
    file: FileAttachment,
    at: UnixMs,
}

impl GetMedia {
    /// Requests `file`, which is the [`file`](crate::Attachment::file) of an attachment.
    #[must_use]
    pub fn new(file: FileAttachment, seed: Seed) -> Self {
        Self { file, at: seed.unix_ms }
    }
}

impl Endpoint for GetMedia {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::File;
    const ACCEPT: Accept = Accept::Media;
    type Reply = Bytes;

    fn name(&self) -> &'static str {
        "webwxgetmedia"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let ticket = session.data_ticket(self.at)?;
        let request = ApiRequest::builder(self, session, cgi!("webwxgetmedia"))
            .cookies_at(self.at)
            .pair("sender", &self.file.sender)
            .pair("mediaid", &self.file.media_id);
        let request = match (&self.file.encry_file_name, &self.file.name) {
            (Some(name), _) => request.encoded_pair("encryfilename", name),
            (None, name) => request.pair("encryfilename", name.as_deref().unwrap_or_default()),
        };
        let request = request
            .pair("fromuser", session.uin_or_zero())
            .ticket_pair()
            .pair("webwx_data_ticket", ticket.expose());
        match session.site().profile() {
            Profile::Web => request,
            Profile::FileHelper => request.pair("sid", session.sid_or_empty()).app_pair(),
        }
        .empty()
    }

    /// Returns the bytes, whatever their Content-Type ([P77](crate::protocol#p77)). Compare their
    /// number with [`FileAttachment::len`]: a refusal has no distinct status or code, only another
    /// length. The whole file is in memory here; use [`Fetch`](crate::flow::Fetch) to stream and
    /// check it.
    fn read(reply: &Response<Bytes>) -> Result<Bytes, ReplyError> {
        download::body(reply, Policy::default().max_fetch_file, Whole::Ok)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::attachment::Attachment;

    const VECTOR: &str = include_str!("../../tests/vectors/getmedia_request.json");

    fn session(base: &str, with_ticket: bool) -> Session {
        let vector: Value = serde_json::from_str(VECTOR).unwrap();
        let input = |name: &str| vector["inputs"][name].as_str().unwrap().to_owned();
        let builder = Session::builder(&format!("https://{base}"))
            .uin(vector["inputs"]["uin"].as_u64().unwrap().try_into().unwrap())
            .sid(input("sid"))
            .skey("@crypt_a")
            .user_name("@me")
            .data_ticket(input("webwx_data_ticket"));
        let ticket = input("pass_ticket_xml");
        if with_ticket { builder.pass_ticket(ticket) } else { builder }.build().unwrap()
    }

    /// Returns the file of the vector, with these fields replaced.
    fn file(more: Value) -> FileAttachment {
        let vector: Value = serde_json::from_str(VECTOR).unwrap();
        let message = &vector["inputs"]["message"];
        let mut json = json!({
            "msg_id": "1", "kind": "file", "sender": message["FromUserName"],
            "media_id": message["MediaId"], "encry_file_name": message["EncryFileName"],
            "name": message["FileName"],
        });
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value::<Attachment>(json).unwrap().file().unwrap().clone()
    }

    fn request(session: &Session, file: FileAttachment) -> ApiRequest {
        let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };
        GetMedia::new(file, seed).request(session).unwrap()
    }

    fn query(more: Value) -> String {
        let request = request(&session("wx.qq.com", true), file(more));
        request.http().uri().query().unwrap().to_owned()
    }

    #[test]
    fn p2_p75_p96_requests_of_the_vector() {
        let vector: Value = serde_json::from_str(VECTOR).unwrap();
        let helper = "@0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let mut checked = 0;
        for case in vector["requests"].as_array().unwrap() {
            let (base, more) = match case["client"].as_str().unwrap() {
                "recommended" => ("wx.qq.com", json!({})),
                "recommended, EncryFileName empty" => {
                    ("wx.qq.com", json!({ "encry_file_name": null, "name": "file name.zip" }))
                }
                "recommended on the helper page, filehelper entry" => {
                    ("filehelper.weixin.qq.com", json!({ "sender": helper }))
                }
                // Only other clients send these.
                _ => continue,
            };
            let request = request(&session(base, true), file(more));
            let http = request.http();
            assert_eq!(http.method(), case["method"].as_str().unwrap());
            assert_eq!(http.uri().scheme_str(), Some("https"));
            assert_eq!(http.uri().host(), case["host"].as_str());
            assert_eq!(http.uri().path(), case["path"].as_str().unwrap());
            assert_eq!(http.uri().query(), case["query_text"].as_str());
            assert_eq!(http.headers()["referer"], format!("https://{base}/"));
            assert_eq!(http.headers()["accept"], "*/*");
            let ticket = vector["inputs"]["webwx_data_ticket"].as_str().unwrap();
            assert_eq!(http.headers()["cookie"], format!("webwx_data_ticket={ticket}"));
            // A link cannot have custom headers.
            for name in ["range", "origin", "mmweb_appid"] {
                assert!(!http.headers().contains_key(name), "{name}");
            }
            checked += 1;
        }
        assert_eq!(checked, 3);
    }

    #[test]
    fn p75_the_helper_of_another_entry_has_separate_files() {
        let vector: Value = serde_json::from_str(VECTOR).unwrap();
        let case = &vector["requests"].as_array().unwrap()[5];
        assert_eq!(case["client"], "wx-filehelper-api, sz entry");
        let request = request(&session("szfilehelper.weixin.qq.com", true), file(json!({})));
        assert_eq!(request.http().uri().host(), case["host"].as_str());
    }

    #[test]
    fn p75_the_servers_spelling_of_a_name_is_kept_and_cannot_break_the_query() {
        let vector: Value = serde_json::from_str(VECTOR).unwrap();
        for rule in vector["encryfilename_rule"].as_array().unwrap() {
            let spelled = rule["encry"].as_str().unwrap();
            let query = query(json!({ "encry_file_name": spelled }));
            assert!(query.contains(&format!("&encryfilename={spelled}&fromuser=")), "{query}");
        }
        for (spelled, sent) in [
            ("a%2Eb&sid=1#", "a%2Eb%26sid%3D1%23"),
            ("100%", "100%25"),
            ("%2x%E5%9B%BE", "%252x%E5%9B%BE"),
            ("图 \r\n", "%E5%9B%BE%20%0D%0A"),
        ] {
            let query = query(json!({ "encry_file_name": spelled }));
            assert!(query.contains(&format!("&encryfilename={sent}&fromuser=")), "{query}");
        }
        let nameless = query(json!({ "encry_file_name": null, "name": null }));
        assert!(nameless.contains("&encryfilename=&fromuser="), "{nameless}");
    }

    #[test]
    fn p75_without_pass_ticket_the_pages_text_is_sent() {
        let request = request(&session("wx.qq.com", false), file(json!({})));
        assert!(request.http().uri().query().unwrap().contains("&pass_ticket=undefined&"));
    }

    #[test]
    fn p75_without_the_data_ticket_nothing_is_requested() {
        let session =
            Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k").user_name("@me");
        let seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };
        let refused = GetMedia::new(file(json!({})), seed).request(&session.build().unwrap());
        assert_eq!(refused.unwrap_err(), RequestError::NoDataTicket);
    }

    #[test]
    fn p76_p77_the_bytes_are_returned_whatever_they_are() {
        let read = |status: u16, headers: &[(&str, &str)], body: &'static [u8]| {
            let mut reply = Response::builder().status(status);
            for (name, value) in headers {
                reply = reply.header(*name, *value);
            }
            GetMedia::read(&reply.body(Bytes::from_static(body)).unwrap())
        };
        let page = &b"<html>"[..];
        let html = [("content-type", "text/html"), ("content-length", "6")];
        assert_eq!(read(200, &html, page), Ok(Bytes::from_static(page)));
        assert_eq!(read(200, &[("content-length", "0")], b""), Err(ReplyError::Empty));
        assert_eq!(read(200, &[("transfer-encoding", "chunked")], b""), Err(ReplyError::Empty));
        assert_eq!(read(200, &[], page), Err(ReplyError::NoLength));
        let mut old = Response::new(Bytes::from_static(page));
        old.headers_mut().insert("transfer-encoding", "chunked".parse().unwrap());
        assert!(GetMedia::read(&old).is_ok());
        *old.version_mut() = http::Version::HTTP_10;
        assert_eq!(GetMedia::read(&old), Err(ReplyError::NoLength));
        let truncated = ReplyError::Truncated { expected: Some(6), got: 3 };
        assert_eq!(read(200, &html, b"<ht"), Err(truncated));
        for status in [204, 206, 404] {
            assert_eq!(read(status, &html, page), Err(ReplyError::Status(status)));
        }
    }
}
