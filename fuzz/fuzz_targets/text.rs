#![no_main]

use wx_testing::fuzz::text::check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
