//! The cookies of saved logins, and cards with several logins.

use serde_json::{Value, json};

use super::{bytes, case, with};
use crate::model::fields::SavedLoginField;
use crate::model::hosts::HostRole;
use crate::model::other_client::OtherClient;
use crate::model::saved_login_error::SavedLoginError;
use crate::session::Session;
use crate::session::saved_login::SavedLogin;

#[test]
fn p100_cookies_are_kept_to_the_site_and_can_be_sent() {
    let cookies = |change: Value| {
        with("wx-filehelper", |file| {
            let first = file["cookies"][0].as_object_mut().unwrap();
            first.extend(change.as_object().unwrap().clone());
        })
    };
    let has_uin = |saved: &SavedLogin| {
        saved.session().cookies().cookies().iter().any(|cookie| cookie.name == "wxuin")
    };
    for kept in ["szfilehelper.weixin.qq.com", ".weixin.qq.com", "QQ.com", "file.wx2.qq.com", ""] {
        assert!(has_uin(&cookies(json!({ "domain": kept })).unwrap()), "{kept}");
    }
    assert!(has_uin(&cookies(json!({ "domain": null, "path": null })).unwrap()));
    for foreign in ["com", ".", "example.com", "wx.qq.com.example.com", "127.0.0.1", "q.com"] {
        let left = cookies(json!({ "domain": foreign }));
        assert_eq!(left.map(|saved| has_uin(&saved)), Ok(foreign == "."), "{foreign}");
    }
    let long = "x".repeat(5000);
    for bad in [
        json!({ "value": "a;b" }),
        json!({ "value": "a\r\nb" }),
        json!({ "value": long }),
        json!({ "path": "x" }),
        json!({ "path": format!("/{long}") }),
        json!({ "expires": "soon" }),
        json!({ "value": null }),
    ] {
        let client = OtherClient::WxFileHelperApi;
        let refused = SavedLoginError::Invalid { client, field: SavedLoginField::Cookies };
        assert_eq!(cookies(bad.clone()), Err(refused), "{bad}");
    }
    let end = |expires: Value| {
        let session = cookies(json!({ "expires": expires })).unwrap().into_session();
        let cookie = session.cookies().cookies().iter().find(|cookie| cookie.name == "wxuin");
        cookie.unwrap().expires.map(|end| end.as_secs())
    };
    assert_eq!(end(json!(-1)), None);
    assert_eq!(end(json!(1_770_043_200.75)), Some(1_770_043_200));
    assert_eq!(end(json!(1e300)), Some(u64::MAX / 1000));
}

#[test]
fn p100_of_the_cookies_of_several_hosts_those_of_the_base_count() {
    for other in ["https://a.example", "https://file.wx.qq.com", "https://zz.qq.com"] {
        let saved = with("openwechat", |file| {
            let cookies = [("wxsid", "other"), ("of_other", "1")];
            let cookies = cookies.map(|(name, value)| json!({ "Name": name, "Value": value }));
            file["Jar"][other] = json!(cookies);
            file["Jar"]["https://login.wx.qq.com"] = Value::Null;
        });
        let session = saved.unwrap().into_session();
        let value = |name: &str| {
            let cookies = session.cookies().cookies();
            cookies.iter().find(|cookie| cookie.name == name).unwrap().value.expose().clone()
        };
        assert_eq!(
            (value("wxsid").as_str(), value("of_other").as_str()),
            ("AbCdEfGhIjKlMnOp", "1")
        );
    }
}

#[test]
fn p100_a_browser_on_several_hosts_uses_the_identity_that_lasts_longest() {
    let saved = with("puppet", |file| {
        let cookies = file["PUPPET_WECHAT"].as_array_mut().unwrap();
        for (name, value, domain, expires) in [
            ("wxuin", "8", "wx2.qq.com", 1_546_254_742),
            ("wxsid", "of-wx2", "wx2.qq.com", 1_546_254_742),
            // Without a wxsid for the same host, this is no login.
            ("wxuin", "9", "wx8.qq.com", -1),
        ] {
            let cookie = json!({
                "name": name, "value": value, "domain": domain, "path": "/", "expires": expires,
            });
            cookies.push(cookie);
        }
    });
    let session = saved.unwrap().into_session();
    assert_eq!(session.hosts().origin(HostRole::Base).host(), "wx2.qq.com");
    assert_eq!((session.uin(), session.sid().unwrap().expose().as_str()), (Some(8), "of-wx2"));
    let ticket = session.cookies().cookies().iter().any(|cookie| cookie.domain == "wx.qq.com");
    assert!(!ticket, "cookies of the other host are left out");
}

