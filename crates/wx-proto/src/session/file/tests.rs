use super::*;
use crate::model::error_chain::ErrorChain;
use crate::model::request_error::RequestError;

fn example() -> Value {
    serde_json::json!({
        "version": 1, "profile": "web", "base": "https://wx.qq.com", "lang": "zh_CN",
        "uin": 2_272_112_421_u32,
        "sid": "canary+sid", "skey": "@crypt_canary", "pass_ticket": "canary%2B", "device_id": null,
        "user_name": "@2010", "mine": [1, 2], "synced_at": 1_700_000_000,
        "recent_messages": ["8997396119269472610"],
        "sync_key": {"Count": 1, "List": [{"Key": 1, "Val": 653_210_000}]},
        "cookies": [{"name": "webwx_data_ticket", "value": "canary=ticket", "domain": ".qq.com",
                     "host_only": false, "path": "/", "secure": true, "expires": null}]
    })
}

fn with(key: &str, value: Value) -> Result<Session, SessionError> {
    let mut file = example();
    file[key] = value;
    Session::from_json(file.to_string())
}

#[test]
fn goes_both_ways_and_keeps_unknown_keys() {
    let session = Session::from_json(example().to_string()).unwrap();
    let written: Value = serde_json::from_str(session.to_json().expose()).unwrap();
    assert_eq!(written, example());
    assert_eq!(Session::from_json(session.to_json().expose()).unwrap(), session);
}

#[test]
fn a_user_name_that_is_not_known_yet_is_an_at_sign_in_the_file() {
    let session = with("user_name", "@".into()).unwrap();
    assert_eq!((session.user_name(), session.awaits_init()), (None, true));
    assert_eq!(session.own_name(), Err(RequestError::InitDue));
    assert_eq!(Session::from_json(session.to_json().expose()).unwrap(), session);
    let written: Value = serde_json::from_str(session.to_json().expose()).unwrap();
    assert_eq!(written["user_name"], "@");
    let known = with("user_name", "@2010".into()).unwrap();
    assert_eq!(known.user_name().map(UserName::as_str), Some("@2010"));
    assert_eq!(with("user_name", "".into()), Err(SessionError::Invalid(SessionField::UserName)));
}

#[test]
fn p55_a_sync_key_that_is_none_reads_as_none_and_a_broken_one_is_an_error() {
    for none in [Value::Null, serde_json::json!({"Count": 0, "List": []})] {
        assert!(with("sync_key", none).unwrap().sync().key.is_none());
    }
    for broken in [Value::from(1), serde_json::json!({"Count": 1, "List": [{"Key": "x"}]})] {
        assert_eq!(
            with("sync_key", broken).unwrap_err(),
            SessionError::Invalid(SessionField::SyncKey)
        );
    }
    assert_eq!(
        with("recent_messages", "x".into()).unwrap_err(),
        SessionError::Invalid(SessionField::RecentMessages)
    );
    assert!(with("recent_messages", Value::Null).is_ok());
}

#[test]
fn p60_the_profile_is_kept_and_must_fit_the_base() {
    assert!(matches!(with("profile", "filehelper".into()), Err(SessionError::Host(_))));
    let mut helper = example();
    helper["profile"] = "filehelper".into();
    helper["base"] = "https://filehelper.weixin.qq.com".into();
    let session = Session::from_json(helper.to_string()).unwrap();
    assert_eq!(session.site().profile(), Profile::FileHelper);
    assert_eq!(Session::from_json(session.to_json().expose()).unwrap(), session);
}

#[test]
fn p12_uin_up_to_32_bits_as_number_or_text() {
    assert_eq!(with("uin", 4_294_967_295_u32.into()).unwrap().uin(), Some(4_294_967_295));
    assert_eq!(with("uin", "3141592653".into()).unwrap().uin(), Some(3_141_592_653));
    for bad in [4_294_967_296_u64.into(), Value::from(-1), "x".into(), 1.5.into()] {
        assert_eq!(with("uin", bad), Err(SessionError::Invalid(SessionField::Uin)));
    }
}

