//! One module an endpoint: a value makes an `http::Request`, and reads the `http::Response`. No state, no order, no
//! repeats; those are the [flows](crate::flow)' business. To send a picture by hand with these alone, see
//! `examples/by_hand.rs`.
//!
//! | module | call | host |
//! |---|---|---|
//! | [`check_upload`] | `POST webwxcheckupload` | BASE |
//! | [`get_msg_img`] | `GET webwxgetmsgimg` | BASE |
//! | [`preflight`] | `OPTIONS webwxuploadmedia` | FILE |
//! | [`report`] | `GET reportforweb` | support |
//! | [`send_emoticon`] | `POST webwxsendemoticon` | BASE |
//! | [`send_msg_img`] | `POST webwxsendmsgimg` | BASE |
//! | [`upload_media`] | `POST webwxuploadmedia` | FILE |

pub mod check_upload;
pub mod get_msg_img;
mod message;
pub mod preflight;
pub mod report;
pub mod send_emoticon;
pub mod send_msg_img;
pub mod upload_media;

use bytes::Bytes;
use http::Response;

use crate::{Outgoing, ReplyError, Session, Unready};

pub use message::Receipt;

/// A call: what goes out, and how its answer is read.
pub trait Endpoint {
    /// The name on the wire, such as `webwxuploadmedia`.
    const NAME: &'static str;

    /// What a good answer holds.
    type Reply;

    /// The request.
    ///
    /// # Errors
    /// [`Unready`] if the session lacks what the call needs, or a value cannot be sent.
    fn request(&self, session: &Session) -> Result<Outgoing, Unready>;

    /// Reads an answer: HTTP status, JSON whatever its Content-Type (gzip is inflated), Ret, and only then the rest.
    /// Bodies of up to [`REPLY_LIMIT`] bytes, raw and inflated alike.
    ///
    /// # Errors
    /// [`ReplyError`] for anything but a good answer. It never panics, whatever the body (P50).
    fn read(&self, reply: &Response<Bytes>) -> Result<Self::Reply, ReplyError>;
}

/// The largest JSON answer that [`Endpoint::read`] takes, in bytes.
pub const REPLY_LIMIT: u64 = 1024 * 1024;

/// The path that all calls but the pings share.
macro_rules! cgi {
    ($name:literal) => {
        concat!("/cgi-bin/mmwebwx-bin/", $name)
    };
}
pub(crate) use cgi;
