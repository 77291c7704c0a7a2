#![no_main]
#![allow(dead_code)]

#[path = "../../crates/wx-proto/tests/fuzz_bodies/send_flow.rs"]
mod send_flow;
#[path = "../../crates/wx-proto/tests/flows/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|data: &[u8]| send_flow::check(data));
