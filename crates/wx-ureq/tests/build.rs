//! Configurations that are refused.

#![allow(clippy::unwrap_used)]

use wx_proto::Session;
use wx_ureq::{BuildError, Client};

fn session() -> Session {
    let session = Session::builder("https://wx.qq.com").uin(1).sid("s").skey("k").user_name("@me");
    session.data_ticket("t").build().unwrap()
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
mod with_tls {
    use super::*;
    use wx_client::Transport;
    use wx_client::transport_info::TlsLibrary;
    use wx_ureq::Http;
    use wx_ureq::ureq::config::Config;
    use wx_ureq::ureq::tls::{TlsConfig, TlsProvider};

    #[test]
    fn p3_certificates_are_verified_or_there_is_no_client() {
        let build = |tls| {
            let config = Config::builder().tls_config(tls).build();
            Http::new(Some(config), session().site())
        };
        let tls = || {
            TlsConfig::builder().provider(if cfg!(feature = "rustls") {
                TlsProvider::Rustls
            } else {
                TlsProvider::NativeTls
            })
        };
        assert!(build(tls().build()).is_ok());
        assert_eq!(
            build(tls().disable_verification(true).build()).unwrap_err(),
            BuildError::Unverified
        );
        assert!(Client::new(session()).is_ok());
    }

    #[test]
    fn the_tls_library_in_use_is_reported() {
        for (provider, library, is_built_in) in [
            (TlsProvider::Rustls, TlsLibrary::Rustls, cfg!(feature = "rustls")),
            (TlsProvider::NativeTls, TlsLibrary::NativeTls, cfg!(feature = "native-tls")),
        ] {
            let tls = TlsConfig::builder().provider(provider).build();
            let config = Config::builder().tls_config(tls).build();
            if let Ok(http) = Http::new(Some(config), session().site()) {
                assert_eq!((Http::info(Some(&http)).tls, is_built_in), (Some(library), true));
            }
        }
    }

    #[cfg(not(all(feature = "rustls", feature = "native-tls")))]
    #[test]
    fn a_tls_library_that_is_not_built_in_is_an_error_not_a_panic() {
        let other =
            if cfg!(feature = "rustls") { TlsProvider::NativeTls } else { TlsProvider::Rustls };
        let config =
            Config::builder().tls_config(TlsConfig::builder().provider(other).build()).build();
        assert_eq!(Http::new(Some(config), session().site()).unwrap_err(), BuildError::NoTls);
    }
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
#[test]
fn without_tls_there_is_no_https() {
    assert_eq!(Client::new(session()).unwrap_err(), BuildError::NoTls);
}

#[test]
fn a_user_agent_is_printable() {
    assert!(Client::builder(session()).user_agent("a\r\nb: c").is_err());
    assert!(Client::builder(session()).user_agent("Mozilla/5.0 (X11; Linux x86_64)").is_ok());
}
