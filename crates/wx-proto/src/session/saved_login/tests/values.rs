//! Values that are missing, not valid or repeated, and what errors show of them.

use serde_json::{Value, json};

use super::{bytes, case, with};
use crate::model::error_chain::ErrorChain;
use crate::model::hosts::HostRole;
use crate::model::saved_login_error::SavedLoginError;
use crate::session::LONGEST_VALUE;
use crate::session::saved_login::SavedLogin;

/// The fields that each format requires.
const REQUIRED: [(&str, &[&str]); 4] = [
    (
        "openwechat",
        &["BaseRequest.Uin", "BaseRequest.Sid", "BaseRequest.Skey", "WechatDomain", "Jar"],
    ),
    ("wechat4u", &["PROP.uin", "PROP.sid", "PROP.skey", "CONF.origin", "COOKIE"]),
    ("wx-filehelper", &["uin", "sid", "skey", "cookies"]),
    ("wechat4u in", &[]),
];

/// The fields that may be missing.
const OPTIONAL: [(&str, &[&str]); 3] = [
    ("openwechat", &["BaseRequest.DeviceID", "LoginInfo.PassTicket", "SyncKey"]),
    (
        "wechat4u",
        &["PROP.passTicket", "PROP.webwxDataTicket", "PROP.syncKey", "user.UserName", "user"],
    ),
    ("wx-filehelper", &["device_id", "pass_ticket", "user_name", "synckey"]),
];

fn at<'a>(file: &'a mut Value, field: &str) -> &'a mut Value {
    field.split('.').fold(file, |object, key| &mut object[key])
}

/// Replaces the value of a field, or removes it.
fn replaced(name: &str, field: &str, value: Option<Value>) -> Result<SavedLogin, SavedLoginError> {
    with(name, |file| match (value, field.rsplit_once('.')) {
        (Some(value), _) => *at(file, field) = value,
        (None, Some((object, key))) => {
            at(file, object).as_object_mut().unwrap().remove(key);
        }
        (None, None) => {
            file.as_object_mut().unwrap().remove(field);
        }
    })
}

#[test]
fn p100_a_field_that_is_missing_or_of_another_type_is_named() {
    for (name, fields) in REQUIRED {
        for field in fields {
            for absent in [None, Some(Value::Null)] {
                match replaced(name, field, absent) {
                    Err(SavedLoginError::Missing { field: named, .. }) => {
                        assert_eq!(named.name(), *field);
                    }
                    other => panic!("{field}: {other:?}"),
                }
            }
        }
    }
    for (name, fields) in OPTIONAL {
        for field in fields {
            for absent in [None, Some(Value::Null)] {
                assert!(replaced(name, field, absent).is_ok(), "{field}");
            }
        }
    }
    for (name, fields) in REQUIRED.into_iter().chain(OPTIONAL) {
        for field in fields {
            for odd in [json!(true), json!(1.5), json!([7]), json!("a\nb"), json!(-1)] {
                let refused = replaced(name, field, Some(odd.clone())).unwrap_err();
                match refused {
                    SavedLoginError::Invalid { field: named, .. }
                    | SavedLoginError::Host { field: named, .. } => {
                        assert_eq!(named.name(), *field, "{odd}");
                    }
                    other => panic!("{field} {odd}: {other:?}"),
                }
            }
        }
    }
}

#[test]
fn p100_secrets_and_names_have_limits() {
    let long = "x".repeat(LONGEST_VALUE + 1);
    for (name, field) in [
        ("openwechat", "BaseRequest.Sid"),
        ("openwechat", "BaseRequest.Skey"),
        ("openwechat", "LoginInfo.PassTicket"),
        ("openwechat", "BaseRequest.DeviceID"),
        ("wechat4u", "PROP.webwxDataTicket"),
        ("wechat4u", "user.UserName"),
        ("wx-filehelper", "skey"),
    ] {
        let odd = [long.as_str(), "\u{7f}", "\u{9b}", "x\r\nCookie: a=b"];
        for value in odd {
            match replaced(name, field, Some(value.into())) {
                Err(SavedLoginError::Invalid { field: named, .. }) => {
                    assert_eq!(named.name(), field)
                }
                other => panic!("{field}: {other:?}"),
            }
        }
    }
    for bad in ["x", "4294967296", "-1", "+1", "1 "] {
        assert!(replaced("wechat4u", "PROP.uin", Some(bad.into())).is_err(), "{bad}");
    }
    for uin in [json!("4294967295"), json!(4_294_967_295_u32)] {
        let saved = replaced("wechat4u", "PROP.uin", Some(uin)).unwrap();
        assert_eq!(saved.session().uin(), Some(u32::MAX));
    }
}

