#![no_main]

use wx_testing::fuzz::emoticon::check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
