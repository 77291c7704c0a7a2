#![no_main]
#![allow(dead_code)]

#[path = "../../crates/wx-proto/tests/fuzz_bodies/sync.rs"]
mod sync;
#[path = "../../crates/wx-proto/tests/flows/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|data: &[u8]| sync::check(data));
