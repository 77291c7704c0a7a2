//! Generates images of any length.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use md5::{Digest, Md5};

/// Returns a valid image, followed by noise that decoders ignore.
pub fn sized(format: ImageFormat, width: u32, height: u32, length: usize) -> Vec<u8> {
    let mut image = small(format, width, height);
    assert!(image.len() <= length, "{} is too long for {length}", image.len());
    image.extend(noise(length - image.len()));
    image
}

/// Returns a grey JPEG of some hundred bytes, because it has few tables.
pub fn tiny_jpeg(width: u32, height: u32, length: usize) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = GrayImage::from_fn(width, height, |x, y| Luma([(x * 9 + y) as u8]));
    image.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    let mut image = bytes.into_inner();
    assert!(image.len() <= length, "{} is too long for {length}", image.len());
    image.extend(noise(length - image.len()));
    image
}

/// Returns a valid image.
pub fn small(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]));
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Returns bytes that look random, but are the same for the same length.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ length as u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(next).collect()
}

/// Returns the MD5 in lowercase hexadecimal.
pub fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the width and height of an image in any format.
pub fn dimensions(bytes: &[u8]) -> (u32, u32) {
    let image = image::load_from_memory(bytes).unwrap();
    (image.width(), image.height())
}
