//! `GET` of an image on a host outside of web WeChat ([§3.7](crate::protocol#s3-7),
//! [P85](crate::protocol#p85)). It contains nothing of the login: no cookies, no `Referer` and no
//! `Origin`.

use http::header::{ACCEPT, ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderValue, Request};

use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::endpoint::limits::Limits;
use crate::model::hosts::HostRole;
use crate::model::outside_url::OutsideUrl;
use crate::model::policy::Policy;
use crate::model::request_error::RequestError;
use crate::session::Session;
use crate::wire::body::Body;

/// The name of the request in progress and traces.
const NAME: &str = "outside image";

/// Returns the request of an image. If the session is one with a loopback address, that address
/// serves this host too, so that nothing leaves the machine.
pub(crate) fn request(url: &OutsideUrl, session: &Session) -> Result<ApiRequest, RequestError> {
    let (site, path) = (session.site(), url.path_and_query());
    let direct = site.hosts().is_loopback();
    let address = match direct {
        true => format!("{}{path}", site.hosts().origin(HostRole::Base)),
        false => format!("https://{}{path}", url.host()),
    };
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = address.parse().map_err(|_| RequestError::InvalidUri)?;
    let user_agent = HeaderValue::from_str(site.user_agent())
        .map_err(|_| RequestError::InvalidHeader(USER_AGENT))?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, user_agent);
    headers.insert(ACCEPT, HeaderValue::from_static(Accept::Image.value()));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let policy = Policy::default();
    let limits = Limits { direct, ..Limits::new(&policy, policy.call_stall) };
    Ok(ApiRequest::new(NAME, request, limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(base: &str) -> Session {
        let builder = Session::builder(base).allow_loopback().uin(1).sid("canary").skey("canary");
        builder.data_ticket("canary").user_name("@canary").build().unwrap()
    }

    #[test]
    fn p85_the_request_has_nothing_of_the_login() {
        let url = OutsideUrl::new("http://emoji.qpic.cn/wx_emoji/AAAA/?a=%2B").unwrap();
        for (base, expected) in [
            ("https://wx.qq.com", "https://emoji.qpic.cn/wx_emoji/AAAA/?a=%2B"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/wx_emoji/AAAA/?a=%2B"),
        ] {
            let request = request(&url, &session(base)).unwrap();
            assert_eq!(request.http().method(), "GET");
            assert_eq!(request.http().uri().to_string(), expected);
            assert_eq!(request.limits().direct, expected.starts_with("http:"));
            let headers = request.http().headers();
            let names: Vec<_> = headers.keys().map(|name| name.as_str()).collect();
            assert_eq!(names, ["user-agent", "accept", "accept-encoding"]);
            for value in headers.values() {
                assert!(!value.to_str().unwrap().contains("canary"));
            }
        }
    }
}
