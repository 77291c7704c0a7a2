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

use place::on_both_pages;
use transport::Reqwest;
use wx_emulator::Profile;

on_both_pages!(Reqwest);
