//! The media of a message.

use crate::model::attachment::{Attachment, AttachmentKind, FileAttachment};
use crate::model::image_variant::ImageVariant;
use crate::model::message::Message;
use crate::model::message::kind::MessageKind;
use crate::model::outside_url::OutsideUrl;
use crate::wire::xml;

/// The attributes of an emoticon that hold plain addresses of it, the best one first.
const ADDRESSES: [&str; 3] = ["cdnurl", "externurl", "thumburl"];

impl Message {
    /// Returns the attachment to fetch, if the message has media. The cover of a video is
    /// [`cover`](Self::cover). Emoticons from the store have none, because they are not available
    /// outside of the phone ([P85](crate::protocol#p85)).
    #[must_use]
    pub fn attachment(&self) -> Option<Attachment> {
        let image = |variant| AttachmentKind::Image { variant, outside: Vec::new() };
        let kind = match &self.kind {
            MessageKind::Image { .. } => image(ImageVariant::Original),
            MessageKind::Emoticon { of_store: false, .. } => AttachmentKind::Image {
                variant: ImageVariant::Emoticon,
                outside: outside_urls(&self.content),
            },
            MessageKind::Video { .. } => AttachmentKind::Video,
            MessageKind::Voice { .. } => AttachmentKind::Voice,
            MessageKind::App(app) if app.is_image() => image(ImageVariant::Original),
            MessageKind::File(file) => AttachmentKind::File(FileAttachment {
                sender: self.from.clone()?,
                media_id: file.media_id.clone()?,
                encry_file_name: file.encry_file_name.clone(),
                name: file.name.clone(),
                len: file.len,
                md5: file.md5,
            }),
            _ => return None,
        };
        Some(Attachment { msg_id: self.id.clone()?, kind })
    }
}

/// Returns the addresses of an emoticon that may be fetched ([§3.7](crate::protocol#s3-7)). An
/// encrypted copy is not one of them.
fn outside_urls(content: &str) -> Vec<OutsideUrl> {
    let Some(emoji) = xml::in_message(content, "emoji") else { return Vec::new() };
    let address = |name| OutsideUrl::new(&emoji.attribute(name)?).ok();
    let mut urls = Vec::new();
    for url in ADDRESSES.into_iter().filter_map(address) {
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}
