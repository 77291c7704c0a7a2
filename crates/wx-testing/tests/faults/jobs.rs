//! The jobs of the matrix, and the places of a fault in each of them.

/// What a client does: it sends one thing or fetches one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Image,
    Emoticon,
    Video,
    File,
    /// A file above [`Policy::check_above`](wx_proto::Policy::check_above).
    FileByCheck,
    /// Such a file to the File Transfer Helper.
    FileParallel,
    Text,
    /// An emoticon that is sent by its MD5.
    KnownEmoticon,
    /// An image that was received.
    Forward,
    FetchImage,
    FetchThumbnail,
    FetchVideo,
    FetchVoice,
    FetchFile,
    FetchAvatar,
}

pub(crate) const SENDS: [Job; 9] = [
    Job::Image,
    Job::Emoticon,
    Job::Video,
    Job::File,
    Job::FileByCheck,
    Job::FileParallel,
    Job::Text,
    Job::KnownEmoticon,
    Job::Forward,
];
pub(crate) const FETCHES: [Job; 6] = [
    Job::FetchImage,
    Job::FetchThumbnail,
    Job::FetchVideo,
    Job::FetchVoice,
    Job::FetchFile,
    Job::FetchAvatar,
];

/// The request that a fault hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A telemetry ping, which only `browser_parity` sends.
    Ping,
    Check,
    /// The OPTIONS before the first chunk, which only `browser_parity` sends.
    Preflight,
    First,
    Middle,
    Last,
    Message,
    Download,
}

use Place::{Check, Download, First, Last, Message, Middle, Ping, Preflight};

/// The places of all sends, in the order of their requests.
pub(crate) const SEND_PLACES: [Place; 7] = [Ping, Check, Preflight, First, Middle, Last, Message];

impl Place {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Ping => "ping",
            Check => "check",
            Preflight => "preflight",
            First => "first chunk",
            Middle => "middle chunk",
            Last => "last chunk",
            Message => "message",
            Download => "download",
        }
    }

    pub(crate) fn is_chunk(self) -> bool {
        matches!(self, First | Middle | Last)
    }

    /// Returns whether the result of the request does not matter to the job.
    pub(crate) fn is_side_call(self) -> bool {
        matches!(self, Ping | Preflight)
    }
}

impl Job {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Emoticon => "emoticon",
            Self::Video | Self::FetchVideo => "video",
            Self::File => "file",
            Self::FileByCheck => "file by check",
            Self::FileParallel => "file in parallel",
            Self::Text => "text",
            Self::KnownEmoticon => "emoticon by MD5",
            Self::Forward => "forwarded image",
            Self::FetchImage => "image",
            Self::FetchThumbnail => "thumbnail",
            Self::FetchVoice => "voice message",
            Self::FetchFile => "file",
            Self::FetchAvatar => "avatar",
        }
    }

    pub(crate) fn is_fetch(self) -> bool {
        FETCHES.contains(&self)
    }

    /// Returns whether it fetches what is requested with a range.
    pub(crate) fn is_recording(self) -> bool {
        matches!(self, Self::FetchVideo | Self::FetchVoice)
    }

    /// Returns whether the upload begins with webwxcheckupload.
    pub(crate) fn is_checked(self) -> bool {
        matches!(self, Self::FileByCheck | Self::FileParallel)
    }

    pub(crate) fn places(self) -> &'static [Place] {
        match self {
            Self::FileByCheck | Self::FileParallel => &SEND_PLACES,
            Self::Text | Self::KnownEmoticon | Self::Forward => &[Message],
            job if job.is_fetch() => &[Download],
            _ => &[Ping, Preflight, First, Middle, Last, Message],
        }
    }

    /// Returns the wire name of the call at `place`, and the number of the request among the
    /// requests of that call, from 1. A preflight is counted apart from the chunks.
    pub(crate) fn request(self, place: Place) -> (&'static str, usize) {
        let upload = match self {
            Self::FileParallel => "webwxuploadmediaparallel",
            _ => "webwxuploadmedia",
        };
        match place {
            Ping => ("reportforweb", 1),
            Check => ("webwxcheckupload", 1),
            Preflight => ("webwxuploadmedia", 1),
            First => (upload, 1),
            Middle => (upload, 2),
            Last => (upload, 3),
            Message => (self.message_call(), 1),
            Download => (self.download_call(), 1),
        }
    }

    /// Returns the wire name of the call that fetches the media.
    fn download_call(self) -> &'static str {
        match self {
            Self::FetchVideo => "webwxgetvideo",
            Self::FetchVoice => "webwxgetvoice",
            Self::FetchFile => "webwxgetmedia",
            Self::FetchAvatar => "webwxgeticon",
            _ => "webwxgetmsgimg",
        }
    }

    /// Returns the wire name of the call that sends the message.
    pub(crate) fn message_call(self) -> &'static str {
        match self {
            Self::Emoticon | Self::KnownEmoticon => "webwxsendemoticon",
            Self::Video => "webwxsendvideomsg",
            Self::File | Self::FileByCheck | Self::FileParallel => "webwxsendappmsg",
            Self::Text => "webwxsendmsg",
            _ => "webwxsendmsgimg",
        }
    }
}
