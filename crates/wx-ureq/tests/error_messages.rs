//! What people read: every chain of errors in sentences that are said once.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../../wx-proto/tests/shared/error_walk.rs"]
mod error_walk;

use error_walk::ErrorWalk;
use wx_client::proxy::ProxySettings;
use wx_ureq::wx_proto::{Error, ReplyError, Session, Step};
use wx_ureq::{BuildError, LoginError};

fn builds() -> Vec<BuildError> {
    let refused = |name| ProxySettings::parse(|set| (set == name).then(|| "ftp://a".into()));
    let proxy = |name| BuildError::Proxy(refused(name).unwrap_err());
    vec![BuildError::NoTls, BuildError::Unverified, proxy("ALL_PROXY"), proxy("https_proxy")]
}

#[test]
fn every_chain_is_made_of_sentences_that_are_said_once() {
    let mut walk = ErrorWalk::new(env!("CARGO_MANIFEST_DIR"));
    walk.errors("BuildError", builds());
    let session = Session::builder("https://wx.qq.com").uin(1).user_name("@me").build().unwrap();
    let mut logins: Vec<_> = builds().into_iter().map(LoginError::Build).collect();
    for reply in [ReplyError::Empty, ReplyError::Status(503)] {
        let error = Error::new(Step::Init, reply);
        logins.push(LoginError::Login(error.clone()));
        logins.push(LoginError::Unfinished { error, session: Box::new(session.clone()) });
    }
    walk.errors("LoginError", logins);
    walk.finish();
}
