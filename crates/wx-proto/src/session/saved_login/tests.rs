//! Tests with the saved logins of the vector.

mod cookies;
mod values;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::model::fields::SavedLoginField;
use crate::model::hosts::HostError;

fn vector() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/saved_logins.json")).unwrap()
}

/// Returns the bytes of a case, which is text, base64 or hex digits.
fn bytes(case: &Value) -> Vec<u8> {
    if let Some(text) = case["text"].as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(base64) = case["base64"].as_str() {
        return STANDARD.decode(base64).unwrap();
    }
    let hex = case["hex"].as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Returns the case whose name begins like this.
fn case(name: &str) -> Value {
    let vector = vector();
    let mut cases = vector["cases"].as_array().unwrap().iter();
    cases.find(|case| case["name"].as_str().unwrap().starts_with(name)).unwrap().clone()
}

/// Returns a changed case, as JSON.
fn with(name: &str, change: impl FnOnce(&mut Value)) -> Result<SavedLogin, SavedLoginError> {
    let mut file = serde_json::from_slice(&bytes(&case(name))).unwrap();
    change(&mut file);
    SavedLogin::read(file.to_string())
}

/// Returns the session file, as far as the vector describes it.
fn described(session: &Session) -> Value {
    let mut file: Value = serde_json::from_str(session.to_json().expose()).unwrap();
    let cookies = file["cookies"].as_array_mut().unwrap();
    cookies.sort_by_key(|cookie| cookie["name"].as_str().unwrap().to_owned());
    for cookie in cookies {
        let domain = cookie["domain"].as_str().unwrap().trim_start_matches('.').to_owned();
        cookie["domain"] = domain.into();
    }
    file.as_object_mut().unwrap().remove("recent_messages");
    file
}

#[test]
fn p100_every_saved_login_of_the_vector() {
    let mut read = Vec::new();
    for case in vector()["cases"].as_array().unwrap() {
        let (name, file) = (case["name"].as_str().unwrap(), bytes(case));
        if name.starts_with("itchat") {
            continue;
        }
        let saved = SavedLogin::read(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
        read.push(saved.client());
        let mut expected = case["expect"].clone();
        // The formats have no language. An unknown name is an at sign in a session file.
        expected["lang"] = "zh_CN".into();
        if expected["user_name"] == "" {
            expected["user_name"] = "@".into();
        }
        for cookie in expected["cookies"].as_array_mut().unwrap() {
            let domain = cookie["domain"].as_str().unwrap().trim_start_matches('.').to_owned();
            cookie["domain"] = domain.into();
        }
        assert_eq!(described(saved.session()), expected, "{name}");
        let mut with_mark = b"\xef\xbb\xbf \n".to_vec();
        with_mark.extend(&file);
        assert_eq!(SavedLogin::read(&with_mark), Ok(saved), "{name}");
    }
    let expected = [
        OtherClient::Wechat4u,
        OtherClient::Wechat4FileHelper,
        OtherClient::PuppetWechat4u,
        OtherClient::PuppetWechat4u,
        OtherClient::PuppetWechat,
        OtherClient::OpenWechat,
        OtherClient::OpenWechat,
        OtherClient::WxFileHelperApi,
        OtherClient::WxFileHelperApi,
    ];
    assert_eq!(read, expected);
}

#[test]
fn p99_pickles_are_refused_by_their_first_bytes() {
    let vector = vector();
    let cases = vector["cases"].as_array().unwrap().iter();
    let refused = vector["refused"].as_array().unwrap().iter();
    let mut pickles: Vec<_> = cases
        .chain(refused)
        .filter(|case| case["text"].is_null())
        .map(|case| (case["name"].to_string(), bytes(case)))
        .collect();
    assert_eq!(pickles.len(), 6);
    pickles.push(("protocol 0".to_owned(), b"(dp0\nS'version'\np1\nS'1.3.10'\np2\ns.".to_vec()));
    pickles.push(("protocol 1".to_owned(), b"}q\x00(U\x07versionq\x01U\x061.3.10u.".to_vec()));
    pickles.push(("protocol 2".to_owned(), b"\x80\x02}q\x00.".to_vec()));
    pickles.push(("only the protocol".to_owned(), b"\x80\x05".to_vec()));
    for (name, pickle) in pickles {
        assert_eq!(SavedLogin::read(&pickle), Err(SavedLoginError::Pickle), "{name}");
    }
    assert_eq!(SavedLogin::read(b"\x80\x06}."), Err(SavedLoginError::Unrecognised));
    for placeholder in ["itchat - DELETE THIS", "itchat - DELETE THIS\n"] {
        assert_eq!(SavedLogin::read(placeholder), Err(SavedLoginError::Placeholder));
    }
}

#[test]
fn p100_what_is_no_login_is_named() {
    let vector = vector();
    let refused = |name: &str| {
        let mut cases = vector["refused"].as_array().unwrap().iter();
        let case = cases.find(|case| case["name"].as_str().unwrap().starts_with(name)).unwrap();
        SavedLogin::read(bytes(case)).unwrap_err()
    };
    let openwechat = OtherClient::OpenWechat;
    assert_eq!(refused("openwechat without"), SavedLoginError::NoCookies(openwechat));
    let host = SavedLoginError::Host {
        client: OtherClient::WxFileHelperApi,
        field: SavedLoginField::EntryHost,
        error: HostError::Foreign { host: None },
    };
    assert_eq!(refused("host outside"), host);
    assert_eq!(refused("not logged in"), SavedLoginError::NoLogin(OtherClient::Wechat4u));

    let session = Session::builder("https://wx.qq.com").uin(1).build().unwrap();
    let own = session.to_json();
    assert_eq!(SavedLogin::read(own.expose()), Err(SavedLoginError::SessionFile));
    let others =
        ["", " ", "x", "[]", "7", "null", r#"{"a":1}"#, r#"{"PUPPET_PADLOCAL":{}}"#, "\u{0}"];
    for other in others {
        assert_eq!(SavedLogin::read(other), Err(SavedLoginError::Unrecognised), "{other:?}");
    }
    assert_eq!(SavedLogin::read(b"{\xff}"), Err(SavedLoginError::Unrecognised));
    // Wechaty empties the card at a logout.
    assert_eq!(SavedLogin::read("{ }\n"), Err(SavedLoginError::Empty));
    assert!(SavedLoginError::Empty.needs_new_login());
}

#[test]
fn p100_a_file_without_a_login_is_one_of_a_logged_out_client() {
    type Change = fn(&mut Value);
    let empty: [(&str, Change); 8] = [
        ("openwechat", |file| file["BaseRequest"]["Sid"] = "".into()),
        ("openwechat", |file| file["BaseRequest"]["Uin"] = 0.into()),
        ("wechat4u", |file| file["PROP"]["uin"] = "".into()),
        ("wechat4u in", |file| file["PUPPET-WECHAT4U"] = Value::Null),
        ("wechat4u in", |file| file["PUPPET-WECHAT4U"] = json!({})),
        ("wechat4u in", |file| file["PUPPET-WECHAT4U"]["PROP"] = Value::Null),
        ("puppet", |file| file["PUPPET_WECHAT"] = json!([])),
        ("wx-filehelper", |file| file["sid"] = "".into()),
    ];
    for (name, change) in empty {
        let refused = with(name, change).unwrap_err();
        assert!(matches!(refused, SavedLoginError::NoLogin(_)), "{name}: {refused:?}");
        assert!(refused.needs_new_login());
    }
}

#[test]
fn p100_a_truncated_file_or_one_with_more_after_it_is_an_error() {
    for name in ["openwechat", "wechat4u", "puppet", "wx-filehelper"] {
        let file = bytes(&case(name));
        let file = file.trim_ascii_end();
        for end in 1..file.len() {
            assert_eq!(SavedLogin::read(&file[..end]), Err(SavedLoginError::NotJson), "{end}");
        }
        for more in ["x", "{}", "\0"] {
            let longer = [file, more.as_bytes()].concat();
            assert_eq!(SavedLogin::read(longer), Err(SavedLoginError::NotJson), "{more:?}");
        }
    }
    // Unknown values are skipped however deep they are.
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(SavedLogin::read(deep), Err(SavedLoginError::Unrecognised));
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(SavedLogin::MAX_LEN));
    assert_eq!(SavedLogin::read(long), Err(SavedLoginError::TooLarge));
}
