//! Limits on the data that a server can put into a session: whatever it replies, the session file
//! stays small and readable.

use serde_json::json;
use wx_proto::endpoint::Endpoint;
use wx_proto::endpoint::init::Init;
use wx_proto::endpoint::new_login_page::{LoginPage, NewLoginPage};
use wx_proto::endpoint::sync::SyncMessages;
use wx_proto::http::{HeaderMap, HeaderValue, Response};
use wx_proto::{HostRole, Profile, Session, Site, UnixMs};

use wx_testing::harness::*;

/// The limit that the docs of `Session::to_json` state.
const LIMIT: usize = 2 * 1024 * 1024;

fn assert_small(session: &Session) {
    let text = session.to_json();
    assert!(text.expose().len() < LIMIT, "{}", text.expose().len());
    let again = Session::from_json(text.expose()).unwrap();
    assert_eq!(again.to_json().expose(), text.expose());
}

#[test]
fn endless_cookies_are_parsed_in_linear_time_and_dropped() {
    const ROLES: [HostRole; 3] = [HostRole::Base, HostRole::File, HostRole::Support];
    let mut session = session();
    let odd = "\"\\".repeat(2000);
    for role in ROLES {
        for domain in ["", "; Domain=qq.com"] {
            let mut headers = HeaderMap::new();
            for n in 0..2_000 {
                let path = format!("/{}{n}", "p".repeat(n % 1000));
                let value = &odd[..(n * 7) % odd.len()];
                let line = format!("n{}={value}; Path={path}{domain}", n % 100);
                headers.append("set-cookie", HeaderValue::from_str(&line).unwrap());
            }
            let origin = session.hosts().origin(role);
            session.apply_cookies(&headers, &origin, UnixMs::from_secs(1));
            assert_small(&session);
        }
    }
    assert!(session.cookies().cookies().len() > 50);
    assert!(Init::new(SEED).request(&session).is_ok());
}

#[test]
fn values_and_names_of_megabytes_are_not_kept() {
    let long = "x".repeat(900_000);
    let site = Site::new(Profile::Web);
    for odd in ["skey", "wxsid", "pass_ticket", "none"] {
        let value = |name: &str| if name == odd { long.as_str() } else { "v" };
        let xml = format!(
            "<error><ret>0</ret><skey>{}</skey><wxsid>{}</wxsid><wxuin>7</wxuin><pass_ticket>{}</\
             pass_ticket></error>",
            value("skey"),
            value("wxsid"),
            value("pass_ticket")
        );
        match NewLoginPage::read(&Response::new(xml.into())) {
            Ok(LoginPage::Credentials(credentials)) => {
                assert!(!["skey", "wxsid"].contains(&odd));
                assert_small(&Session::from_login(
                    site.clone(),
                    credentials,
                    session().cookies().clone(),
                ));
            }
            other => assert!(other.is_err() && ["skey", "wxsid"].contains(&odd), "{odd}"),
        }
    }
    let answer = |user: &str, skey: &str, keys: usize| {
        let list: Vec<_> = (0..keys).map(|n| json!({ "Key": n, "Val": u32::MAX })).collect();
        let answer = json!({
            "BaseResponse": { "Ret": 0 }, "User": { "UserName": user, "NickName": long },
            "SKey": skey,
            "SyncKey": { "Count": keys, "List": list },
        });
        Response::new(answer.to_string().into())
    };
    assert!(Init::read(&answer(&long, "s", 3)).is_err());
    for (skey, keys, kept) in
        [("@crypt_new", 10, "@crypt_new"), (&long, 10, "@crypt_skey"), ("", 100_000, "@crypt_skey")]
    {
        let mut session = session();
        session.apply_init(&Init::read(&answer("@me", skey, keys)).unwrap());
        assert_eq!(session.skey().unwrap().expose(), kept);
        session.apply_sync(
            SyncMessages::read(&answer("@me", skey, keys)).unwrap(),
            UnixMs::from_secs(1),
        );
        assert_eq!(session.skey().unwrap().expose(), kept);
        assert_small(&session);
    }
}
