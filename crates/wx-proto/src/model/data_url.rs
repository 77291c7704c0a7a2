use base64::{Engine, engine::general_purpose::STANDARD};

use crate::model::image_format::ImageFormat;
use crate::model::media::MediaError;

/// The largest picture that [`data_url`] takes unless told otherwise: 1 MiB.
pub const DATA_URL_LIMIT: usize = 1024 * 1024;

/// A picture as a `data:` URL for a local preview: what the page holds as a blob and as base64
/// (§4.2). Nothing of it is ever uploaded. `limit` is in bytes; [`DATA_URL_LIMIT`] is a good one.
///
/// ```
/// let url = wx_proto::data_url(b"GIF89a\x01\0\x01\0\0\0\0;", wx_proto::DATA_URL_LIMIT)?;
/// assert_eq!(url, "data:image/gif;base64,R0lGODlhAQABAAAAADs=");
/// # Ok::<(), wx_proto::MediaError>(())
/// ```
///
/// # Errors
/// [`MediaError`] if the bytes are empty, of no picture, or more than `limit`.
pub fn data_url(picture: &[u8], limit: usize) -> Result<String, MediaError> {
    if picture.is_empty() {
        return Err(MediaError::Empty);
    }
    if picture.len() > limit {
        return Err(MediaError::TooLarge { len: picture.len() as u64, limit: limit as u64 });
    }
    let format = ImageFormat::from_first_bytes(picture).ok_or(MediaError::NotAPicture)?;
    Ok(format!("data:{};base64,{}", format.mime(), STANDARD.encode(picture)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_preview() {
        assert_eq!(data_url(b"", 10), Err(MediaError::Empty));
        assert_eq!(data_url(b"<html></html>", 100), Err(MediaError::NotAPicture));
        let (len, limit) = (13, 12);
        assert_eq!(data_url(b"GIF89a.......", 12), Err(MediaError::TooLarge { len, limit }));
        assert!(data_url(b"GIF89a.......", 13).is_ok());
    }
}
