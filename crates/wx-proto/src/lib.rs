// The first definition of a link wins: this one is for rustdoc, the README has its own for
// repository pages.
//! [protocol]: crate::protocol
//!
#![doc = include_str!("../README.md")]

pub mod endpoint;
pub mod flow;
mod model;
pub mod protocol;
mod session;
mod wire;

pub use bytes;
pub use http;

pub use endpoint::api_request::{Accept, ApiRequest, ApiRequestBuilder};
pub use endpoint::limits::Limits;
pub use model::advice::Advice;
pub use model::attachment::{Attachment, AttachmentKind, FileAttachment};
pub use model::avatar::Avatar;
pub use model::contact::{Contact, ContactFlags, ContactKind};
pub use model::contact_name::{contacts_named, is_same_name};
pub use model::data_url::{DATA_URL_LIMIT, data_url};
pub use model::dimensions::Dimensions;
pub use model::emoji::correct_emoji;
pub use model::emoticon::Emoticon;
pub use model::error::{ChunkNumber, Error, ErrorKind, Outcome};
pub use model::error_chain::ErrorChain;
pub use model::fields::{ReplyField, SavedLoginField, SessionField};
pub use model::first_bytes::FirstBytes;
pub use model::forward::Forward;
pub use model::hosts::{HostError, HostRole, Hosts, Origin};
pub use model::ids::{DeviceId, LocalId, MediaId, MsgId, NameError, UserName};
pub use model::image_format::ImageFormat;
pub use model::image_variant::ImageVariant;
pub use model::inline_content::InlineContent;
pub use model::items::Items;
pub use model::md5::{Md5, Md5Error, Md5Hasher};
pub use model::media::{Media, MediaError};
pub use model::media_format::MediaFormat;
pub use model::media_kind::MediaKind;
pub use model::message::Message;
pub use model::message::app::{AppMessage, MiniProgram};
pub use model::message::file::FileMessage;
pub use model::message::kind::MessageKind;
pub use model::message::location::Location;
pub use model::message::notice::{Recall, StatusNotice};
pub use model::message::person::{ContactCard, FriendRequest};
pub use model::message::quote::Quote;
pub use model::message::raw::RawMessage;
pub use model::not_forwardable::NotForwardable;
pub use model::other_client::OtherClient;
pub use model::outside_url::{OutsideUrl, OutsideUrlError};
pub use model::policy::Policy;
pub use model::profile::Profile;
pub use model::recipient::Recipient;
pub use model::recording_format::RecordingFormat;
pub use model::reply_error::ReplyError;
pub use model::request_error::RequestError;
pub use model::ret::{Ret, RetClass};
pub use model::room::{Member, RoomDetails};
pub use model::safe_file_name::safe_file_name;
pub use model::saved_login_error::SavedLoginError;
pub use model::secret::Secret;
pub use model::seed::{IdSource, Seed};
pub use model::server_date::ServerDate;
pub use model::session_error::SessionError;
pub use model::site::Site;
pub use model::skipped::Skipped;
pub use model::source_error::SourceError;
pub use model::step::Step;
pub use model::text::{Text, mention};
pub use model::unix_ms::UnixMs;
pub use model::uploaded::{Fetched, Sent, Uploaded};
pub use session::Session;
pub use session::builder::SessionBuilder;
pub use session::cookies::CookieJar;
pub use session::cookies::cookie::Cookie;
pub use session::saved_login::SavedLogin;
pub use wire::body::Body;
