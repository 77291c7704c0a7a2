//! `GET /`: the page of a site, which a browser opens before anything else
//! ([§2.6](crate::protocol#s2-6)).

use bytes::Bytes;
use http::{Method, Response};

use super::Endpoint;
use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::hosts;
use crate::model::hosts::HostRole;
use crate::model::profile::Profile;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::server_date::ServerDate;
use crate::session::Session;
use crate::wire::{clocks, reply};

/// Requests the page without cookies, to learn whether its host can be reached. It needs no login.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OpenPage;

/// The reply to a request for the page. Its body is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageReply {
    /// Why the page cannot be used, from its status. A redirect to a host of web WeChat is not an
    /// error, because the host itself has replied.
    pub result: Result<(), ReplyError>,
    /// The server's clock. Errors have it too.
    pub date: ServerDate,
}

impl OpenPage {
    /// Creates the call.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Endpoint for OpenPage {
    const METHOD: Method = Method::GET;
    const HOST: HostRole = HostRole::Base;
    const ACCEPT: Accept = Accept::Page;
    type Reply = PageReply;

    fn name(&self) -> &'static str {
        "page"
    }

    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError> {
        let request = ApiRequest::builder(self, session, "/");
        match session.site().profile() {
            Profile::Web => request.pair("lang", session.site().lang()),
            Profile::FileHelper => request,
        }
        .empty()
    }

    /// Never fails: [`PageReply::result`] has the error.
    fn read(reply: &Response<Bytes>) -> Result<PageReply, ReplyError> {
        let result = match reply::status(reply.status(), reply.headers()) {
            Err(ReplyError::Redirect { host, .. })
                if host.as_deref().is_none_or(hosts::is_of_wechat) =>
            {
                Ok(())
            }
            result => result,
        };
        Ok(PageReply { result, date: clocks::server_date(reply.headers()) })
    }
}

#[cfg(test)]
mod tests {
    use http::header::{DATE, LOCATION};

    use super::*;
    use crate::model::site::Site;
    use crate::model::unix_ms::UnixMs;

    #[test]
    fn p2_the_page_is_requested_from_its_own_host_without_cookies() {
        for (profile, address) in [
            (Profile::Web, "https://wx.qq.com/?lang=zh_CN"),
            (Profile::FileHelper, "https://filehelper.weixin.qq.com/"),
        ] {
            let request = OpenPage::new().request(&Session::new(Site::new(profile))).unwrap();
            assert_eq!(request.http().uri().to_string(), address);
            assert!(!request.http().headers().contains_key(http::header::COOKIE));
        }
    }

    #[test]
    fn a_redirect_within_web_wechat_is_a_reply_of_the_host() {
        let read = |status: u16, location: Option<&str>| {
            let mut reply = Response::builder().status(status);
            reply = reply.header(DATE, "Mon, 31 Dec 2018 11:12:21 GMT");
            if let Some(location) = location {
                reply = reply.header(LOCATION, location);
            }
            let reply = OpenPage::read(&reply.body(Bytes::new()).unwrap()).unwrap();
            assert_eq!(reply.date, ServerDate::At(UnixMs::from_secs(1_546_254_741)));
            reply.result
        };
        assert_eq!(read(200, None), Ok(()));
        assert_eq!(read(302, Some("https://wx2.qq.com/?lang=en")), Ok(()));
        assert_eq!(read(301, Some("/login")), Ok(()));
        let foreign = Some("https://portal.example/login");
        assert!(matches!(read(302, foreign), Err(ReplyError::Redirect { status: 302, .. })));
        assert_eq!(read(503, None), Err(ReplyError::Status(503)));
        assert_eq!(read(403, None), Err(ReplyError::Status(403)));
    }
}
