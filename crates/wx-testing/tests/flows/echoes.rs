//! A server repeats the secrets of the login wherever they can get into an error, in every
//! encoding. At most seven characters of a secret are shown.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use wx_proto::flow::{FetchImage, ListContacts, Login, Logout, NextMessages, Restore, SendMessage};
use wx_proto::{Error, ErrorKind, ImageVariant, MsgId, Policy, Profile, ReplyError, Session, Site};

use wx_testing::harness::*;

/// The skey, the new skey, sid, pass_ticket, cookies, ticket and QR code of a login, and a secret
/// that is a word.
const SECRETS: [&str; 8] = [
    "@crypt_a936502b_74e29c164b1802c5bfd4b1f9a7db4b5e",
    "@crypt_77777777_0123456789abcdef0123456789abcdef",
    "oMrabhVznekD3NaC",
    "QK9vdXTAjA%2BNsdTKiOoLrd2hcQL0Bg3zW37ZzeBXSUVo",
    "gSclXf8xWo+vFd/9TeUeQn8z",
    "A9aVDFhY0Cp_U4eNHnHGyMeZ@qrticket_0",
    "obsrQxOVSg==",
    "nothingbutsmallletters",
];

fn session() -> Session {
    Session::builder("https://wx.qq.com")
        .uin(2_272_112_421)
        .sid(SECRETS[2])
        .skey(SECRETS[0])
        .pass_ticket(SECRETS[3])
        .user_name("@me")
        .data_ticket(SECRETS[4])
        .build()
        .unwrap()
}

/// Returns a text in all encodings that a server or an intermediary may use.
fn spellings(secret: &str) -> Vec<String> {
    let each = |spell: &dyn Fn(char) -> String| secret.chars().map(spell).collect::<String>();
    let outside = |spell: &dyn Fn(char) -> String| {
        each(&|c| if c.is_ascii_alphanumeric() { c.to_string() } else { spell(c) })
    };
    let upper = |c: char| format!("%{:02X}", u32::from(c));
    let lower = |c: char| format!("%{:02x}", u32::from(c));
    let twice = |text: String| text.replace('%', "%25");
    let mut all = vec![
        secret.to_owned(),
        outside(&upper),
        outside(&lower),
        each(&upper),
        each(&lower),
        twice(outside(&upper)),
        twice(each(&lower)),
        outside(&|c| format!("&#{};", u32::from(c))),
        each(&|c| format!("&#x{:x};", u32::from(c))),
        outside(&|c| format!("\\u{:04x}", u32::from(c))),
        each(&|c| format!("\\u{:04X}", u32::from(c))),
        secret.replace('/', "\\/").replace('=', "\\x3d"),
        secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for before in ["", "k", "ke"] {
        all.push(STANDARD.encode(format!("{before}{secret}")));
        all.push(URL_SAFE_NO_PAD.encode(format!("{before}{secret}&x=y")));
    }
    // The beginning alone, and the text with invisible characters in between.
    all.push(secret.chars().take(8).collect());
    all.push(secret.chars().take(9).collect());
    all.push(secret.chars().flat_map(|c| [c, '\u{1}']).collect());
    all.push(secret.chars().flat_map(|c| [c, '\u{200b}']).collect());
    all
}

fn show(error: &Error) -> String {
    format!("{} {error:?}", error.chain())
}

fn assert_silent(error: &Error, echoed: &str) {
    static STARTS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let spelled = SECRETS.iter().flat_map(|secret| spellings(secret));
        spelled.map(|spelled| spelled.chars().take(8).collect()).collect()
    });
    let shown = show(error);
    for start in STARTS.iter() {
        assert!(!shown.contains(start), "{start} of {echoed}: {shown}");
    }
}

