//! What people read: every chain of errors in sentences that are said once.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../../wx-proto/tests/shared/error_walk.rs"]
mod error_walk;

use error_walk::ErrorWalk;
use wx_client::proxy::ProxySettings;
use wx_reqwest::wx_proto::{Error, ReplyError, Session, Step};
use wx_reqwest::{BuildError, LoginError};

fn builds() -> [BuildError; 3] {
    let proxy = ProxySettings::parse(|_| Some("ftp://proxy".into())).unwrap_err();
    [BuildError::NoTls, BuildError::Client, BuildError::Proxy(proxy)]
}

#[test]
fn every_chain_is_made_of_sentences_that_are_said_once() {
    let mut walk = ErrorWalk::new(env!("CARGO_MANIFEST_DIR"));
    walk.errors("BuildError", builds());
    let error = || Error::new(Step::Init, ReplyError::Empty);
    let mut logins = vec![
        LoginError::Login(error()),
        LoginError::Unfinished {
            error: error(),
            session: Box::new(
                Session::builder("https://wx.qq.com").uin(1).user_name("@me").build().unwrap(),
            ),
        },
    ];
    logins.extend(builds().map(LoginError::Build));
    walk.errors("LoginError", logins);
    walk.finish();
}
