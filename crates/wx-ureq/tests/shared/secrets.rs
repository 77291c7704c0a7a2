//! Nothing that can be printed shows a secret.

use std::error::Error as _;

use wx_emulator::Emulator;
use wx_proto::Error;

use super::network::{listen, one_try};
use super::{Transport, client, client_at, friend, server, small};

pub(crate) fn nothing_shows_secrets<T: Transport>() {
    let server = server(&[]);
    let client: T = client(&server);
    assert_no_secret(&server, &client.debug());
    // Errors of the client itself, as they come with a URL inside: `faults_while_sending` looks at the others.
    let dead = {
        let address = listen(drop);
        client_at::<T>(&address, one_try())
    };
    let error = dead.upload(&friend(&server), small()).unwrap_err();
    assert_secret_free(&server, &error);
}

pub(super) fn assert_secret_free(server: &Emulator, error: &Error) {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(" {error} {error:?}");
        source = error.source();
    }
    assert!(!text.contains("://") && !text.contains("/cgi-bin"), "a URL: {text}");
    assert_no_secret(server, &text);
}

fn assert_no_secret(server: &Emulator, text: &str) {
    let json: serde_json::Value = serde_json::from_str(&server.session_json()).unwrap();
    let cookies = json["cookies"].as_array().unwrap().iter().map(|cookie| &cookie["value"]);
    let mut secrets = 0;
    for secret in [&json["sid"], &json["skey"], &json["pass_ticket"]].into_iter().chain(cookies) {
        let Some(secret) = secret.as_str().filter(|secret| secret.len() > 3) else { continue };
        assert!(!text.contains(secret), "{text}");
        secrets += 1;
    }
    assert!(secrets >= 4, "only {secrets} secrets to look for");
}
