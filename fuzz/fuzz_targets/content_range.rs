#![no_main]

use wx_testing::fuzz::content_range::check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
