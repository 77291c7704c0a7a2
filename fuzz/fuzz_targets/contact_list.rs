#![no_main]

use wx_testing::fuzz::contact_list::check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
