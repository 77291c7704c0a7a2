use base64::{Engine, engine::general_purpose::STANDARD};

use crate::model::image_format::ImageFormat;
use crate::model::media::MediaError;
use crate::model::media_format::MediaFormat;

/// The recommended limit for [`data_url`]: 1 MiB.
pub const DATA_URL_LIMIT: usize = 1024 * 1024;

/// Encodes an image as a `data:` URL for a local preview, as the official page does
/// ([§4.2](crate::protocol#s4-2)). The URL is never uploaded. `limit` is in bytes;
/// [`DATA_URL_LIMIT`] is recommended.
///
/// ```
/// let url = wx_proto::data_url(b"GIF89a\x01\0\x01\0\0\0\0;", wx_proto::DATA_URL_LIMIT)?;
/// assert_eq!(url, "data:image/gif;base64,R0lGODlhAQABAAAAADs=");
/// # Ok::<(), wx_proto::MediaError>(())
/// ```
///
/// # Errors
/// Returns a [`MediaError`] if the bytes are empty, not an image, or more than `limit`.
pub fn data_url(image: &[u8], limit: usize) -> Result<String, MediaError> {
    if image.is_empty() {
        return Err(MediaError::Empty);
    }
    if image.len() > limit {
        return Err(MediaError::TooLarge { len: image.len() as u64, limit: limit as u64 });
    }
    let format =
        ImageFormat::from_first_bytes(image).ok_or(MediaError::NotAnImage(MediaFormat::Other))?;
    Ok(format!("data:{};base64,{}", format.mime(), STANDARD.encode(image)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_data_that_is_not_a_preview() {
        assert_eq!(data_url(b"", 10), Err(MediaError::Empty));
        assert_eq!(
            data_url(b"<html></html>", 100),
            Err(MediaError::NotAnImage(MediaFormat::Other))
        );
        let (len, limit) = (13, 12);
        assert_eq!(data_url(b"GIF89a.......", 12), Err(MediaError::TooLarge { len, limit }));
        assert!(data_url(b"GIF89a.......", 13).is_ok());
    }
}
