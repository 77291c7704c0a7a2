//! The files that clients send.

use std::io::{self, Cursor};
use std::path::Path;

use image::codecs::gif::GifEncoder;
use image::{Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use crate::samples::TINY_MP4;

/// The length of a file of three chunks.
const LARGE: usize = 1_300_000;

pub(crate) struct Assets {
    pub(crate) small: Vec<u8>,
    pub(crate) large: Vec<u8>,
    pub(crate) file: Vec<u8>,
    pub(crate) gif: Vec<u8>,
    pub(crate) video: Vec<u8>,
    /// What the clients receive.
    pub(crate) received_video: Vec<u8>,
    pub(crate) received_voice: Vec<u8>,
}

impl Assets {
    pub(crate) fn new() -> Self {
        Assets {
            small: jpeg(1),
            large: padded(jpeg(2), LARGE),
            file: "Notes, 笔记\n".repeat(40).into_bytes(),
            gif: gif(),
            video: padded(TINY_MP4.to_vec(), 40_000),
            received_video: padded(TINY_MP4.to_vec(), 50_000),
            received_voice: padded(b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\0".to_vec(), 5_000),
        }
    }

    /// Writes the files into a directory, under the names that the drivers expect.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        for (name, bytes) in [
            ("small.jpg", &self.small),
            ("large.jpg", &self.large),
            ("notes.txt", &self.file),
            ("anim.gif", &self.gif),
            ("clip.mp4", &self.video),
        ] {
            std::fs::write(directory.join(name), bytes)?;
        }
        Ok(())
    }
}

/// Returns an image that is different for each number.
pub(crate) fn jpeg(number: u8) -> Vec<u8> {
    let image = RgbImage::from_fn(320, 240, |x, y| Rgb([x as u8, y as u8, number]));
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Jpeg).expect("any image can be written to memory");
    bytes.into_inner()
}

fn gif() -> Vec<u8> {
    let mut bytes = Vec::new();
    let frame = |red| Frame::new(RgbaImage::from_pixel(24, 24, Rgba([red, 0, 0, 255])));
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.encode_frames([frame(0), frame(255)]).expect("any image can be written to memory");
    drop(encoder);
    bytes
}

/// Appends noise, which decoders ignore, so that all chunks differ.
fn padded(mut bytes: Vec<u8>, length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    while bytes.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push((state >> 24) as u8);
    }
    bytes
}