#[test]
fn p100_a_card_with_two_logins_is_ambiguous_and_an_empty_slot_is_not() {
    let card = |more: Value| {
        with("wechat4u in a mem", |file| {
            file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        })
    };
    let cookies: Value = serde_json::from_slice(&bytes(&case("puppet"))).unwrap();
    assert_eq!(card(cookies.clone()), Err(SavedLoginError::SeveralLogins));
    let other = json!({ "\rother\nPUPPET_WECHAT": cookies["PUPPET_WECHAT"] });
    assert_eq!(card(other), Err(SavedLoginError::SeveralLogins));
    for empty in [json!([]), Value::Null] {
        let saved = card(json!({ "PUPPET_WECHAT": empty, "MY_SLOT": "text" })).unwrap();
        assert_eq!(saved.client(), OtherClient::PuppetWechat4u);
    }
    // Likewise the other way round.
    for empty in [json!({}), json!({ "PROP": null, "COOKIE": {} }), Value::Null] {
        let saved = with("puppet", |file| file["PUPPET-WECHAT4U"] = empty).unwrap();
        assert_eq!(saved.client(), OtherClient::PuppetWechat);
    }
}

/// A browser, for example, has cookies of other pages of the site.
#[test]
fn p100_an_odd_cookie_that_the_login_does_not_need_is_left_out() {
    let long = "x".repeat(5000);
    let odd = [
        json!({ "value": "a;b" }),
        json!({ "value": "\u{4f60}" }),
        json!({ "value": long }),
        json!({ "value": null }),
        json!({ "value": { "a": 1 } }),
    ];
    let named = |name: &str, change: &Value| {
        let mut cookie = json!({ "name": name, "value": "v", "domain": "qq.com", "path": "/" });
        cookie.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        cookie
    };
    // Adds a cookie to the file of a client.
    let add = |client: &str, cookie: Value| {
        with(client, |file| match client {
            "openwechat" => {
                let cookie = json!({ "Name": cookie["name"], "Value": cookie["value"] });
                file["Jar"]["https://wx.qq.com"].as_array_mut().unwrap().push(cookie);
            }
            "wechat4u" => {
                let name = cookie["name"].as_str().unwrap();
                file["COOKIE"][name] = cookie["value"].clone();
            }
            "puppet" => file["PUPPET_WECHAT"].as_array_mut().unwrap().push(cookie),
            _ => file["cookies"].as_array_mut().unwrap().push(cookie),
        })
    };
    for client in ["openwechat", "wechat4u", "puppet", "wx-filehelper"] {
        let as_it_was = SavedLogin::read(bytes(&case(client)));
        for change in &odd {
            assert_eq!(add(client, named("pgv_info", change)), as_it_was, "{client}: {change}");
            let needed = add(client, named("webwx_data_ticket", change)).unwrap_err();
            assert!(matches!(needed, SavedLoginError::Invalid { .. }), "{client}: {needed:?}");
        }
    }
    for odd in [json!({}), named("", &json!({})), named("a=b", &json!({}))] {
        let left = add("wx-filehelper", odd.clone());
        assert_eq!(left, SavedLogin::read(bytes(&case("wx-filehelper"))), "{odd}");
    }
}

#[test]
fn p100_the_data_ticket_of_wechat4u_counts_as_a_cookie() {
    let without = |cookies: &[&str]| {
        with("wechat4u", |file| {
            let found = file["COOKIE"].as_object_mut().unwrap();
            found.retain(|name, _| !cookies.contains(&name.as_str()) && !cookies.is_empty());
        })
    };
    let session = without(&["webwx_data_ticket"]).unwrap().into_session();
    let kept = SavedLogin::read(bytes(&case("wechat4u"))).unwrap().into_session();
    let sorted = |session: &Session| {
        let mut cookies = session.cookies().cookies().to_vec();
        cookies.sort_by(|one, other| one.name.cmp(&other.name));
        cookies
    };
    assert_eq!(sorted(&session), sorted(&kept));
    // The ticket alone is no login.
    assert_eq!(without(&[]), Err(SavedLoginError::NoCookies(OtherClient::Wechat4u)));
}
