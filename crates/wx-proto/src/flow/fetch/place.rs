//! The places that the media of a message can be requested from.

use crate::endpoint::api_request::ApiRequest;
use crate::endpoint::get_media::GetMedia;
use crate::endpoint::get_msg_img::GetMsgImg;
use crate::endpoint::get_video::GetVideo;
use crate::endpoint::get_voice::GetVoice;
use crate::endpoint::{Endpoint, outside_image};
use crate::flow::retry::{Retry, is_absent};
use crate::model::attachment::{Attachment, AttachmentKind};
use crate::model::error::ErrorKind;
use crate::model::image_variant::ImageVariant;
use crate::model::outside_url::OutsideUrl;
use crate::model::policy::Policy;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::session::Session;

/// The places of an attachment, in the order of [§3.7](crate::protocol#s3-7).
#[derive(Debug)]
pub(super) struct Places {
    current: Place,
    rest: std::vec::IntoIter<Place>,
    /// Why the server was left.
    absent: Option<ErrorKind>,
}

#[derive(Debug)]
enum Place {
    /// The server, with the request of the attachment.
    Server,
    /// The server, as an ordinary image.
    Original,
    /// A host outside of web WeChat.
    Outside(OutsideUrl),
}

impl Places {
    pub(super) fn new(kind: &AttachmentKind, policy: &Policy) -> Self {
        let mut rest = Vec::new();
        if let AttachmentKind::Image { variant: ImageVariant::Emoticon, outside } = kind {
            rest.push(Place::Original);
            if policy.outside_hosts {
                rest.extend(outside.iter().cloned().map(Place::Outside));
            }
        }
        Self { current: Place::Server, rest: rest.into_iter(), absent: None }
    }

    pub(super) fn is_outside(&self) -> bool {
        matches!(self.current, Place::Outside(_))
    }

    pub(super) fn retry(&self, policy: &Policy) -> Retry {
        match self.current {
            Place::Server if self.rest.len() > 0 => Retry::download_with_fallback(policy),
            Place::Server | Place::Original => Retry::download(policy),
            Place::Outside(_) => Retry::download(policy).with_tries(1),
        }
    }

    pub(super) fn request(
        &self,
        attachment: &Attachment,
        session: &Session,
        seed: Seed,
    ) -> Result<ApiRequest, RequestError> {
        let id = attachment.msg_id.clone();
        match (&self.current, &attachment.kind) {
            (Place::Outside(url), _) => outside_image::request(url, session),
            (Place::Original, _) => {
                GetMsgImg::new(id, ImageVariant::Original, seed).request(session)
            }
            (Place::Server, AttachmentKind::Image { variant, .. }) => {
                GetMsgImg::new(id, *variant, seed).request(session)
            }
            (Place::Server, AttachmentKind::Video) => GetVideo::new(id, seed).request(session),
            (Place::Server, AttachmentKind::Voice) => GetVoice::new(id, seed).request(session),
            (Place::Server, AttachmentKind::File(file)) => {
                GetMedia::new(file.clone(), seed).request(session)
            }
        }
    }

    /// Moves on to the next place after this error. The server is only left if it does not have the
    /// image. A host outside is left after any error.
    ///
    /// # Errors
    /// Returns the final error if there is no other place: that of the server, because the hosts
    /// outside only stand in for it.
    pub(super) fn next(&mut self, error: ErrorKind) -> Result<(), ErrorKind> {
        let is_over = match &error {
            ErrorKind::Reply(error) => self.is_outside() || is_absent(error),
            ErrorKind::Network { .. } => self.is_outside(),
            _ => false,
        };
        if !is_over {
            return Err(error);
        }
        let absent = self.absent.take().unwrap_or(error);
        match self.rest.next() {
            Some(next) => (self.current, self.absent) = (next, Some(absent)),
            None => return Err(absent),
        }
        Ok(())
    }
}
