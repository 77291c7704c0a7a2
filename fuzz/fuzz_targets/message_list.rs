#![no_main]
#![allow(dead_code)]

#[path = "../../crates/wx-proto/tests/fuzz_bodies/message_list.rs"]
mod message_list;
#[path = "../../crates/wx-proto/tests/fuzz_bodies/spoiled.rs"]
mod spoiled;
#[path = "../../crates/wx-proto/tests/flows/world.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|data: &[u8]| message_list::check(data));
