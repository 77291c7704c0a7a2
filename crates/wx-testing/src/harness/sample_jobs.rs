//! A session, a recipient and images for test jobs.

use wx_proto::bytes::Bytes;
use wx_proto::flow::Upload;
use wx_proto::{Error, Media, Policy, Recipient, Seed, Session, UnixMs};

/// The length of a chunk in bytes.
pub const CHUNK: usize = 524_288;
/// The seed of all jobs.
pub const SEED: Seed = Seed { unix_ms: UnixMs::new(1_511_493_942_795), entropy: [7; 16] };

/// Returns a logged-in session.
pub fn session() -> Session {
    Session::builder("https://wx.qq.com")
        .uin(2_272_112_421)
        .sid("sid")
        .skey("@crypt_skey")
        .user_name("@me")
        .data_ticket("ticket")
        .build()
        .unwrap()
}

/// Returns a recipient.
pub fn to() -> Recipient {
    Recipient::new("@0a").unwrap()
}

/// The first bytes of a JPEG: SOI and two empty comments. Arbitrary bytes may follow.
pub const SOI: [u8; 10] = [0xff, 0xd8, 0xff, 0xfe, 0, 2, 0xff, 0xfe, 0, 2];

/// Returns bytes that begin like a JPEG and that repeat only after much more than a chunk.
pub fn jpeg(len: usize) -> Bytes {
    let mut state = 12_345_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    SOI.into_iter().chain(noise).take(len).collect()
}

/// Returns the description of an image.
pub fn media(bytes: &Bytes) -> Media {
    Media::new("a.jpg", bytes.len() as u64, bytes).unwrap()
}

/// Returns the upload of an image.
pub fn upload(bytes: &Bytes, policy: &Policy) -> Result<Upload, Error> {
    Upload::new(&session(), media(bytes), to(), SEED, policy.clone())
}
