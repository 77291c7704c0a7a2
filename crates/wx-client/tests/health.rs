//! The report on a client, with a server that is a function.

#![allow(clippy::unwrap_used)]

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wx_client::blocking::{Sink, Source};
use wx_client::health::{AcceptanceHealth, HealthItem, HealthStatus, ProxyHealth};
use wx_client::proxy::ProxySettings;
use wx_client::transport_info::{CertificateSource, TlsLibrary, TransportInfo};
use wx_client::{
    BlockingTransport, BuildError, CancelToken, Client, Health, RunOptions, Transport,
};
use wx_proto::bytes::Bytes;
use wx_proto::flow::{CertificateProblem, ProxyProblem, TransportError, TransportErrorKind};
use wx_proto::http::Response;
use wx_proto::http::header::{COOKIE, DATE, LOCATION, SET_COOKIE};
use wx_proto::http::response::Parts;
use wx_proto::{Advice, ApiRequest, Session, Site};

const SKEY: &str = "@crypt_a936502b_74e29c164b1802c5bfd4b1f9a7db4b5e";
const PASSWORD: &str = "hunter2hunter2";

type Answer = Result<Response<Bytes>, TransportError>;

/// A transport whose server is a function.
#[derive(Clone)]
struct Http {
    answer: Arc<dyn Fn(&ApiRequest) -> Answer + Send + Sync>,
    seen: Arc<Mutex<Vec<ApiRequest>>>,
}

impl Http {
    fn new(answer: impl Fn(&ApiRequest) -> Answer + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), seen: Arc::default() }
    }

    fn endpoints(&self) -> Vec<&'static str> {
        self.seen.lock().unwrap().iter().map(ApiRequest::endpoint).collect()
    }

    fn check(&self, session: &Session) -> Health {
        Client::builder(session.clone()).http(self).health().run()
    }
}

fn settings(proxy: &str) -> Result<ProxySettings, BuildError> {
    Ok(ProxySettings::parse(|name| match name {
        "ALL_PROXY" => Some(proxy.into()),
        "NO_PROXY" => Some("weixin.qq.com".into()),
        _ => None,
    })?)
}

impl Transport for Http {
    type Source = Source;
    type Sink<'a> = Sink<'a>;
    type Reply = Bytes;

    /// Fails like a client in an environment with a nonsensical proxy.
    fn for_site(_: &Site) -> Result<Self, BuildError> {
        settings(&format!("ftp://anna:{PASSWORD}@localhost")).map(|_| Self::new(|_| ok("")))
    }

    fn is_for_loopback(&self) -> bool {
        false
    }

    fn info(http: Option<&Self>) -> TransportInfo {
        let proxy = settings(&format!("socks5h://anna:{PASSWORD}@proxy.example:99")).unwrap();
        let certificates = CertificateSource::Program(Some(2));
        let info = TransportInfo::new("a function", Some(TlsLibrary::Rustls), certificates);
        TransportInfo { proxy: http.map(|_| proxy), ..info }
    }

    async fn send(
        &self,
        request: ApiRequest,
        _: &CancelToken,
    ) -> Result<(Parts, Bytes), TransportError> {
        self.seen.lock().unwrap().push(request.clone());
        (self.answer)(&request).map(Response::into_parts)
    }

    async fn receive(reply: &mut Bytes) -> Result<Option<Bytes>, TransportError> {
        Ok(Some(std::mem::take(reply)).filter(|piece| !piece.is_empty()))
    }

    async fn sleep(time: Duration, _: &CancelToken) {
        assert!(time.is_zero(), "there is nothing to wait for");
    }

    async fn unblock<T: Send + 'static>(
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        work()
    }
}

impl BlockingTransport for Http {}

fn ok(body: &str) -> Answer {
    Ok(Response::new(Bytes::from(body.to_owned())))
}

