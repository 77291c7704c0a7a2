//! The login of another client is completed by webwxinit, or it is over.

use serde_json::{Value, json};
use wx_proto::flow::{NextMessages, Restore};
use wx_proto::{
    Advice, Error, ErrorKind, HostRole, OtherClient, Policy, RequestError, SavedLogin, Session,
    Step, UnixMs,
};
use wx_testing::harness::*;

use super::login::{init, notified};

/// The time of [`SEED`] in seconds.
const NOW: u64 = SEED.unix_ms.get() / 1000;

/// Returns the login of a browser, which has cookies only, and which ends at this time.
fn browser(end: u64) -> Session {
    let cookie = |(name, domain): (&str, &str)| {
        let (value, path) = ("7", "/");
        json!({ "name": name, "value": value, "domain": domain, "path": path, "expires": end })
    };
    let cookies =
        [("wxuin", "wx.qq.com"), ("wxsid", "wx.qq.com"), ("webwx_data_ticket", ".qq.com")];
    let card = json!({ "PUPPET_WECHAT": cookies.map(cookie) });
    let saved = SavedLogin::read(card.to_string()).unwrap();
    assert_eq!(saved.client(), OtherClient::PuppetWechat);
    saved.into_session()
}

/// Returns a login of openwechat with a sync position.
fn openwechat() -> Session {
    let file = json!({
        "Jar": { "https://wx.qq.com": [{ "Name": "webwx_data_ticket", "Value": "ticket" }] },
        "BaseRequest": { "Uin": 7, "Sid": "sid", "Skey": "@crypt_old", "DeviceID": "e1" },
        "LoginInfo": { "PassTicket": "a%2Bb" }, "WechatDomain": "wx.qq.com",
        "SyncKey": { "Count": 1, "List": [{ "Key": 1, "Val": 4711 }] },
    });
    SavedLogin::read(file.to_string()).unwrap().into_session()
}

fn restore(session: &Session, answers: Vec<Answer>) -> (Harness, Result<Session, Error>) {
    let mut harness = Harness::new("", answers).with_session(session);
    let mut flow = Restore::new(session, SEED, Policy::default()).unwrap();
    let result = harness.run(&mut flow).map(|()| harness.session.clone());
    (harness, result)
}

#[test]
fn p100_an_empty_skey_is_sent_and_the_reply_has_the_skey() {
    let (harness, result) = restore(&browser(NOW + 1), vec![init("@crypt_new"), notified()]);
    let request = &harness.seen[0].json()["BaseRequest"];
    assert_eq!(
        (&request["Skey"], &request["Sid"], &request["Uin"]),
        (&json!(""), &json!("7"), &json!("7"))
    );
    let session = result.unwrap();
    assert_eq!(session.skey().unwrap().expose(), "@crypt_new");
    assert_eq!(session.user_name().unwrap().as_str(), "@me");
    session.check_upload(SEED.unix_ms).unwrap();
    // Without an skey in the reply, the login cannot be used.
    let (_, result) = restore(&browser(NOW + 1), vec![init("")]);
    let error = result.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Request(RequestError::NotLoggedIn));
    assert_eq!((error.step, error.advice()), (Step::Init, Advice::LoginAgain));
}

#[test]
fn p100_an_empty_skey_is_sent_by_no_other_call() {
    let session = browser(NOW + 1);
    assert!(session.awaits_init());
    let error = NextMessages::new(&session, SEED, Policy::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Request(RequestError::NotLoggedIn));
    assert_eq!(session.check_upload(SEED.unix_ms), Err(RequestError::NotLoggedIn));
}

#[test]
fn p100_a_login_whose_cookies_have_expired_makes_no_request() {
    let (harness, result) = restore(&browser(NOW), Vec::new());
    let since = UnixMs::from_secs(NOW);
    assert_eq!(result.unwrap_err().kind, ErrorKind::Request(RequestError::LoginOver { since }));
    assert_eq!(harness.seen.len(), 0);
    assert_eq!(browser(NOW).ends_at(), Some(since));
}

#[test]
fn p100_a_login_that_is_over_stays_as_it_was() {
    for code in [1100, 1101, 1102] {
        let before = openwechat();
        let (harness, result) = restore(&before, vec![ret(code)]);
        assert!(result.unwrap_err().is_logged_out());
        assert!(harness.session == before, "{code}");
    }
}

#[test]
fn p100_the_sync_position_of_the_other_client_is_kept() {
    let (harness, result) = restore(&openwechat(), vec![init("@crypt_new"), notified()]);
    let base = harness.session.hosts().origin(HostRole::Base);
    let uri = harness.seen[0].http().uri().to_string();
    assert!(uri.starts_with(&format!("{base}/cgi-bin/mmwebwx-bin/webwxinit?")), "{uri}");
    assert_eq!(harness.seen[0].json()["BaseRequest"]["DeviceID"], "e1");
    let file: Value = serde_json::from_str(result.unwrap().to_json().expose()).unwrap();
    assert_eq!(file["sync_key"]["List"], json!([{ "Key": 1, "Val": 4711 }]));
}
