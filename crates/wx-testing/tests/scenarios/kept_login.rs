//! Logins that fail, or that continue an earlier one.

use std::time::Duration;

use serde_json::Value;
use wx_proto::flow::LoginState;
use wx_proto::{Advice, Policy, Session, Step};

use super::life::{name, short_waits};
use super::{
    LoginFrom, Server, Transport, assert_secret_free, friend, place, quiet, server, session, small,
};

/// Returns a policy with short waits.
fn quick() -> Policy {
    let mut policy = short_waits();
    policy.back_off = Duration::from_millis(1);
    (policy.login_tries, policy.chunk_tries) = (2, 2);
    policy
}

/// Starts a server with this fault in the first calls to an endpoint.
fn server_with(fault: &str, endpoint: &str, times: usize) -> Server {
    let faults: Vec<_> = (1..=times).map(|n| format!("{fault}@{endpoint}#{n}")).collect();
    server(&faults.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A login that was confirmed on the phone is kept for the next program, even if webwxinit fails.
pub(crate) fn a_login_whose_webwxinit_fails_is_kept<T: Transport>() {
    for (fault, tries) in [
        ("ret=-1", 2),
        ("ret=1205", 1),
        ("status=500", 2),
        ("status=502", 2),
        ("status=429", 2),
        ("html", 2),
        ("empty", 2),
        ("cut=100", 2),
        // Includes the repeats on a new connection, which do not count as tries.
        ("drop=before", 2 + 2 * usize::from(T::KEEPS)),
        ("drop=after", 2 + 2 * usize::from(T::KEEPS)),
        ("delay=1500", 2),
        ("redirect=https://hotel.example/", 2),
    ] {
        // A failure that ends before the last try is not reported.
        let once = server_with(fault, "webwxinit", tries.min(2) - 1);
        T::login(LoginFrom::Code(place::site(&once)), quick(), |_| ()).unwrap();

        let server = server_with(fault, "webwxinit", tries);
        let mut opened = None;
        let none = T::login(LoginFrom::Code(place::site(&server)), quick(), |state| {
            if let LoginState::Opened { session } = state {
                opened = Some(session.clone());
            }
        });
        let none = none.err().unwrap();
        assert_secret_free(&server, &none.error);
        assert_eq!(none.error.step, Step::Init, "{fault}");
        let kept = none.session.unwrap();
        assert_eq!(Some(&kept), opened.as_ref());
        let saved = place::read(kept.to_json().expose());
        let client = T::new(saved, quick(), None);
        assert!(client.send(&friend(&server), small(), quiet).is_err(), "the sender is unknown");
        client.restore().unwrap();
        client.send(&friend(&server), small(), quiet).unwrap();
    }
    let server = server(&["ret=1101@webwxinit"]);
    let none = T::login(LoginFrom::Code(place::site(&server)), quick(), |_| ()).err().unwrap();
    assert_eq!((none.error.advice(), none.session), (Advice::LoginAgain, None));
}

/// After a logout, the phone can be asked for confirmation. If the reply cannot be parsed, a QR
/// code follows.
pub(crate) fn a_question_that_cannot_be_asked_becomes_a_code<T: Transport>() {
    let mut ways = vec![(None, vec!["asked", "scanned", "confirmed", "opened"])];
    for fault in ["status=404", "status=500", "html", "empty", "drop=before", "drop=after", "cut=9"]
    {
        ways.push((Some(fault), vec!["trouble", "code", "scanned", "confirmed", "opened"]));
    }
    for (fault, expected) in ways {
        let server = server(&[]);
        let client = T::new(session(&server), quick(), None);
        client.logout().unwrap();
        if let Some(fault) = fault {
            server.add_fault(format!("{fault}@webwxpushloginurl").parse().unwrap());
        }
        let mut observed = Vec::new();
        let mut left: Value = serde_json::from_str(client.session().to_json().expose()).unwrap();
        left["later"] = "kept".into();
        let left = Session::from_json_allow_loopback(left.to_string()).unwrap();
        let from = LoginFrom::Push(left);
        let client = T::login(from, quick(), |state| observed.push(name(state))).unwrap();
        assert_eq!(observed, expected, "{fault:?}");
        // A field that a later version has added to the file is kept for the same account.
        let file: Value = serde_json::from_str(client.session().to_json().expose()).unwrap();
        assert_eq!(file["later"], "kept", "{fault:?}");
        client.send(&friend(&server), small(), quiet).unwrap();
    }
}

/// A logout that the server has not confirmed can be repeated. A confirmed logout leaves no
/// secrets.
pub(crate) fn only_a_good_logout_is_one<T: Transport>() {
    for (fault, tries) in [
        ("ret=1", 1),
        ("ret=-1", 2),
        ("ret=1101", 1),
        ("status=404", 1),
        ("status=500", 2),
        ("status=503", 2),
        ("status=200", 2),
        ("redirect=https://hotel.example/login", 2),
        ("drop=before", 2),
        ("drop=after", 2),
    ] {
        let server = server_with(fault, "webwxlogout", tries);
        let client = T::new(session(&server), quick(), None);
        let before = client.session();
        let error = client.logout().unwrap_err();
        assert_eq!(error.step, Step::Logout, "{fault}");
        assert_secret_free(&server, &error);
        assert_eq!(client.session(), before, "{fault}");
        client.logout().unwrap();
        let left = client.session().to_json().expose().to_lowercase();
        for secret in [before.sid(), before.skey()] {
            assert!(!left.contains(&secret.unwrap().expose().to_lowercase()), "{fault}");
        }
        assert!(
            !left.contains("webwx_data_ticket") && left.contains("webwx_auth_ticket"),
            "{left}"
        );
        assert!(client.clone_client().logout().is_err());
    }
}
