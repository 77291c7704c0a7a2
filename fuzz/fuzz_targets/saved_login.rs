#![no_main]

use wx_testing::fuzz::saved_login::check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
