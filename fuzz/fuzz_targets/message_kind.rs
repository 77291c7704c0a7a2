#![no_main]

use wx_testing::fuzz::message_kind::check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
