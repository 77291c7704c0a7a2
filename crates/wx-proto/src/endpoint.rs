//! The calls of the protocol, one module per call. An endpoint makes an `http::Request` and reads
//! the `http::Response`. It has no state and no retries; those are part of the
//! [flows](crate::flow). `examples/endpoints_only.rs` sends an image with endpoints alone.
//!
//! | module | call | host |
//! |---|---|---|
//! | [`batch_get_contact`] | `POST webwxbatchgetcontact` | BASE |
//! | [`check_upload`] | `POST webwxcheckupload` | BASE |
//! | [`get_avatar`] | `GET webwxgeticon`, `webwxgetheadimg` | BASE |
//! | [`get_contact`] | `GET webwxgetcontact` | BASE |
//! | [`get_media`] | `GET webwxgetmedia` | FILE |
//! | [`get_msg_img`] | `GET webwxgetmsgimg` | BASE |
//! | [`get_video`] | `GET webwxgetvideo` | BASE |
//! | [`get_voice`] | `GET webwxgetvoice` | BASE |
//! | [`init`] | `POST webwxinit` | BASE |
//! | [`js_login`] | `GET jslogin` | LOGIN |
//! | [`login`] | `GET login` | LOGIN |
//! | [`logout`] | `POST webwxlogout` | BASE |
//! | [`new_login_page`] | `GET webwxnewloginpage` | the host in `redirect_uri` |
//! | [`page`] | `GET /` | BASE |
//! | [`preflight`] | `OPTIONS webwxuploadmedia` | FILE |
//! | [`push_login_url`] | `GET webwxpushloginurl` | BASE |
//! | [`report`] | `GET reportforweb` | SUPPORT |
//! | [`revoke_msg`] | `POST webwxrevokemsg` | BASE |
//! | [`send_msg`] | `POST webwxsendmsg`, `…msgimg`, `…emoticon`, `…videomsg`, `…appmsg` | BASE |
//! | [`status_notify`] | `POST webwxstatusnotify` | BASE |
//! | [`sync`] | `POST webwxsync` | BASE |
//! | [`sync_check`] | `GET synccheck` | PUSH |
//! | [`upload_media`] | `POST webwxuploadmedia` | FILE |
//! | [`upload_parallel`] | `POST webwxuploadmediaparallel` | FILE |

pub(crate) mod api_request;
mod base_request;
pub mod batch_get_contact;
pub mod check_upload;
pub(crate) mod download;
pub mod get_avatar;
pub mod get_contact;
pub mod get_media;
pub mod get_msg_img;
pub mod get_video;
pub mod get_voice;
pub mod init;
pub mod js_login;
pub(crate) mod limits;
pub mod login;
pub mod logout;
pub mod new_login_page;
pub(crate) mod outside_image;
pub mod page;
pub mod preflight;
pub mod push_login_url;
pub(crate) mod recording;
pub mod report;
pub mod revoke_msg;
pub mod send_msg;
pub mod status_notify;
pub mod sync;
pub mod sync_check;
pub mod upload_media;
pub mod upload_parallel;

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
pub use send_msg::Receipt;

/// A call of the protocol, which makes its request and reads its reply.
pub trait Endpoint {
    /// The method of the request.
    const METHOD: Method;

    /// The host that serves the call.
    const HOST: HostRole;

    /// The part of the official page that makes the request.
    const ACCEPT: Accept;

    /// The content of a successful reply.
    type Reply;

    /// Returns the name on the wire, such as `webwxuploadmedia`.
    fn name(&self) -> &'static str;

    /// Makes the request. Before a login, pass [`Session::new`].
    ///
    /// # Errors
    /// Returns a [`RequestError`] if the session lacks a value that the call requires, or has one
    /// that cannot be sent.
    fn request(&self, session: &Session) -> Result<ApiRequest, RequestError>;

    /// Reads a reply. Checks the HTTP status first, then that the body is JSON (whatever its
    /// Content-Type), then Ret, and only then reads the other fields. Gzip is inflated. Bodies can
    /// have up to [`REPLY_LIMIT`] bytes, both raw and inflated.
    ///
    /// # Errors
    /// Returns a [`ReplyError`] unless the reply is successful. It never panics, whatever the body
    /// is ([P50](crate::protocol#p50)).
    fn read(reply: &Response<Bytes>) -> Result<Self::Reply, ReplyError>;
}

/// Reads the JSON of a reply, for the [`Endpoint::read`] of custom calls. It makes the checks that
/// [`Endpoint::read`] describes. `limit` is the maximum length of the body in bytes, both raw and
/// inflated.
///
/// # Errors
/// Returns a [`ReplyError`] unless the reply is successful. Unknown keys are ignored.
pub fn read_json<T: DeserializeOwned>(
    reply: &Response<Bytes>,
    limit: u64,
) -> Result<T, ReplyError> {
    reply::accepted(reply, limit)
}

/// The maximum length in bytes of a reply with messages, contacts or an avatar, both raw and
/// inflated.
pub const LIST_LIMIT: u64 = 32 * 1024 * 1024;
