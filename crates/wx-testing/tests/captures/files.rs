//! Files with the recorded names and lengths. Their contents were not recorded.

use std::collections::HashMap;

use image::ImageFormat::{Gif, Jpeg, Png};

use wx_testing::images::{noise, sized};
use wx_testing::samples::TINY_MP4;

/// Creates each file once.
#[derive(Default)]
pub(crate) struct Files(HashMap<(String, usize), Vec<u8>>);

impl Files {
    pub(crate) fn get(&mut self, name: &str, length: usize) -> &[u8] {
        self.0.entry((name.to_owned(), length)).or_insert_with(|| {
            match name.rsplit_once('.').unwrap().1 {
                "jpg" => sized(Jpeg, 40, 30, length),
                "png" => sized(Png, 300, 249, length),
                "gif" => sized(Gif, 12, 9, length),
                "mp4" => TINY_MP4.iter().copied().chain(noise(length)).take(length).collect(),
                _ => long_noise(length),
            }
        })
    }
}

/// All chunks differ, because the period of the content and the chunk length are coprime.
fn long_noise(length: usize) -> Vec<u8> {
    const PERIOD: usize = 65_537;
    let mut bytes = noise(PERIOD).repeat(length.div_ceil(PERIOD));
    bytes.truncate(length);
    bytes
}