#[test]
fn each_defect_is_named() {
    assert_eq!(Session::from_json("{\"version\":"), Err(SessionError::NotJson));
    assert_eq!(Session::from_json("[]"), Err(SessionError::NotJson));
    assert_eq!(with("version", 2.into()), Err(SessionError::Version(Some(2))));
    assert_eq!(with("version", "1".into()), Err(SessionError::Version(None)));
    assert_eq!(
        with("profile", "desktop".into()),
        Err(SessionError::Invalid(SessionField::Profile))
    );
    assert_eq!(with("sid", 7.into()), Err(SessionError::Invalid(SessionField::Sid)));
    assert_eq!(with("cookies", "none".into()), Err(SessionError::Invalid(SessionField::Cookies)));
    for (key, value) in
        [("name", "a=1; b"), ("name", ""), ("value", "x\ny"), ("value", "1; b=2"), ("path", "x")]
    {
        let mut cookies = example()["cookies"].clone();
        cookies[0][key] = value.into();
        assert_eq!(
            with("cookies", cookies),
            Err(SessionError::Invalid(SessionField::Cookies)),
            "{key} {value:?}"
        );
    }
    for bad in ["", "zh\nCN", "zh CN", "zh&a=b"] {
        assert_eq!(
            with("lang", bad.into()),
            Err(SessionError::Invalid(SessionField::Lang)),
            "{bad:?}"
        );
    }
    for base in ["https://evil.example", "http://wx.qq.com", "http://127.0.0.1:1", "nonsense"] {
        assert!(matches!(with("base", base.into()), Err(SessionError::Host(_))), "{base}");
    }
    for key in ["base", "uin", "sid", "skey", "user_name", "cookies"] {
        let mut file = example();
        file.as_object_mut().unwrap().remove(key);
        let error = Session::from_json(file.to_string()).unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
    }
}

#[test]
fn no_defect_shows_the_value() {
    const CANARY: &str = "canary-424242424.canary.example";
    let mut shown = String::new();
    let mut check = |text: &str| {
        let error = Session::from_json(text).unwrap_err();
        shown += &format!("{} {error:?} {error:#?} ", ErrorChain(&error));
    };
    let odd = [
        Value::from(CANARY),
        424_242_424.into(),
        vec![CANARY].into(),
        serde_json::json!({ CANARY: CANARY, "Count": CANARY, "List": [CANARY] }),
        vec![serde_json::json!({ "name": CANARY, "value": [CANARY], "path": CANARY })].into(),
        format!("https://{CANARY}").into(),
        format!("http://{CANARY}/").into(),
        format!("http://127.0.0.1/{CANARY}?\n").into(),
        format!("{CANARY} \n").into(),
    ];
    let mut refused = 0;
    for key in example().as_object().unwrap().keys() {
        for value in &odd {
            if with(key, value.clone()).is_err() {
                refused += 1;
                let mut file = example();
                file[key] = value.clone();
                check(&file.to_string());
            }
        }
    }
    assert!(refused > 60, "{refused}");
    for text in [
        CANARY,
        "\"canary-424242424\"",
        "[424242424]",
        "{\"canary\":",
        "{\"canary\":1}",
        "424242424",
    ] {
        check(text);
    }
    assert!(!shown.contains("canary") && !shown.contains("424242424"), "{shown}");
}

#[test]
fn p3_loopback_needs_its_own_constructor() {
    let mut file = example();
    file["base"] = "http://127.0.0.1:8080".into();
    let refused = Session::from_json(file.to_string()).unwrap_err();
    let refused = ErrorChain(&refused).to_string();
    assert!(refused.contains("\"127.0.0.1\"") && refused.contains("allow_loopback"), "{refused}");
    assert!(Session::from_json_allow_loopback(file.to_string()).unwrap().hosts().is_loopback());
    file["base"] = "http://192.168.0.1:8080".into();
    assert!(Session::from_json_allow_loopback(file.to_string()).is_err());
}

#[test]
fn p8_the_data_ticket_is_read_from_the_jar() {
    let session = Session::from_json(example().to_string()).unwrap();
    assert_eq!(session.data_ticket(UnixMs::EPOCH).unwrap().expose(), "canary=ticket");
    assert_eq!(
        with("cookies", Value::Array(vec![])).unwrap().check_upload(UnixMs::EPOCH),
        Err(RequestError::NoDataTicket)
    );
    let mut expiring = example();
    expiring["cookies"][0]["expires"] = 100.into();
    let session = Session::from_json(expiring.to_string()).unwrap();
    assert_eq!(session.check_upload(UnixMs::new(99_999)), Ok(()));
    let since = UnixMs::new(100_000);
    assert_eq!(session.check_upload(since), Err(RequestError::LoginOver { since }));
    assert!(RequestError::NoDataTicket.to_string().contains("webwx_data_ticket"));
    assert_eq!(
        with("skey", "".into()).unwrap().check_upload(UnixMs::EPOCH),
        Err(RequestError::NotLoggedIn)
    );
}

#[test]
fn p15_debug_shows_no_secret() {
    let session = Session::from_json(example().to_string()).unwrap();
    let shown = format!("{session:?} {:?}", session.to_json());
    assert!(shown.contains("https://wx.qq.com") && shown.contains("webwx_data_ticket"), "{shown}");
    assert!(!shown.contains("canary") && !shown.contains("2272112421"), "{shown}");
}
