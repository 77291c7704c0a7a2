//! Arbitrary bytes as the reply to any call of a login. No reply causes a panic, a refusal is not a
//! login, and no page on a foreign host is opened.

use wx_proto::bytes::Bytes;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::js_login::JsLogin;
use wx_proto::endpoint::login::{PollLogin, Polled};
use wx_proto::endpoint::new_login_page::{LoginPage, NewLoginPage};
use wx_proto::endpoint::push_login_url::PushLoginUrl;
use wx_proto::http::Response;
use wx_proto::{CookieJar, HostRole, Profile, ReplyError, Secret, Session, Site, UnixMs};

use crate::harness::SEED;

const PAGE: &str = "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=t";

/// The first byte selects the status, and the rest is the body.
pub fn check(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let status = [200, 301, 302, 404][usize::from(choice & 3)];
    let reply = Response::builder().status(status).body(Bytes::copy_from_slice(body)).unwrap();
    let site = Site::new(if choice & 4 == 0 { Profile::Web } else { Profile::FileHelper });

    if let Ok(uuid) = JsLogin::read(&reply) {
        assert!(
            PollLogin::new(uuid.clone(), true, UnixMs::new(1))
                .request(&Session::new(site.clone()))
                .is_ok()
        );
        assert!(uuid.link(&site).expose().starts_with("https://login.weixin.qq.com/l/"));
    }
    let _ = PushLoginUrl::read(&reply);
    let _ = Init::read(&reply);

    if let Ok(Polled::Confirmed { redirect_uri }) = PollLogin::read(&reply) {
        assert!(!redirect_uri.expose().contains("&amp;"));
        open(&redirect_uri, &site);
    }
    let (_, at) = NewLoginPage::from_redirect(&PAGE.into(), &Site::new(Profile::Web)).unwrap();
    match NewLoginPage::read(&reply) {
        Ok(LoginPage::Credentials(credentials)) => {
            let text = String::from_utf8_lossy(body);
            assert!(status == 200 || status == 301);
            assert!(text.contains("ret") && text.contains("wxsid") && text.contains("skey"));
            let session = Session::from_login(at, credentials, CookieJar::default());
            assert!(session.to_json().expose().len() < 100_000);
            let _ = Init::new(SEED).request(&session);
        }
        Ok(LoginPage::OtherPage(url)) => open(&url, &site),
        Err(ReplyError::Refused { message, .. }) => {
            let runs = message.split(|c: char| !c.is_ascii_graphic());
            assert!(runs.into_iter().all(|run| run.len() < 8), "{message}");
        }
        Ok(_) | Err(_) => {}
    }
}

/// Checks that the login page is on a host of the profile, whatever the reply contains.
fn open(url: &Secret, site: &Site) {
    let Ok((page, at)) = NewLoginPage::from_redirect(url, site) else { return };
    assert_eq!(at.profile(), site.profile());
    if let Ok(request) = page.request(&Session::new(at.clone())) {
        let host = request.http().uri().host().unwrap().to_owned();
        assert_eq!(host, at.hosts().origin(HostRole::Base).host());
        assert!(host.ends_with(".qq.com") || host.ends_with(".wechat.com"), "{host}");
    }
}
