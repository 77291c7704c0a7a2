#![no_main]
#![allow(dead_code)]

#[path = "../../crates/wx-proto/tests/fuzz_bodies/login.rs"]
mod login;
#[path = "../../crates/wx-proto/tests/flows/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|data: &[u8]| login::check(data));
