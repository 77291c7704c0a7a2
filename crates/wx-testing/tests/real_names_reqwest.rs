//! The scenarios of wx-reqwest under the real host names, on both pages.

#![allow(clippy::unwrap_used)]
#![allow(unexpected_cfgs, reason = "what is shared asks for features of wx-reqwest")]
#![allow(dead_code, unused_imports, reason = "some scenarios need no emulator")]

#[path = "real_names/place.rs"]
mod place;
#[path = "../../wx-ureq/tests/shared/scenarios.rs"]
mod scenarios;
#[path = "../../wx-reqwest/tests/shared/transport.rs"]
mod transport;
#[path = "real_names/trouble.rs"]
mod trouble;

use place::on_both_pages;
use transport::Reqwest;
use wx_emulator::Profile;

on_both_pages!(Reqwest);

#[test]
fn trouble_on_the_way_is_waited_out() {
    trouble::on_the_web_page(trouble::trouble_on_the_way_is_waited_out::<Reqwest>);
}

#[test]
fn nothing_before_a_request_is_endless() {
    trouble::on_the_web_page(trouble::nothing_before_a_request_is_endless::<Reqwest>);
}

#[test]
fn a_cut_handshake_is_never_a_certificate() {
    trouble::on_the_web_page(trouble::a_cut_handshake_is_never_a_certificate::<Reqwest>);
}

#[test]
fn a_certificate_that_does_not_verify_is_final() {
    trouble::on_the_web_page(trouble::a_certificate_that_does_not_verify_is_final::<Reqwest>);
}
