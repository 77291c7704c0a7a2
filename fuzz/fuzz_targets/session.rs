#![no_main]
#![allow(dead_code)]

#[path = "../../crates/wx-proto/tests/fuzz_bodies/session.rs"]
mod session;

libfuzzer_sys::fuzz_target!(|data: &[u8]| session::check(data));