#[test]
fn p100_repeated_keys_are_refused() {
    let text = |name: &str| String::from_utf8(bytes(&case(name))).unwrap();
    for (name, before, more, field) in [
        ("openwechat", "\"Sid\":", "\"Sid\":\"other\",", "BaseRequest.Sid"),
        ("openwechat", "\"WechatDomain\":", "\"WechatDomain\":\"wx2.qq.com\",", "WechatDomain"),
        ("openwechat", "\"https://wx.qq.com\":", "\"https://wx.qq.com\":[],", "Jar"),
        ("wechat4u", "\"wxuin\":", "\"wxuin\":\"7\",", "COOKIE"),
        ("wechat4u", "\"origin\":", "\"origin\":\"https://wx2.qq.com\",", "CONF.origin"),
        ("wx-filehelper", "\"skey\":", "\"skey\":\"x\",", "skey"),
        ("wx-filehelper", "\"value\":", "\"value\":\"x\",", "cookies"),
    ] {
        let repeated = text(name).replacen(before, &format!("{more}{before}"), 1);
        match SavedLogin::read(repeated) {
            Err(SavedLoginError::Invalid { field: named, .. }) => assert_eq!(named.name(), field),
            other => panic!("{field}: {other:?}"),
        }
    }
}

#[test]
fn p3_p4_hosts_are_those_of_the_site_and_loopback_needs_its_own_constructor() {
    for (name, field, prefix) in [
        ("openwechat", "WechatDomain", ""),
        ("wechat4u", "CONF.origin", "https://"),
        ("wx-filehelper", "entry_host", ""),
    ] {
        for foreign in ["example.com", "wx.qq.com.example.com", "user@wx.qq.com", "x y", ""] {
            let refused = replaced(name, field, Some(format!("{prefix}{foreign}").into()));
            assert!(matches!(refused, Err(SavedLoginError::Host { .. })), "{foreign}: {refused:?}");
        }
        let prefix = prefix.replace("https", "http");
        let mut file: Value = serde_json::from_slice(&bytes(&case(name))).unwrap();
        *at(&mut file, field) = format!("{prefix}127.0.0.1:8080").into();
        let refused = SavedLogin::read(file.to_string()).unwrap_err();
        assert!(ErrorChain(&refused).to_string().contains("allow_loopback"), "{refused:?}");
        let saved = SavedLogin::read_allow_loopback(file.to_string());
        if name == "wx-filehelper" {
            // The cookies of the file belong to the real hosts, which the login is not at.
            assert!(matches!(saved, Err(SavedLoginError::NoCookies(_))));
            continue;
        }
        let session = saved.unwrap().into_session();
        assert_eq!(session.hosts().origin(HostRole::File).to_string(), "http://127.0.0.1:8080");
        let domains = session.cookies().cookies().iter().map(|cookie| cookie.domain.as_str());
        assert!(domains.into_iter().all(|domain| domain == "127.0.0.1"));
    }
    // A login of web WeChat is not at a host of the File Transfer Helper.
    let helper = Some("filehelper.weixin.qq.com".into());
    assert!(replaced("openwechat", "WechatDomain", helper).is_err());
    assert!(replaced("wx-filehelper", "entry_host", Some("wx.qq.com".into())).is_err());
}

#[test]
fn p101_neither_errors_nor_debug_show_a_value() {
    const CANARY: &str = "canary-424242424.canary.example";
    let mut shown = String::new();
    for (name, fields) in REQUIRED.into_iter().chain(OPTIONAL) {
        let saved = SavedLogin::read(bytes(&case(name))).unwrap();
        shown += &format!("{saved:?} {saved:#?}");
        for field in fields {
            for odd in [
                json!(format!("{CANARY}\n")),
                json!(CANARY),
                json!(format!("https://{CANARY}")),
                json!([CANARY]),
                json!([{ "name": CANARY, "value": format!("{CANARY};") }]),
                json!({ CANARY: format!("{CANARY};") }),
                json!({ CANARY: [{ "Name": CANARY, "Value": format!("{CANARY};") }] }),
            ] {
                if let Err(error) = replaced(name, field, Some(odd)) {
                    shown += &format!("{} {error:?} {error:#?} ", ErrorChain(&error));
                }
            }
        }
    }
    for secret in ["canary", "AbCdEfGhIj", "@crypt_", "2272112421", "gScAbCd"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    assert!(shown.contains("wx.qq.com") && shown.contains("webwx_data_ticket"), "{shown}");
}