/// Ends a job of each kind with this answer.
fn ends(answer: &Answer) -> Vec<Error> {
    let (policy, bytes) = (Policy::default(), jpeg(100));
    let mut errors = Vec::new();
    let harness = || Harness::new(bytes.clone(), vec![answer.clone(); 4]);
    let send = SendMessage::media(&session(), media(&bytes), to(), SEED, policy.clone());
    errors.extend(harness().run(&mut send.unwrap()).err());
    let fetch = FetchImage::new(
        &session(),
        MsgId::new("7").unwrap(),
        ImageVariant::Original,
        true,
        SEED,
        policy.clone(),
    );
    errors.extend(harness().run(&mut fetch.unwrap()).err());
    errors
        .extend(harness().run(&mut Restore::new(&session(), SEED, policy.clone()).unwrap()).err());
    errors.extend(
        harness().run(&mut ListContacts::new(&session(), SEED, policy.clone()).unwrap()).err(),
    );
    errors.extend(harness().run(&mut Logout::new(&session(), SEED, policy.clone()).unwrap()).err());
    errors.extend(harness().run(&mut NextMessages::new(&session(), SEED, policy).unwrap()).err());
    errors
}

/// Ends a login with these answers.
fn login_ends(answers: impl IntoIterator<Item = Answer>) -> Error {
    let mut policy = Policy::default();
    policy.login_codes = 1;
    let mut login = Login::new(Site::new(Profile::Web), SEED, policy);
    Harness::new("", answers).run(&mut login).unwrap_err()
}

#[test]
fn p15_a_servers_words_show_no_secret() {
    for spelled in SECRETS.iter().flat_map(|secret| spellings(secret)) {
        // This also applies where the message is truncated.
        let words = format!("{spelled} key={spelled}&x {} {spelled}", "长".repeat(180));
        let json = serde_json::json!({ "BaseResponse": { "Ret": 1101, "ErrMsg": words } });
        let errors = ends(&ok(json.to_string()));
        assert!(errors.len() >= 5, "{errors:?}");
        errors.iter().for_each(|error| assert_silent(error, &words));
        let words = words.replace('&', "&amp;");
        let page = ok(format!("<error><ret>1203</ret><message>{words}</message></error>"));
        let error = login_ends([super::login::code(), super::login::polled(2), page]);
        assert!(matches!(error.kind, ErrorKind::Reply(ReplyError::Refused { .. })), "{error:?}");
        assert_silent(&error, &words);
    }
}

fn fetch_ends(answer: Answer) -> Error {
    let id = MsgId::new("7").unwrap();
    let fetch =
        FetchImage::new(&session(), id, ImageVariant::Original, true, SEED, Policy::default());
    Harness::new("", vec![answer; 3]).run(&mut fetch.unwrap()).unwrap_err()
}

#[test]
fn p15_hosts_encodings_and_first_bytes_show_no_secret() {
    for spelled in SECRETS.iter().flat_map(|secret| spellings(secret)) {
        let answer = |header: &'static str, value: &str, body: &str| {
            Answer::Reply(302, vec![(header, value.to_owned())], body.to_owned().into())
        };
        let is_header = spelled.bytes().all(|byte| byte.is_ascii_graphic());
        for url in [
            format!("https://{spelled}/"),
            format!("https://{spelled}.evil.example/"),
            format!("https://wx.qq.com.{spelled}/?{spelled}"),
        ] {
            if is_header {
                assert_silent(&fetch_ends(answer("location", &url, "moved")), &url);
            }
            let polled = ok(format!("window.code=200;window.redirect_uri=\"{url}\";"));
            assert_silent(&login_ends([super::login::code(), polled]), &url);
        }
        for body in [spelled.clone(), format!("{spelled} and more")] {
            let headers = vec![("content-length", body.len().to_string())];
            assert_silent(&fetch_ends(Answer::Reply(200, headers, body.into())), &spelled);
        }
        if is_header {
            let encoded =
                Answer::Reply(200, vec![("content-encoding", spelled.clone())], "x".into());
            assert_silent(&fetch_ends(encoded), &spelled);
        }
    }
}
