//! Withholds the secrets in requests. The server can set new secrets during a job, and the session
//! of the command does not contain these yet.

use wx_proto::ApiRequest;
use wx_proto::http::header::COOKIE;

/// Withholds all secrets of a request that is about to be sent.
pub(crate) fn request(request: &ApiRequest) {
    let query = request.http().uri().query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    for (_, value) in pairs.filter(|(name, _)| SECRET_PAIRS.contains(name)) {
        super::value(value);
    }
    let cookies = request.http().headers().get_all(COOKIE).iter();
    let cookies =
        cookies.filter_map(|header| header.to_str().ok()).flat_map(|text| text.split("; "));
    let pairs = cookies.filter_map(|cookie| cookie.split_once('='));
    for (_, value) in pairs.filter(|(name, _)| !super::TIMES.contains(name)) {
        super::value(value);
    }
}

/// Keys of query pairs whose values are secrets.
const SECRET_PAIRS: [&str; 6] = ["uuid", "ticket", "skey", "sid", "pass_ticket", "deviceid"];

#[cfg(test)]
mod tests {
    use wx_proto::endpoint::Endpoint;
    use wx_proto::endpoint::sync_check::SyncCheck;
    use wx_proto::{Seed, Session};

    use super::*;

    #[test]
    fn what_a_request_holds_is_withheld() {
        let text = r#"{"version":1,"base":"https://wx.qq.com","uin":7,"sid":"sid-of-a-request",
            "skey":"@crypt_00000002_key+of/a=request","user_name":"@me",
            "sync_key":{"Count":1,"List":[{"Key":1,"Val":2}]},
            "cookies":[{"name":"webwxuvid","value":"cookie-of-a-request","domain":"qq.com","path":"/"}]}"#;
        let session = Session::from_json(text).unwrap();
        let seed = Seed { unix_ms: wx_proto::UnixMs::new(1_511_493_942_795), entropy: [9; 16] };
        request(&SyncCheck::new(seed).request(&session).unwrap());
        for secret in
            ["sid-of-a-request", "@crypt_00000002_key+of/a=request", "cookie-of-a-request"]
        {
            assert_eq!(super::super::in_text(secret), "…", "{secret}");
        }
    }
}
