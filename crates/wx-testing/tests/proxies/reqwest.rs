use std::net::SocketAddr;

use tokio::runtime::Runtime;
use wx_client::proxy::ProxySettings;
use wx_reqwest::reqwest::{ClientBuilder, Proxy};
use wx_reqwest::wx_client::Transport;
use wx_reqwest::{BuildError, CancelToken, Http};

use super::table::{HOST, check, check_choices, check_environment};
use super::{request, site};

fn send(
    runtime: &Runtime,
    builder: Option<ClientBuilder>,
    server: SocketAddr,
) -> Result<(), BuildError> {
    let builder = builder.map(|builder| builder.resolve(HOST, server));
    let http = Http::new(builder, &site())?;
    assert!(runtime.block_on(http.send(request(), &CancelToken::new())).is_err());
    Ok(())
}

#[test]
fn a_proxy_is_used_or_refused_and_never_passed_by() {
    let runtime = Runtime::new().unwrap();
    check(|settings, server| send(&runtime, Some(Http::defaults(settings)?), server));
}

#[test]
fn a_builder_that_names_no_proxy_leaves_it_to_the_environment() {
    let runtime = Runtime::new().unwrap();
    check_environment(
        "reqwest::a_builder_that_names_no_proxy_leaves_it_to_the_environment",
        |server| send(&runtime, Some(ClientBuilder::new()), server),
    );
}

#[test]
fn the_proxy_of_a_builder_precedes_the_environment() {
    let runtime = Runtime::new().unwrap();
    check_choices("reqwest::the_proxy_of_a_builder_precedes_the_environment", |proxy, server| {
        let builder = match proxy {
            Some(proxy) => ClientBuilder::new().proxy(Proxy::all(proxy).unwrap()),
            None => Http::defaults(&ProxySettings::none())?,
        };
        send(&runtime, Some(builder), server)
    });
}
