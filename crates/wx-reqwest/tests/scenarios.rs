//! What both transports have to do alike: the list is in wx-ureq's `tests/shared/scenarios.rs`.

#![allow(clippy::unwrap_used)]

#[path = "../../wx-ureq/tests/shared/place.rs"]
mod place;
#[path = "../../wx-ureq/tests/shared/scenarios.rs"]
mod scenarios;
#[path = "shared/transport.rs"]
mod transport;

use transport::Reqwest;

scenarios!(Reqwest);

#[test]
fn p2_a_login_page_on_a_foreign_host_is_refused() {
    scenarios::a_login_page_on_a_foreign_host_is_refused::<Reqwest>();
}

#[test]
fn p3_a_certificate_that_nobody_signed_is_refused() {
    scenarios::a_certificate_that_nobody_signed_is_refused::<Reqwest>();
}

#[test]
fn p40_a_server_that_does_not_read_stalls() {
    scenarios::a_server_that_does_not_read_stalls::<Reqwest>();
}
