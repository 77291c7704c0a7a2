#![no_main]

use wx_testing::fuzz::fetch_flow::check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