/// The page, and this code in the reply to the call of the login.
fn ret(code: i64) -> impl Fn(&ApiRequest) -> Answer + Send + Sync + 'static {
    move |request| match request.endpoint() {
        // The page has cookies of its own.
        "page" => {
            let reply = Response::builder().header(SET_COOKIE, "wxsid=other; Domain=qq.com");
            Ok(reply.body(Bytes::from_static(b"<!DOCTYPE html>")).unwrap())
        }
        "synccheck" => ok(&format!(r#"window.synccheck={{retcode:"{code}",selector:"2"}}"#)),
        _ => ok(&format!(r#"{{"BaseResponse":{{"Ret":{code},"ErrMsg":"{SKEY}"}},"Count":0}}"#)),
    }
}

fn session(base: &str) -> Session {
    let cookie = |name: &str| {
        let domain = ".qq.com";
        serde_json::json!({ "name": name, "value": "v", "domain": domain, "expires": null })
    };
    let profile = if base.contains("filehelper") { "filehelper" } else { "web" };
    let session = serde_json::json!({
        "version": 1, "base": base, "profile": profile, "uin": 1, "sid": "sid", "skey": SKEY,
        "pass_ticket": "t", "user_name": "@0123456789abcdef", "nick_name": "Anna Maria",
        "sync_key": { "Count": 1, "List": [{ "Key": 1, "Val": 2 }] },
        "cookies": [cookie("wxsid"), cookie("webwx_data_ticket")],
    });
    Session::from_json_allow_loopback(session.to_string()).unwrap()
}

fn web() -> Session {
    session("https://wx.qq.com")
}

fn helper() -> Session {
    session("https://filehelper.weixin.qq.com")
}

fn item(health: &Health, check: &str) -> HealthItem {
    health.items().into_iter().find(|item| item.check == check).unwrap()
}

/// Checks the status of an item and a part of its line, and that nothing private is shown.
fn assert_item(health: &Health, check: &str, status: HealthStatus, words: &str) {
    let found = item(health, check);
    assert_eq!(found.status, status, "{found}");
    assert!(found.to_string().contains(words), "{found}");
    let shown = format!("{health}\n{health:?}");
    for private in [SKEY, &SKEY[7..], PASSWORD, "@0123", "Anna Maria", "anna"] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
}

#[test]
fn p2_p57_both_questions_are_asked_once_and_change_nothing() {
    for (session, call, host, longest) in [
        (web(), "webwxbatchgetcontact", "wx.qq.com", 10),
        (helper(), "synccheck", "filehelper.weixin.qq.com", 5),
    ] {
        let http = Http::new(ret(0));
        let client = Client::builder(session.clone()).http(&http).build().unwrap();
        let health = client.health().run();
        assert_eq!(http.endpoints(), ["page", call]);
        assert_eq!(client.session(), session, "neither the position nor anything else has moved");
        let seen = http.seen.lock().unwrap();
        for (request, longest) in seen.iter().zip([10, longest].map(Duration::from_secs)) {
            let limits = request.limits();
            assert!(limits.new_connection);
            assert_eq!(limits.give_up_after(1 << 40), longest);
            assert!(limits.stall <= longest);
        }
        assert!(!seen[0].http().headers().contains_key(COOKIE));
        assert_eq!(seen[0].http().uri().host(), Some(host));
        assert_item(&health, "acceptance", HealthStatus::Ok, "accepts");
        assert_item(&health, "host", HealthStatus::Ok, host);
        assert_item(&health, "certificates", HealthStatus::Ok, "2, which the program");
        assert_item(&health, "login", HealthStatus::Ok, "no end");
        // There was no Date.
        assert_eq!(health.status(), HealthStatus::Warning);
    }
}

#[test]
fn the_proxy_is_shown_without_its_user() {
    let http = Http::new(ret(0));
    let health = http.check(&web());
    let shown = "socks5h://proxy.example:99, from ALL_PROXY, with a user name";
    assert_item(&health, "proxy", HealthStatus::Ok, shown);
    let proxy = ProxyHealth::Proxy {
        address: "socks5h://proxy.example:99".to_owned(),
        variable: "ALL_PROXY".to_owned(),
        has_user: true,
    };
    assert_eq!(health.proxy, proxy, "nothing else is known of it");
    assert_item(&http.check(&helper()), "proxy", HealthStatus::Ok, "NO_PROXY excludes the host");
}

#[test]
fn a_client_that_cannot_be_created_is_reported() {
    let health = Client::<Http>::builder(web()).health().run();
    assert_item(&health, "proxy", HealthStatus::Failed, "ALL_PROXY names a proxy that cannot");
    assert_item(&health, "host", HealthStatus::Skipped, "because of the proxy");
    assert_item(&health, "clock", HealthStatus::Skipped, "page could not");
    assert_item(&health, "login", HealthStatus::Ok, "no end");
    assert_item(&health, "acceptance", HealthStatus::Skipped, "page could not");
    assert_eq!(health.status(), HealthStatus::Failed);
    // The HTTP client is for another kind of host.
    let http = Http::new(ret(0));
    let health = http.check(&session("http://127.0.0.1:9"));
    assert_item(&health, "proxy", HealthStatus::Ok, "loopback");
    assert_item(&health, "certificates", HealthStatus::Ok, "loopback");
    assert_item(&health, "host", HealthStatus::Failed, "step setup");
    assert_eq!(http.endpoints(), [""; 0]);
}

#[test]
fn each_step_to_the_host_can_fail() {
    use TransportErrorKind::{Certificate, Connect, Dropped, Proxy, Resolve, Stalled, Tls};
    let [network, proxy] = [Advice::CheckNetwork, Advice::CheckProxy];
    let unknown_issuer = Certificate(CertificateProblem::UnknownIssuer);
    for (kind, step, words, advice) in [
        (Resolve, "resolve", "could not be resolved", network),
        (Connect, "connect", "no connection to wx.qq.com", network),
        (Proxy(ProxyProblem::Connect), "proxy", "no connection to the proxy", proxy),
        (Proxy(ProxyProblem::Refused(Some(407))), "proxy", "another user name", proxy),
        (unknown_issuer, "certificate", "does not trust", proxy),
        (Certificate(CertificateProblem::Expired), "certificate", "clock", proxy),
        (Tls, "tls", "wx.qq.com", network),
        (Dropped, "reply", "wx.qq.com", network),
        (Stalled, "reply", "wx.qq.com", network),
    ] {
        let http = Http::new(move |_| Err(TransportError::never_connected(kind)));
        let health = http.check(&web());
        assert_item(&health, "host", HealthStatus::Failed, &format!("wx.qq.com: step {step}: "));
        assert_item(&health, "host", HealthStatus::Failed, words);
        assert_eq!(item(&health, "host").advice, Some(advice), "{kind:?}");
        assert_item(&health, "clock", HealthStatus::Skipped, "page could not");
        assert_item(&health, "acceptance", HealthStatus::Skipped, "page could not");
        assert_eq!(http.endpoints(), ["page"], "it is asked only once");
    }
}

#[test]
fn a_reply_can_be_of_somebody_else() {
    let foreign = "https://portal.example/login";
    for (status, location, expected, words, may_be_asked) in [
        (503, None, HealthStatus::Failed, "step reply: the server answered with status 503", true),
        (403, None, HealthStatus::Failed, "status 403", true),
        (302, Some(foreign), HealthStatus::Failed, "redirect (302)", false),
        (302, Some("https://wx2.qq.com/"), HealthStatus::Ok, "wx.qq.com replied", true),
    ] {
        let http = Http::new(move |request| match request.endpoint() {
            "page" => {
                let mut reply = Response::builder().status(status);
                if let Some(location) = location {
                    reply = reply.header(LOCATION, location);
                }
                Ok(reply.body(Bytes::new()).unwrap())
            }
            _ => ret(0)(request),
        });
        let health = http.check(&web());
        assert_item(&health, "host", expected, words);
        let is_asked = http.endpoints().len() == 2;
        assert_eq!(is_asked, may_be_asked, "{words}");
        assert_eq!(item(&health, "acceptance").status == HealthStatus::Ok, is_asked);
    }
}

#[test]
fn the_clock_is_compared_even_with_the_date_of_an_error() {
    for (date, status, words) in [
        ("Mon, 31 Dec 2018 11:12:21 GMT", HealthStatus::Failed, "s ahead of the server's"),
        ("Tue, 31 Dec 2280 11:12:21 GMT", HealthStatus::Failed, "s behind the server's"),
        ("yesterday", HealthStatus::Warning, "is not a date"),
    ] {
        let http = Http::new(move |_| {
            Ok(Response::builder().status(500).header(DATE, date).body(Bytes::new()).unwrap())
        });
        assert_item(&http.check(&web()), "clock", status, words);
    }
    assert_item(&Http::new(ret(0)).check(&web()), "clock", HealthStatus::Warning, "has no Date");
}

#[test]
fn p49_the_server_can_refuse_the_login() {
    for (code, status, advice) in [
        (1100, HealthStatus::Failed, Advice::LoginAgain),
        (1101, HealthStatus::Failed, Advice::LoginAgain),
        (1205, HealthStatus::Warning, Advice::Wait),
        (-1, HealthStatus::Failed, Advice::RetryLater),
    ] {
        for session in [web(), helper()] {
            let health = Http::new(ret(code)).check(&session);
            assert_item(&health, "acceptance", status, &format!("Ret {code}"));
            assert_eq!(item(&health, "acceptance").advice, Some(advice), "{code}");
        }
    }
    let page = Http::new(|_| ok("<!DOCTYPE html>"));
    assert_item(&page.check(&web()), "acceptance", HealthStatus::Failed, "web page");
}

/// A server that holds the synccheck of the File Transfer Helper has not refused it.
#[test]
fn p56_a_held_synccheck_is_no_refusal() {
    let stalled = TransportError::on_the_way(TransportErrorKind::Stalled);
    for (session, error, is_held) in [
        (helper(), stalled, true),
        (helper(), TransportError::never_connected(TransportErrorKind::Stalled), false),
        (helper(), TransportError::on_the_way(TransportErrorKind::Dropped), false),
        (web(), stalled, false),
    ] {
        let http = Http::new(move |request| match request.endpoint() {
            "page" => ok(""),
            _ => Err(error),
        });
        let health = http.check(&session);
        assert_eq!(matches!(health.acceptance, AcceptanceHealth::Held), is_held, "{error:?}");
        let status = if is_held { HealthStatus::Ok } else { HealthStatus::Failed };
        assert_eq!(item(&health, "acceptance").status, status);
    }
}

#[test]
fn p103_a_login_that_is_over_is_not_asked_for() {
    let mut over = web();
    over.clear_login();
    for session in [over, Session::new(Site::new(wx_proto::Profile::Web))] {
        let http = Http::new(ret(0));
        let health = http.check(&session);
        assert_item(&health, "login", HealthStatus::Failed, "nobody is logged in");
        assert_item(&health, "acceptance", HealthStatus::Skipped, "no complete login");
        assert_eq!(http.endpoints(), ["page"]);
    }
}

/// Only media and files need the ticket.
#[test]
fn p49_a_login_without_a_data_ticket_is_asked_for() {
    let mut text: serde_json::Value = serde_json::from_str(web().to_json().expose()).unwrap();
    text["cookies"].as_array_mut().unwrap().truncate(1);
    let http = Http::new(ret(0));
    let health = http.check(&Session::from_json(text.to_string()).unwrap());
    assert_item(&health, "login", HealthStatus::Warning, "texts work");
    assert_item(&health, "acceptance", HealthStatus::Ok, "accepts");
    assert_eq!(http.endpoints(), ["page", "webwxbatchgetcontact"]);
}

#[test]
fn a_login_without_a_position_cannot_be_asked_for_by_synccheck() {
    let mut text: serde_json::Value = serde_json::from_str(helper().to_json().expose()).unwrap();
    text["sync_key"] = serde_json::Value::Null;
    let http = Http::new(ret(0));
    let health = http.check(&Session::from_json(text.to_string()).unwrap());
    assert_item(&health, "acceptance", HealthStatus::Skipped, "nothing has been received");
    assert_eq!(http.endpoints(), ["page"]);
}

#[test]
fn a_check_that_is_cancelled_ends() {
    let token = CancelToken::new();
    token.cancel();
    let http = Http::new(ret(0));
    let options = RunOptions::new().cancel(&token);
    let health = Client::builder(web()).http(&http).health().options(options).run();
    assert_item(&health, "host", HealthStatus::Failed, "cancelled");
    assert_eq!(http.endpoints(), [""; 0]);
}
