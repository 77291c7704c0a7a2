//! One module per call: a value makes an `http::Request` and reads the `http::Response`. There is
//! no state, no order and no retry here; those belong to the [flows](crate::flow). See
//! `examples/by_hand.rs` for how to send an image with endpoints alone.
//!
//! | module | call | host |
//! |---|---|---|
//! | [`batch_get_contact`] | `POST webwxbatchgetcontact` | BASE |
//! | [`check_upload`] | `POST webwxcheckupload` | BASE |
//! | [`get_contact`] | `GET webwxgetcontact` | BASE |
//! | [`get_msg_img`] | `GET webwxgetmsgimg` | BASE |
//! | [`init`] | `POST webwxinit` | BASE |
//! | [`js_login`] | `GET jslogin` | LOGIN |
//! | [`login`] | `GET login` | LOGIN |
//! | [`logout`] | `POST webwxlogout` | BASE |
//! | [`new_login_page`] | `GET webwxnewloginpage` | what `redirect_uri` says |
//! | [`preflight`] | `OPTIONS webwxuploadmedia` | FILE |
//! | [`push_login_url`] | `GET webwxpushloginurl` | BASE |
//! | [`report`] | `GET reportforweb` | support |
//! | [`send_media`] | `POST webwxsendmsgimg`, `webwxsendemoticon`, `webwxsendappmsg` | BASE |
//! | [`status_notify`] | `POST webwxstatusnotify` | BASE |
//! | [`sync`] | `POST webwxsync` | BASE |
//! | [`sync_check`] | `GET synccheck` | PUSH |
//! | [`upload_media`] | `POST webwxuploadmedia` | FILE |

pub(crate) mod api_request;
mod base_request;
pub mod batch_get_contact;
pub mod check_upload;
pub mod get_contact;
pub mod get_msg_img;
pub mod init;
pub mod js_login;
pub(crate) mod limits;
pub mod login;
pub mod logout;
pub mod new_login_page;
pub mod preflight;
pub mod push_login_url;
pub mod report;
pub mod send_media;
pub mod status_notify;
pub mod sync;
pub mod sync_check;
pub mod upload_media;

use bytes::Bytes;
use http::{Method, Response};
use serde::de::DeserializeOwned;

use crate::endpoint::api_request::{Accept, ApiRequest};
use crate::model::hosts::HostRole;
use crate::model::reply_error::ReplyError;
use crate::model::request_error::RequestError;
use crate::session::Session;
use crate::wire::reply;

pub use crate::wire::reply::REPLY_LIMIT;
pub use base_request::BaseRequest;
pub use send_media::Receipt;

/// A call: how its request is made and how its reply is read.
pub trait Endpoint {
    /// The method of the request.
    const METHOD: Method;

    /// The host that serves the call.
    const HOST: HostRole;

    /// What makes the request in the official page.
    const ACCEPT: Accept;

    /// The content of a good reply.
    type Reply;

    /// Returns the name on the wire, such as `webwxuploadmedia`.
    fn name(&self) -> &'static str;

    /// Makes the request. Before a login, pass [`Session::new`].
    ///
    /// # Errors
    /// Returns a [`RequestError`] if the session lacks what the call needs, or a value cannot be
    /// sent.
    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError>;

    /// Reads a reply: the HTTP status, then JSON whatever its Content-Type (gzip is inflated), then
    /// Ret, and only then the rest. Bodies can have up to [`REPLY_LIMIT`] bytes, both raw and
    /// inflated.
    ///
    /// # Errors
    /// Returns a [`ReplyError`] for anything but a good reply. It never panics, whatever the body
    /// ([P50](crate::protocol#p50)).
    fn read(reply: &Response<Bytes>) -> Result<Self::Reply, ReplyError>;
}

/// Reads the JSON of a reply, for [`Endpoint::read`] of custom calls: after the HTTP status,
/// whatever its Content-Type, inflated if it is gzipped, and only if its `BaseResponse.Ret` is 0.
/// `limit` is the largest body in bytes, both raw and inflated.
///
/// # Errors
/// Returns a [`ReplyError`] for anything but a good reply. Unknown keys are ignored.
pub fn read_json<T: DeserializeOwned>(
    reply: &Response<Bytes>,
    limit: u64,
) -> Result<T, ReplyError> {
    reply::accepted(reply, limit)
}

/// The largest reply that lists messages or contacts, or holds an avatar, in bytes, both raw and
/// inflated.
pub const LIST_LIMIT: u64 = 32 * 1024 * 1024;
