#![no_main]
#![allow(dead_code)]

#[path = "../../crates/wx-proto/tests/fuzz_bodies/fetch_flow.rs"]
mod fetch_flow;
#[path = "../../crates/wx-proto/tests/flows/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|data: &[u8]| fetch_flow::check(data));
