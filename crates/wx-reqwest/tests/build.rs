//! Configurations that are refused.

#![allow(clippy::unwrap_used)]

use wx_proto::flow::FetchImage;
use wx_proto::{IdSource, ImageVariant, MsgId, Policy, Session, UnixMs};
use wx_reqwest::{Client, RunOptions, drive};
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use {wx_client::Transport, wx_client::proxy::ProxySettings, wx_reqwest::Http};

fn session() -> Session {
    let session = Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k").user_name("@me");
    session.data_ticket("t").build().unwrap()
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[test]
fn with_tls_there_is_https() {
    assert!(Client::new(session()).is_ok());
}

/// reqwest does not show what a builder has selected.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[test]
fn the_tls_library_of_a_custom_builder_is_unknown() {
    let custom = Http::defaults(&ProxySettings::none()).unwrap();
    for (builder, is_known) in [(None, true), (Some(custom), false)] {
        let http = Http::new(builder, session().site()).unwrap();
        assert_eq!(Http::info(Some(&http)).tls.is_some(), is_known);
    }
}

/// Otherwise it might use a proxy.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn a_request_to_a_loopback_address_is_for_a_loopback_client() {
    let server = wx_emulator::Emulator::start().unwrap();
    let loopback = Session::from_json_allow_loopback(server.session_json()).unwrap();
    let mut policy = Policy::default();
    policy.fetch_tries = 1;
    let (id, seed) = (MsgId::new("1").unwrap(), IdSource::process().seed(UnixMs::new(1), [0; 16]));
    let mut flow =
        FetchImage::new(&loopback, id, ImageVariant::Original, true, seed, policy).unwrap();
    let client = Client::new(session()).unwrap();
    drive(client.http(), client.session_cell(), &mut (), &mut flow, &mut RunOptions::new())
        .await
        .unwrap_err();
    assert_eq!(server.requests().len(), 0);
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[test]
fn without_tls_there_is_no_https() {
    assert_eq!(Client::new(session()).unwrap_err(), wx_reqwest::BuildError::NoTls);
}

/// No other test of this process may install a provider.
#[cfg(all(feature = "rustls", not(feature = "aws-lc-rs")))]
#[test]
fn without_a_crypto_provider_there_is_no_client() {
    assert_eq!(Client::new(session()).unwrap_err(), wx_reqwest::BuildError::NoCryptoProvider);
}

/// A system without certificates cannot verify a server, unless certificates are compiled in. The
/// environment cannot be changed within a process, so the test runs itself in a child process.
#[cfg(all(target_os = "linux", feature = "rustls"))]
#[test]
fn compiled_in_certificates_need_no_store() {
    if std::env::var_os("WX_TEST_CHILD").is_some() {
        assert_eq!(Client::new(session()).is_ok(), cfg!(feature = "webpki-roots"));
        return;
    }
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "compiled_in_certificates_need_no_store"]).env("WX_TEST_CHILD", "1");
    let output =
        child.env("SSL_CERT_FILE", "/dev/null").env_remove("SSL_CERT_DIR").output().unwrap();
    let output_text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && output_text.contains("1 passed"), "{output_text}");
}

#[test]
fn a_user_agent_is_printable() {
    assert!(Client::builder(session()).user_agent("a\r\nb: c").is_err());
    assert!(Client::builder(session()).user_agent("Mozilla/5.0 (X11; Linux x86_64)").is_ok());
}
