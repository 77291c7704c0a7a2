#![no_main]
#![allow(dead_code)]

#[path = "../../crates/wx-proto/tests/fuzz_bodies/set_cookie.rs"]
mod set_cookie;

libfuzzer_sys::fuzz_target!(|data: &[u8]| set_cookie::check(data));
