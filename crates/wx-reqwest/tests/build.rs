//! What a client cannot be made of.

#![allow(clippy::unwrap_used)]

use wx_proto::Session;
use wx_reqwest::Client;

fn session() -> Session {
    let session = Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k").user_name("@me");
    session.data_ticket("t").build().unwrap()
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[test]
fn with_tls_there_is_https() {
    assert!(Client::new(session()).is_ok());
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[test]
fn without_tls_there_is_no_https() {
    assert_eq!(Client::new(session()).unwrap_err(), wx_reqwest::BuildError::NoTls);
}

#[test]
fn a_user_agent_is_printable() {
    assert!(Client::builder(session()).user_agent("a\r\nb: c").is_err());
    assert!(Client::builder(session()).user_agent("Mozilla/5.0 (X11; Linux x86_64)").is_ok());
}
