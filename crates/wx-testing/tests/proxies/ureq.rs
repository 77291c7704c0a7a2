use std::net::SocketAddr;

use wx_client::proxy::ProxySettings;
use wx_ureq::ureq::Proxy;
use wx_ureq::ureq::config::Config;
use wx_ureq::wx_client::Transport;
use wx_ureq::{BuildError, CancelToken, Http};

use super::table::{HOST, check, check_choices, check_environment};
use super::{request, site};

fn send(config: Config, server: SocketAddr) -> Result<(), BuildError> {
    let http = Http::new(Some(config), &site())?.resolve(HOST, server);
    assert!(pollster::block_on(http.send(request(), &CancelToken::new())).is_err());
    Ok(())
}

#[test]
fn a_proxy_is_used_or_refused_and_never_passed_by() {
    check(|settings, server| send(Http::defaults(settings)?.build(), server));
}

#[test]
fn a_configuration_that_names_no_proxy_leaves_it_to_the_environment() {
    check_environment(
        "ureq::a_configuration_that_names_no_proxy_leaves_it_to_the_environment",
        |server| send(Config::builder().build(), server),
    );
}

#[test]
fn the_proxy_of_a_configuration_precedes_the_environment() {
    check_choices(
        "ureq::the_proxy_of_a_configuration_precedes_the_environment",
        |proxy, server| {
            let builder = match proxy {
                Some(proxy) => Config::builder().proxy(Some(Proxy::new(proxy).unwrap())),
                None => Http::defaults(&ProxySettings::none())?,
            };
            send(builder.build(), server)
        },
    );
}
