//! No printable value contains a secret.

use wx_client::Health;
use wx_client::health::HealthStatus;
use wx_emulator::Emulator;
use wx_proto::Error;

use super::network::{listen, one_try};
use super::{Transport, client, client_at, friend, server, small};
use wx_testing::canary::{assert_none, secrets};

pub(crate) fn nothing_shows_secrets<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    assert_no_secret(&server, &client.debug());
    assert!(checked_health(&server, &client).status() < HealthStatus::Warning);
    for fault in ["echo=plain", "ret=1101", "html", "redirect=https://example.com/?a=b"] {
        let server = super::server(&[&format!("{fault}@webwxbatchgetcontact")]);
        checked_health(&server, &super::client::<T>(&server));
    }
    // Errors of the HTTP client, which contain a URL. Other errors are checked by
    // `faults_while_sending`.
    let dead = {
        let address = listen(drop);
        client_at::<T>(&address, one_try())
    };
    let error = dead.upload(&friend(&server), small()).unwrap_err();
    assert_secret_free(&server, &error);
}

/// Returns the report on a client, which must not contain a secret either.
fn checked_health<T: Transport>(server: &Emulator, client: &T) -> Health {
    let health = client.health();
    let text = format!("{health} {health:?} {health:#?}");
    assert!(!text.contains("/cgi-bin") && !text.contains(server.user_name()), "{text}");
    assert_no_secret(server, &text);
    health
}

pub(super) fn assert_secret_free(server: &Emulator, error: &Error) {
    let text = format!("{} {error:?} {error:#?}", error.chain());
    assert!(!text.contains("://") && !text.contains("/cgi-bin"), "a URL: {text}");
    assert_no_secret(server, &text);
}

fn assert_no_secret(server: &Emulator, text: &str) {
    assert_none(&secrets(server), text);
}
