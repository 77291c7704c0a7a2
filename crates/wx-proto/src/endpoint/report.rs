//! `GET reportforweb`: the telemetry pings that the official page sends as image requests
//! ([§4.1](crate::protocol#s4-1)). They are off by default, and have neither credentials nor
//! cookies ([P48](crate::protocol#p48)).

use bytes::Bytes;
use http::{Method, Response};

use super::Endpoint;
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::session::Session;

/// The maximum length of a file that counts as small, in bytes.
const SMALL: u64 = 1024 * 1024;
const MONITOR: u32 = 69_373;
const SEND_STATE: u32 = 63_637;

/// A telemetry ping, with the keys of browsers other than Internet Explorer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// An upload has begun: rid 69373, rkey 9.
    UploadBegun,
    /// An upload has failed: rid 69373, rkey 10.
    UploadFailed,
    /// The time to compute the MD5: rid 63637, with rkey 72 in milliseconds for a file of up to 1
    /// MiB, and otherwise with rkey 70 in whole milliseconds per MiB.
    DigestTime {
        /// The length of the file in bytes.
        bytes: u64,
        /// The time in milliseconds.
        ms: u64,
    },
    /// A file was hashed: rid 63637, with rkey 76 for a file of up to 1 MiB, and otherwise with
    /// rkey 74.
    Digested {
        /// The length of the file in bytes.
        bytes: u64,
    },
}

impl Report {
    /// Returns the three pings of an upload, in the order of the official page.
    #[must_use]
    pub fn for_upload(bytes: u64, digest_ms: u64) -> [Self; 3] {
        [Self::UploadBegun, Self::DigestTime { bytes, ms: digest_ms }, Self::Digested { bytes }]
    }

    /// Returns rid, rkey and rvalue.
    fn values(self) -> (u32, u32, u64) {
        match self {
            Self::UploadBegun => (MONITOR, 9, 1),
            Self::UploadFailed => (MONITOR, 10, 1),
            Self::DigestTime { bytes, ms } if bytes <= SMALL => (SEND_STATE, 72, ms),
            // Milliseconds / (bytes / 1 MiB), rounded down. Times above u64::MAX / 2^20 ms do not
            // occur.
            Self::DigestTime { bytes, ms } => (SEND_STATE, 70, ms.saturating_mul(SMALL) / bytes),
            Self::Digested { bytes } if bytes <= SMALL => (SEND_STATE, 76, 1),
            Self::Digested { .. } => (SEND_STATE, 74, 1),
        }
    }
}

impl Endpoint for Report {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Support;
    const ACCEPT: Accept = Accept::Image;
    type Reply = ();

    fn name(&self) -> &'static str {
        "reportforweb"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let (rid, rkey, rvalue) = self.values();
        ApiRequest::builder(self, session, "/cgi-bin/mmsupport-bin/reportforweb")
            .pair("rid", rid)
            .pair("rkey", rkey)
            .pair("rvalue", rvalue)
            .empty()
    }

    /// Accepts any reply.
    fn read(_: &Response<Bytes>) -> Result<(), ReplyError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::preflight::Preflight;
    use crate::model::seed::Seed;
    use crate::model::unix_ms::UnixMs;

    const SEED: Seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [1; 16] };

    fn session() -> Session {
        let builder =
            Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k").user_name("@me");
        builder.data_ticket("t").build().unwrap()
    }

    #[test]
    fn p48_pings_of_the_users_notes_without_cookies() {
        let vector: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/report_pings.json")).unwrap();
        let sent = Report::for_upload(39_766, 146);
        for (row, report) in vector["order"].as_array().unwrap().iter().zip(sent) {
            let request = report.request(&session()).unwrap();
            let uri = request.http().uri();
            assert_eq!(
                (uri.host(), uri.path()),
                (vector["host"].as_str(), vector["path"].as_str().unwrap())
            );
            assert_eq!(uri.query(), row["query_text"].as_str());
            let headers = request.http().headers();
            assert!(!headers.contains_key("cookie") && !headers.contains_key("origin"));
            assert_eq!(headers["referer"], "https://wx.qq.com/");
        }
        let rules = &vector["rules"];
        assert_eq!(rules["small_file_max_bytes"], SMALL);
        for (bytes, kind) in [(SMALL, "small"), (SMALL + 1, "big")] {
            let keys = [Report::DigestTime { bytes, ms: 9 }, Report::Digested { bytes }]
                .map(|ping| ping.values().1);
            assert_eq!(
                keys.map(u64::from),
                ["time_key", "count_key"].map(|key| rules[kind][key].as_u64().unwrap())
            );
        }
        assert_eq!(Report::DigestTime { bytes: 3 * SMALL, ms: 10 }.values().2, 3);
        assert_eq!(Report::UploadFailed.values(), (69_373, 10, 1));
    }

    #[test]
    fn p34_the_preflight_of_the_browser() {
        let capture: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/captures/browser-webuploader.json"))
                .unwrap();
        let request = Preflight::new(SEED).request(&session()).unwrap();
        assert_eq!(request.http().method(), "OPTIONS");
        assert_eq!(
            request.http().uri(),
            "https://file.wx.qq.com/cgi-bin/mmwebwx-bin/webwxuploadmedia?f=json"
        );
        let headers = request.http().headers();
        assert_eq!(headers["referer"], "https://wx.qq.com/");
        assert_eq!(headers["origin"], "https://wx.qq.com");
        let requests = capture["requests"].as_array().unwrap();
        let captured = requests.iter().find(|request| request["method"] == "OPTIONS").unwrap();
        for pair in captured["headers"].as_array().unwrap() {
            let name = pair[0].as_str().unwrap().to_ascii_lowercase();
            if ["accept", "access-control-request-method"].contains(&name.as_str()) {
                assert_eq!(headers[&name], pair[1].as_str().unwrap());
            }
        }
        assert!(!headers.contains_key("cookie") && !headers.contains_key("content-type"));
        let answer = br#"{"BaseResponse":{"Ret":1,"ErrMsg":""},"MediaId":""}"#;
        assert_eq!(Preflight::read(&Response::new(Bytes::from_static(answer))), Ok(()));
    }
}
