//! What can be downloaded: its request, and what a reply means.

use std::fmt;
use std::time::Duration;

use super::place::Places;
use super::recognised::Recognisable;
use crate::endpoint::api_request::ApiRequest;
use crate::flow::retry::Retry;
use crate::model::attachment::{Attachment, AttachmentKind};
use crate::model::error::ErrorKind;
use crate::model::policy::Policy;
use crate::model::recording_format::RecordingFormat;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::model::seed::Seed;
use crate::model::uploaded::Fetched;
use crate::session::Session;

/// What a job downloads.
pub(super) trait Target: Sized + fmt::Debug {
    /// The result of the job.
    type Output: Clone;

    fn request(&self, session: &Session, seed: Seed) -> Result<ApiRequest, RequestError>;

    /// Returns how the request is retried.
    fn retry(&self, policy: &Policy) -> Retry {
        Retry::download(policy)
    }

    /// Returns what a reply has to hold.
    fn expected(&self, policy: &Policy) -> Expected;

    /// Returns what it means that the server does not have the media, which it has said with this
    /// error.
    fn absent(&self, error: ReplyError, policy: &Policy) -> Absent<Self>;

    /// Moves on to the next place after this error of all tries.
    ///
    /// # Errors
    /// Returns the final error if there is no other place.
    fn next_place(&mut self, error: ErrorKind) -> Result<(), ErrorKind> {
        Err(error)
    }

    /// Returns whether the current place is a host outside of web WeChat. Its cookies are not
    /// taken.
    fn is_outside(&self) -> bool {
        false
    }

    /// Returns the result after a complete download.
    fn output(&self, fetched: Fetched) -> Self::Output;
}

/// What a reply has to hold.
pub(super) struct Expected {
    pub(super) content: ExpectedContent,
    /// The largest length in bytes.
    pub(super) limit: u64,
}

pub(super) enum ExpectedContent {
    Recognisable(Recognisable),
    /// Any bytes, of this number if it is known.
    File {
        len: Option<u64>,
    },
}

/// What it means that the server does not have the media.
pub(super) enum Absent<T: Target> {
    /// This error. The next try waits for at least this time.
    Error(ReplyError, Duration),
    /// Another request may have a better reply.
    Ask(T),
    /// There is nothing to download.
    Done(T::Output),
}

/// The media of a message.
#[derive(Debug)]
pub(super) struct AttachmentTarget {
    attachment: Attachment,
    places: Places,
}

impl AttachmentTarget {
    pub(super) fn new(attachment: Attachment, policy: &Policy) -> Self {
        let places = Places::new(&attachment.kind, policy);
        Self { attachment, places }
    }
}

impl Target for AttachmentTarget {
    type Output = Fetched;

    fn request(&self, session: &Session, seed: Seed) -> Result<ApiRequest, RequestError> {
        self.places.request(&self.attachment, session, seed)
    }

    fn retry(&self, policy: &Policy) -> Retry {
        self.places.retry(policy)
    }

    fn expected(&self, policy: &Policy) -> Expected {
        use ExpectedContent as Content;
        let kind = &self.attachment.kind;
        let content = match kind {
            AttachmentKind::Image { .. } => Content::Recognisable(Recognisable::Image),
            AttachmentKind::Video => {
                Content::Recognisable(Recognisable::Recording(RecordingFormat::Mp4))
            }
            AttachmentKind::Voice => {
                Content::Recognisable(Recognisable::Recording(RecordingFormat::Mp3))
            }
            AttachmentKind::File(file) => Content::File { len: file.len },
        };
        Expected { content, limit: policy.fetch_limit(kind) }
    }

    fn absent(&self, error: ReplyError, policy: &Policy) -> Absent<Self> {
        match &self.attachment.kind {
            // The server may not be ready, if it was received just now.
            AttachmentKind::Video | AttachmentKind::Voice => {
                Absent::Error(error, policy.recording_wait)
            }
            AttachmentKind::File(file) if file.len == Some(0) => {
                Absent::Error(ReplyError::EmptyFile, Duration::ZERO)
            }
            AttachmentKind::Image { .. } | AttachmentKind::File(_) => {
                Absent::Error(error, Duration::ZERO)
            }
        }
    }

    fn next_place(&mut self, error: ErrorKind) -> Result<(), ErrorKind> {
        self.places.next(error)
    }

    fn is_outside(&self) -> bool {
        self.places.is_outside()
    }

    fn output(&self, fetched: Fetched) -> Fetched {
        fetched
    }
}
